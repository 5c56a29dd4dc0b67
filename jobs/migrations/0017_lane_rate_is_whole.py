from django.db import migrations, models


def take_half_a_rate_for_none(apps, schema_editor):
    """As everybody who read such a row did: the constraint let it in."""
    half = models.Q(rate_count__isnull=True) | models.Q(rate_seconds__isnull=True)
    apps.get_model("jobs", "Lane").objects.filter(half).update(rate_count=None, rate_seconds=None)


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0016_pipeline_key_and_repeated"),
    ]

    operations = [
        migrations.RunPython(take_half_a_rate_for_none, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="lane", name="lane_rate_is_whole"),
        migrations.AddConstraint(
            model_name="lane",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rate_count__isnull", True),
                    ("rate_seconds__isnull", True),
                )
                | models.Q(
                    ("rate_count__gte", 1),
                    ("rate_count__isnull", False),
                    ("rate_seconds__gt", 0),
                    ("rate_seconds__isnull", False),
                ),
                name="lane_rate_is_whole",
                violation_error_message=(
                    "A rate is a number of starts in a number of seconds: give both, or neither."
                ),
            ),
        ),
    ]
