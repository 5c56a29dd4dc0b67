"""The Django app that brings the drill's commands; it has no tables and no tasks of its own."""

from django.apps import AppConfig


class DrillConfig(AppConfig):
    name = "drill"
    verbose_name = "Drill"
