"""Composes each hostile picture in a child with a hard deadline, to JPEG and to PNG."""

import json
import sys

from jobs.work.images import BadImage, Format
from jobs.work.pipeline import compose
from tests.unit.jobs.work.image_corpus import PLANTED
from tests.unit.jobs.work.image_trial import trial
from tests.unit.jobs.work.pipeline_samples import recipe

FORMATS = (Format.JPEG, Format.PNG)


def attempt_to(form: Format, data: bytes) -> str:
    try:
        made = compose(data, recipe(format=form), thumbnail_side=320)
    except BadImage as error:
        return error.reason
    if PLANTED in made.data or PLANTED in made.thumbnail:
        return "leaked"
    return "picture" if made.data and made.thumbnail else "wrong"


def main(seconds: int, memory_bytes: int) -> None:
    found = {
        str(form): trial(lambda data, form=form: attempt_to(form, data), seconds, memory_bytes)
        for form in FORMATS
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
