"""Every task of the project has a name of its own and says what it does."""

from config.celery import app

OURS = ("jobs.", "reports.", "drill.")


def ours():
    return [task for name, task in app.tasks.items() if not name.startswith(("celery.", "test."))]


def test_the_tasks_that_the_project_promises_are_registered():
    assert {
        "jobs.resize_image",
        "jobs.cleanup_old_sessions",
        "jobs.index_url",
        "reports.generate_daily_report",
    } <= set(app.tasks)


def test_every_task_has_an_explicit_name_and_not_its_module_path():
    for task in ours():
        assert task.name.startswith(OURS), task.name
        assert task.name != f"{task.run.__module__}.{task.run.__name__}", task.name


def test_every_task_has_a_doc_line():
    for task in ours():
        assert (task.__doc__ or "").strip(), f"{task.name} does not say what it does"
