"""Addresses of the API. Each one stands in openapi.yaml too; a test compares the two."""

from django.urls import path, re_path

from jobs.api import batches, bulk, health, images, index, jobs, lanes, pauses, pipelines, schema

app_name = "api"
urlpatterns = [
    path("healthz", health.show, name="health"),
    path("index", index.create, name="index"),
    path("api/jobs", jobs.create, name="jobs"),
    path("api/jobs/<str:job_id>", jobs.show, name="job"),
    path("api/jobs/<str:job_id>/cancel", jobs.cancel, name="cancel"),
    path("api/jobs/<str:job_id>/retry", jobs.retry, name="retry"),
    path("api/bulk-actions", bulk.actions, name="bulk-actions"),
    path("api/bulk-actions/<str:action_id>", bulk.show, name="bulk-action"),
    path("api/bulk-actions/<str:action_id>/abort", bulk.abort, name="bulk-abort"),
    path("api/batches", batches.batches, name="batches"),
    path("api/batches/<str:batch_id>", batches.show, name="batch"),
    path("api/batches/<str:batch_id>/jobs", batches.add, name="batch-jobs"),
    path("api/batches/<str:batch_id>/close", batches.close, name="batch-close"),
    path("api/batches/<str:batch_id>/cancel", batches.cancel, name="batch-cancel"),
    path("api/batches/<str:batch_id>/retry", batches.retry, name="batch-retry"),
    path("api/pauses", pauses.pauses, name="pauses"),
    # The key of a lane may have slashes.
    path("api/pauses/<str:kind>/<path:value>", pauses.resume, name="pause"),
    path("api/lanes/<path:key>", lanes.lane, name="lane"),
    path("api/images", images.create, name="images"),
    path("api/images/<uuid:picture_id>", images.show, name="image"),
    path("api/images/<uuid:picture_id>/<str:size>", images.download, name="rendition"),
    path("api/templates", pipelines.create_template, name="templates"),
    path("api/pipelines", pipelines.pipelines, name="pipelines"),
    path("api/pipelines/<uuid:pipeline_id>", pipelines.show, name="pipeline"),
    path("api/pipelines/<uuid:pipeline_id>/cancel", pipelines.cancel, name="pipeline-cancel"),
    path("api/pipelines/<uuid:pipeline_id>/retry", pipelines.retry, name="pipeline-retry"),
    path(
        "api/pipelines/<uuid:pipeline_id>/outcomes.csv",
        pipelines.outcomes,
        name="pipeline-outcomes",
    ),
    path("api/openapi.yaml", schema.show, name="schema"),
    # Programs read JSON: the site's page for unknown addresses would not tell them anything.
    re_path(r"^api(?:/.*)?$", schema.unknown, name="unknown"),
]
