"""What a person may ask for."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from reports.operations import EARLIEST


class DayForm(forms.Form):
    """A day that has begun."""

    day = forms.DateField(
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if not EARLIEST <= day <= timezone.localdate():
            raise ValidationError("Choose a day that has begun.")
        return day
