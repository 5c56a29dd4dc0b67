from django.db import migrations, models


def free_keys_of_ended_jobs(apps, schema_editor):
    """A job that a worker had refused kept its key until retention."""
    ended = apps.get_model("jobs", "Job").objects.exclude(unique_key="").exclude(finished_at=None)
    ended.exclude(unique_scope__in=("period", "kept")).update(unique_key="")


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0011_deaf_workers_and_releases"),
    ]

    operations = [
        migrations.RunPython(free_keys_of_ended_jobs, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("unique_key", ""),
                    ("finished_at", None),
                    ("unique_scope__in", ("period", "kept")),
                    _connector="OR",
                ),
                name="job_unique_key_ends",
            ),
        ),
    ]
