"""A role that owns a platform without being a superuser, and all that the platform holds."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from wedsync_dr.scope.survey import Source
from wedsync_dr_tests import town

PARTS = """
CREATE TABLE log (id int, at date, wedding_id int REFERENCES weddings ON DELETE CASCADE, what text,
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE log_2027 PARTITION OF log FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE TABLE moves (at date, wedding_id int REFERENCES weddings, what text) PARTITION BY LIST (what);
CREATE TABLE moves_a PARTITION OF moves FOR VALUES IN ('a');
CREATE TABLE moves_b PARTITION OF moves FOR VALUES IN ('b');
INSERT INTO log VALUES (1, '2026-05-05', 3, 'a'), (2, '2027-05-05', 3, 'b');
INSERT INTO moves VALUES ('2026-05-05', 3, 'a'), ('2026-05-05', 3, 'a'), ('2026-05-05', 3, 'b');
"""
NAMES = """
SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""


@pytest.fixture
def owner(source: Source) -> Iterator[Source]:
    """A role that owns the tables and is no superuser, so it may not become a replica."""
    name = f"owner_{source.url.rpartition('/')[2]}"
    town.run(source, f"CREATE ROLE {name} LOGIN PASSWORD 'x'", f"GRANT CREATE, USAGE ON SCHEMA public TO {name}")
    scheme, _, rest = source.url.partition("://")
    yield replace(source, url=f"{scheme}://{name}:x@{rest.rpartition('@')[2]}")
    town.run(source, f"REASSIGN OWNED BY {name} TO CURRENT_USER", f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def give(source: Source, owner: Source) -> None:
    """All tables to the role, as they are now."""
    role = owner.url.partition("://")[2].partition(":")[0]
    for (name,) in town.rows(source, NAMES):
        town.run(source, f"ALTER TABLE {name} OWNER TO {role}")


def everything(source: Source) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the schema."""
    tables = (
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    return {str(t): town.rows(source, f"SELECT r::text FROM {t} AS r ORDER BY 1") for (t,) in town.rows(source, tables)}
