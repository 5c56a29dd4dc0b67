"""Full-text search over pages, with what each database has for it (jobs.queries.pages).

A later migration that alters jobs_page on SQLite makes the table anew and so loses these
triggers: let it call `remove` before and `install` after.
"""

from django.db import DatabaseError, migrations, transaction

SQLITE = [
    """
    CREATE VIRTUAL TABLE jobs_page_search USING fts5(
        title, description, text, url,
        content='jobs_page', content_rowid='id', tokenize='trigram'
    )
    """,
    """
    CREATE TRIGGER jobs_page_search_insert AFTER INSERT ON jobs_page BEGIN
        INSERT INTO jobs_page_search(rowid, title, description, text, url)
        VALUES (new.id, new.title, new.description, new.text, new.url);
    END
    """,
    """
    CREATE TRIGGER jobs_page_search_delete AFTER DELETE ON jobs_page BEGIN
        INSERT INTO jobs_page_search(jobs_page_search, rowid, title, description, text, url)
        VALUES ('delete', old.id, old.title, old.description, old.text, old.url);
    END
    """,
    """
    CREATE TRIGGER jobs_page_search_update
    AFTER UPDATE OF id, title, description, text, url ON jobs_page BEGIN
        INSERT INTO jobs_page_search(jobs_page_search, rowid, title, description, text, url)
        VALUES ('delete', old.id, old.title, old.description, old.text, old.url);
        INSERT INTO jobs_page_search(rowid, title, description, text, url)
        VALUES (new.id, new.title, new.description, new.text, new.url);
    END
    """,
    "INSERT INTO jobs_page_search(jobs_page_search) VALUES ('rebuild')",
]
SQLITE_REVERSED = [
    "DROP TRIGGER IF EXISTS jobs_page_search_update",
    "DROP TRIGGER IF EXISTS jobs_page_search_delete",
    "DROP TRIGGER IF EXISTS jobs_page_search_insert",
    "DROP TABLE IF EXISTS jobs_page_search",
]

# A tsvector holds at most a megabyte: of a very long page, the beginning is indexed.
POSTGRESQL = [
    """
    ALTER TABLE jobs_page ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', title), 'A') ||
        setweight(to_tsvector('simple', description), 'B') ||
        setweight(to_tsvector('simple', url), 'C') ||
        setweight(to_tsvector('simple', left(text, 200000)), 'D')
    ) STORED
    """,
    "CREATE INDEX jobs_page_search ON jobs_page USING gin (search)",
]
TRIGRAMS = """
    CREATE INDEX jobs_page_trigrams ON jobs_page USING gin (
        title gin_trgm_ops, description gin_trgm_ops, text gin_trgm_ops, url gin_trgm_ops
    )
"""
POSTGRESQL_REVERSED = [
    "DROP INDEX IF EXISTS jobs_page_trigrams",
    "DROP INDEX IF EXISTS jobs_page_search",
    "ALTER TABLE jobs_page DROP COLUMN IF EXISTS search",
]


def install(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for statement in SQLITE:
                cursor.execute(statement)
        elif connection.vendor == "postgresql":
            for statement in POSTGRESQL:
                cursor.execute(statement)
            try_trigrams(connection, cursor)


def try_trigrams(connection, cursor):
    """Japanese is found faster with pg_trgm, but a role may not be allowed to install it."""
    try:
        with transaction.atomic(using=connection.alias):
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(TRIGRAMS)
    except DatabaseError:
        pass


def remove(apps, schema_editor):
    connection = schema_editor.connection
    statements = {"sqlite": SQLITE_REVERSED, "postgresql": POSTGRESQL_REVERSED}
    with connection.cursor() as cursor:
        for statement in statements.get(connection.vendor, []):
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
