"""The database itself watches every change of state that real processes make."""

from django.db import connection

from jobs.states import TRANSITIONS

_KNOWN = ", ".join(f"'{old} {new}'" for old, new in sorted(TRANSITIONS, key=str) if old)
_ODD = f"OLD.state <> NEW.state AND OLD.state || ' ' || NEW.state NOT IN ({_KNOWN})"
_NOTE = "INSERT INTO test_odd_change VALUES (NEW.id, OLD.state || ' to ' || NEW.state);"

_WATCH = {
    "sqlite": [
        "CREATE TRIGGER IF NOT EXISTS test_changes AFTER UPDATE OF state ON jobs_job "
        f"WHEN {_ODD} BEGIN {_NOTE} END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION test_note() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {_NOTE} RETURN NULL; END $$",
        "CREATE OR REPLACE TRIGGER test_changes AFTER UPDATE OF state ON jobs_job "
        f"FOR EACH ROW WHEN ({_ODD}) EXECUTE FUNCTION test_note()",
    ],
}


def watch_changes():
    """Note from now on what `jobs.states.TRANSITIONS` does not know."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS test_odd_change (id text, change text)")
        cursor.execute("DELETE FROM test_odd_change")
        for statement in _WATCH[connection.vendor]:
            cursor.execute(statement)


def odd_changes():
    """What was noted, as (id, "old to new")."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, change FROM test_odd_change")
        return cursor.fetchall()
