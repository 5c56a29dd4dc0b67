"""The words of reports.build.wording as template filters."""

from django import template

from reports.build.wording import duration, percentage, whole

register = template.Library()
register.filter("duration", duration)
register.filter("percentage", percentage)
register.filter("whole", whole)


@register.filter
def spaced(name: str) -> str:
    """ "timed_out" as "timed out"."""
    return name.replace("_", " ")
