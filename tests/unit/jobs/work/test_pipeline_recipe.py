"""What a recipe takes, and what it says to the rest."""

import json
import pickle

import pytest

from jobs.work.images import Format
from jobs.work.pipeline import Anchor, BadRecipe, Mode, Recipe
from tests.unit.jobs.work.image_corpus import png, webp_claiming
from tests.unit.jobs.work.pipeline_samples import recipe, stamp


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "tile"),
        ("anchor", "middle"),
        ("format", "gif"),
        ("format", "avif"),
        ("scale", 0),
        ("scale", 1.5),
        ("scale", "0.5"),
        ("scale", True),
        ("scale", float("nan")),
        ("margin", -0.1),
        ("margin", 0.6),
        ("opacity", 0),
        ("opacity", 2),
        ("quality", 0),
        ("quality", 101),
        ("quality", 85.5),
        ("max_width", -1),
        ("max_height", 10_001),
        ("template", b""),
        ("template", b"<svg xmlns='x'/>"),
        ("template", png(30_000, 30_000, rows=1)),
        ("template", webp_claiming(16_383, 16_383)),
    ],
)
def test_what_cannot_be_used_is_named(field, value):
    with pytest.raises(BadRecipe) as refused:
        recipe(**{field: value})

    assert refused.value.field == field
    assert str(refused.value).endswith(".")


def test_words_are_taken_for_the_choices():
    made = recipe(mode="cover", anchor="top-left", format="webp")

    assert (made.mode, made.anchor, made.format) == (Mode.COVER, Anchor.TOP_LEFT, Format.WEBP)


def test_a_recipe_goes_through_json_and_back():
    made = recipe(mode=Mode.FRAME, opacity=0.5, format=Format.PNG, max_width=800)

    again = Recipe.read(json.loads(json.dumps(made.described())), made.template)

    assert again == made


def test_a_field_that_does_not_exist_is_named():
    with pytest.raises(BadRecipe, match="'colour'") as refused:
        Recipe.read({"colour": "red"}, stamp())

    assert refused.value.field == "colour"


def test_the_digest_tells_templates_apart():
    assert recipe().digest == recipe().digest
    assert recipe().digest != recipe(template=stamp(alpha=100)).digest


def test_the_template_does_not_stand_in_the_log():
    assert len(repr(recipe())) < 300


def test_the_error_survives_the_way_between_processes():
    error = pickle.loads(pickle.dumps(BadRecipe("scale", "No.")))

    assert (error.field, str(error)) == ("scale", "No.")
