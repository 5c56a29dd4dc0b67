"""The form of a new pipeline. What was typed, pasted and uploaded is never lost by a mistake."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from jobs.models import PipelineTemplate
from jobs.operations.pipelines.start import FOLDER, BadFolder, NewPipeline
from jobs.operations.pipelines.templates import template_bytes
from jobs.queries.pipelines import find_template
from jobs.queries.sentences import count_of
from jobs.tasks.destinations import destination_names
from jobs.tasks.pipeline_chunks import url_policy
from jobs.work.pipeline import Anchor, BadRecipe, Mode, Recipe
from jobs.work.pipeline.recipe import OUTPUTS
from jobs.work.url_lists import BadUrlList, Problem, UrlList, decode, read_urls

MODES = {
    Mode.STAMP: "A stamp in a corner",
    Mode.COVER: "Over the whole picture",
    Mode.FRAME: "A frame, stretched to fit",
}
_NUMBER = {"type": "number", "inputmode": "numeric"}


def _range(least: int, most: int, step: int = 1) -> forms.NumberInput:
    return forms.NumberInput({"type": "range", "min": least, "max": most, "step": step})


class PipelineForm(forms.Form):
    """Addresses, a template and how it is laid on, what comes out and where it goes."""

    name = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput({"placeholder": "Photos of the autumn sale", "autocomplete": "off"}),
    )
    urls = forms.CharField(
        label="Addresses",
        required=False,
        strip=False,  # lines are counted as they stand in the box
        widget=forms.Textarea(
            {
                "rows": 9,
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": "https://example.com/one.jpg\nhttps://example.com/two.jpg",
            }
        ),
    )
    #: The addresses came as a table whose first line does not say so.
    is_table = forms.BooleanField(required=False, widget=forms.HiddenInput())
    template = forms.CharField(required=False, max_length=64)
    mode = forms.ChoiceField(
        label="How it lies", choices=[(str(m), text) for m, text in MODES.items()]
    )
    anchor = forms.ChoiceField(
        label="Where", choices=[(str(a), str(a).replace("-", " ")) for a in Anchor]
    )
    scale = forms.IntegerField(
        label="Size of the stamp", min_value=1, max_value=100, widget=_range(1, 100)
    )
    margin = forms.IntegerField(
        label="Distance from the edge", min_value=0, max_value=50, widget=_range(0, 50)
    )
    opacity = forms.IntegerField(min_value=1, max_value=100, widget=_range(1, 100))
    format = forms.ChoiceField(choices=[(str(f), f.name) for f in OUTPUTS])
    quality = forms.IntegerField(min_value=1, max_value=100, widget=forms.NumberInput(_NUMBER))
    max_width = forms.IntegerField(
        label="Width, at most", required=False, min_value=1, max_value=10_000
    )
    max_height = forms.IntegerField(
        label="Height, at most", required=False, min_value=1, max_value=10_000
    )
    destination = forms.ChoiceField()
    folder = forms.RegexField(
        label="Folder there",
        required=False,
        max_length=100,
        regex=rf"^{FOLDER.pattern}$",
        error_messages={"invalid": BadFolder.sentence()},
        widget=forms.TextInput({"placeholder": "one of its own", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, template: str = "") -> None:
        super().__init__(data, initial=INITIAL | {"template": template})
        names = destination_names()
        self.fields["destination"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        self.initial["destination"] = names[0] if names else ""
        #: Lines of the list that cannot be used, and how many there are.
        self.problems: list[Problem] = []
        self.problem_count = 0

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        found["list"] = self._list(found)
        found["row"] = self._template(found)
        if found["row"] and not self.errors:
            found["recipe"] = self._recipe(found)
        return found

    def wanted(self) -> NewPipeline:
        """The pipeline; call it when the form is valid."""
        found = self.cleaned_data
        return NewPipeline(
            name=found["name"] or count_of(len(found["list"].wanted), "picture"),
            urls=[one.url for one in found["list"].wanted],
            recipe=found["recipe"],
            template=found["row"],
            destination=found["destination"],
            folder=found["folder"],
            repeated=found["list"].repeated,
        )

    def _list(self, found: dict[str, Any]) -> UrlList | None:
        try:
            return read_urls(
                found.get("urls", ""),
                url_policy(),
                is_table=found.get("is_table", False),
                most=settings.HACHI_PIPELINE_MOST_URLS,
            )
        except BadUrlList as error:
            self.add_error("urls", str(error))
            self.problems, self.problem_count = list(error.problems), error.count
            return None

    def _template(self, found: dict[str, Any]) -> PipelineTemplate | None:
        row = find_template(found.get("template") or "")
        if row is None and "template" not in self.errors:
            self.add_error("template", "Choose a template, or upload one.")
        return row

    def _recipe(self, found: dict[str, Any]) -> Recipe | None:
        try:
            return Recipe(
                template=template_bytes(found["row"]),
                mode=found["mode"],
                anchor=found["anchor"],
                scale=found["scale"] / 100,
                margin=found["margin"] / 100,
                opacity=found["opacity"] / 100,
                format=found["format"],
                quality=found["quality"],
                max_width=found["max_width"] or 0,
                max_height=found["max_height"] or 0,
            )
        except BadRecipe as error:
            self.add_error(error.field if error.field in self.fields else None, str(error))
        except OSError:
            self.add_error("template", "The template's file is gone. Upload it again.")
        return None


INITIAL = {
    "mode": "stamp",
    "anchor": "bottom-right",
    "scale": 25,
    "margin": 3,
    "opacity": 100,
    "format": "jpeg",
    "quality": 85,
}


def with_file(data: Any, files: "MultiValueDict[str, UploadedFile[bytes]]") -> tuple[Any, str]:
    """The form's data with the addresses of an uploaded list in it, and what is wrong with that.

    They stand in the text box from then on, so that a mistake in one can be mended there.
    """
    data = data.copy()
    file = files.get("url_file")
    if file is None:
        return data, ""
    if data.get("urls", "").strip():
        return data, "Paste the addresses or choose a file, not both."
    if (file.size or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return data, "The file is too large for a list of addresses."
    name = (file.name or "").lower()
    data["urls"] = decode(file.read())
    data["is_table"] = "on" if name.endswith((".csv", ".tsv")) else ""
    return data, ""
