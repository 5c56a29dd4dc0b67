"""What people type, made into what queries and tasks take."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from jobs.engine.submit.turn_options import MOST, rate_of
from jobs.errors import SubmitError
from jobs.models import Pause
from jobs.operations.lane_limits import KEEP, Keep, Rate
from jobs.queries.jobs import JobFilter
from jobs.states import State
from jobs.work.images import DEFAULT_SIZE, BadSize, Size, parse_sizes


class FilterForm(forms.Form):
    """Which jobs the list shows. What cannot be read does not narrow it."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search", "placeholder": "Id, task or error"}),
    )
    state = forms.ChoiceField(
        required=False, choices=[("", "all"), *((s.value, s.value) for s in State)]
    )
    task = forms.CharField(
        required=False, max_length=255, widget=forms.TextInput({"list": "tasks"})
    )
    queue = forms.CharField(
        required=False, max_length=100, widget=forms.TextInput({"list": "queues"})
    )
    lane = forms.CharField(required=False, max_length=200)
    batch = forms.CharField(required=False, max_length=36)
    schedule = forms.CharField(required=False, max_length=200)
    cause = forms.CharField(required=False, max_length=40)
    since = forms.DateTimeField(
        label="From", required=False, widget=forms.DateTimeInput({"type": "datetime-local"})
    )
    until = forms.DateTimeField(
        label="To", required=False, widget=forms.DateTimeInput({"type": "datetime-local"})
    )

    def wanted(self) -> JobFilter:
        self.is_valid()
        found: dict[str, Any] = self.cleaned_data
        return JobFilter(
            state=State(found["state"]) if found.get("state") else None,
            task=found.get("task", ""),
            queue=found.get("queue", ""),
            lane=found.get("lane", ""),
            batch=found.get("batch", ""),
            schedule=found.get("schedule", ""),
            cause=found.get("cause", ""),
            text=found.get("q", ""),
            since=_moment(found.get("since")),
            until=_moment(found.get("until")),
        )


class PauseForm(forms.Form):
    """What is to be paused, as "queue:celery"; why, and until when."""

    target = forms.CharField(max_length=300)
    reason = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.TextInput({"placeholder": "Why", "autocomplete": "off"}),
    )
    until = forms.DateTimeField(
        required=False, widget=forms.DateTimeInput({"type": "datetime-local"})
    )

    def clean_target(self) -> tuple[str, str]:
        kind, _, value = str(self.cleaned_data["target"]).partition(":")
        if kind not in Pause.Kind.values or not 0 < len(value) <= 255:
            raise forms.ValidationError("Choose a queue, a task or a lane.")
        return kind, value

    def clean_until(self) -> datetime | None:
        until = _moment(self.cleaned_data["until"])
        if until and until <= timezone.now():
            raise forms.ValidationError("A pause ends in the future: this moment is past.")
        return until


class LaneForm(forms.Form):
    """The limits that a lane is to have from now on; what is left empty stays."""

    lane = forms.CharField(max_length=200)
    width = forms.IntegerField(label="At a time", required=False, min_value=1, max_value=MOST)
    rate = forms.CharField(required=False, max_length=20)

    def clean_rate(self) -> Rate | Keep | None:
        text = str(self.cleaned_data["rate"]).strip()
        if text in ("", "none"):
            return None if text else KEEP
        try:
            return rate_of(text)
        except SubmitError as error:
            raise forms.ValidationError(
                f"A rate looks like 10/s, 100/m or 5/h; {text!r} does not."
            ) from error

    def limits(self) -> dict[str, Any]:
        return {"width": self.cleaned_data["width"], "rate": self.cleaned_data["rate"]}


class UploadForm(forms.Form):
    """The sizes that a picture is wanted in; the files stand beside it in the request."""

    sizes = forms.CharField(
        required=False,
        max_length=300,
        initial=str(DEFAULT_SIZE),
        help_text="Width and height in pixels; several with commas.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_sizes(self) -> tuple[Size, ...]:
        try:
            return parse_sizes(self.cleaned_data["sizes"] or str(DEFAULT_SIZE))
        except BadSize as error:
            raise forms.ValidationError(str(error)) from error


class SearchForm(forms.Form):
    """What to look for in the pages, and where in the list to go on."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search", "placeholder": "Words on the page"}),
    )
    start = forms.IntegerField(required=False, min_value=0, max_value=1000)


class IndexForm(forms.Form):
    """A page to index."""

    url = forms.CharField(
        label="Address",
        max_length=2000,
        widget=forms.TextInput(
            {"type": "url", "placeholder": "https://example.com/", "autocomplete": "off"}
        ),
    )


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None
