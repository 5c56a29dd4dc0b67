"""Addresses of the pages."""

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static
from django.urls import path, register_converter
from django.views.generic import RedirectView

from jobs.web import (
    batches,
    bulk,
    home,
    job,
    jobs,
    lanes,
    media,
    pages,
    pauses,
    pictures,
    pipeline,
    pipelines,
    schedules,
)


class JobId:
    """Callers may choose their jobs' ids: anything goes, a slash too."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        if "\x00" in value:  # PostgreSQL has no text for it
            raise ValueError
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(JobId, "job_id")

urlpatterns = [
    path("", home.home, name="home"),
    path("live", home.live, name="home-live"),
    # Where browsers look on pages that name no icon: those of the admin.
    path("favicon.ico", RedirectView.as_view(url=static("jobs/favicon.svg"))),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("jobs/", jobs.list_jobs, name="jobs"),
    path("jobs/live", jobs.live, name="jobs-live"),
    path("bulk/", bulk.list_all, name="bulk"),
    path("bulk/live", bulk.live, name="bulk-live"),
    path("bulk/ask", bulk.ask, name="bulk-ask"),
    path("bulk/<str:pk>/abort", bulk.abort, name="bulk-abort"),
    path("batches/", batches.list_all, name="batches"),
    path("batches/live", batches.list_live, name="batches-live"),
    path("batches/<str:pk>/", batches.show, name="batch"),
    path("batches/<str:pk>/live", batches.live, name="batch-live"),
    path("batches/<str:pk>/cancel", batches.cancel, name="batch-cancel"),
    path("batches/<str:pk>/close", batches.close, name="batch-close"),
    path("batches/<str:pk>/retry", batches.retry, name="batch-retry"),
    path("jobs/<job_id:pk>/live", job.live, name="job-live"),
    path("jobs/<job_id:pk>/retry", job.retry, name="job-retry"),
    path("jobs/<job_id:pk>/cancel", job.cancel, name="job-cancel"),
    path("jobs/<job_id:pk>/", job.show, name="job"),
    path("pauses/", pauses.pause, name="pause"),
    path("pauses/resume", pauses.resume, name="resume"),
    path("lanes/", lanes.change, name="lane"),
    path("pictures/", pictures.list_pictures, name="pictures"),
    path("pictures/live", pictures.live, name="pictures-live"),
    path("pictures/<uuid:pk>/live", pictures.show_live, name="picture-live"),
    path("pictures/<uuid:pk>/", pictures.show, name="picture"),
    path("pipelines/", pipelines.list_all, name="pipelines"),
    path("pipelines/live", pipelines.live, name="pipelines-live"),
    path("pipelines/new", pipelines.new, name="pipeline-new"),
    path("pipelines/templates/<str:digest>", pipelines.template, name="pipeline-template"),
    path("pipelines/<uuid:pk>/", pipeline.show, name="pipeline"),
    path("pipelines/<uuid:pk>/live", pipeline.live, name="pipeline-live"),
    path("pipelines/<uuid:pk>/cancel", pipeline.cancel, name="pipeline-cancel"),
    path("pipelines/<uuid:pk>/retry", pipeline.retry, name="pipeline-retry"),
    path("pipelines/<uuid:pk>/rerun", pipeline.rerun, name="pipeline-rerun"),
    path("pipelines/<uuid:pk>/items/", pipeline.items, name="pipeline-items"),
    path("pipelines/<uuid:pk>/outcomes.csv", pipeline.as_csv, name="pipeline-csv"),
    path(
        "pipelines/<uuid:pk>/<int:number>/thumbnail",
        pipelines.thumbnail,
        name="pipeline-thumbnail",
    ),
    path("pipelines/<uuid:pk>/<int:number>/result", pipelines.result, name="pipeline-result"),
    path("pages/", pages.list_pages, name="pages"),
    path("schedules/", schedules.list_all, name="schedules"),
    path("schedules/<int:pk>/", schedules.show, name="schedule"),
    path("schedules/<int:pk>/run", schedules.run, name="schedule-run"),
    path("schedules/<int:pk>/pause", schedules.pause, name="schedule-pause"),
    path("schedules/<int:pk>/resume", schedules.resume, name="schedule-resume"),
    path(f"{settings.MEDIA_URL.lstrip('/')}<path:name>", media.show, name="media"),
]
