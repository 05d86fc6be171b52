"""A schema nobody designed (nobody.sql), as a source."""

from pathlib import Path

import psycopg

from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr_tests import town

RULES = r'''
[roots]
wedding = ["public.weddings", 'public."Couple ""Rows"""']
vendor = ["public.organizations", "public.suppliers"]
[[reference]]
from = "odd.tagged.wedding_codes"
to = "public.weddings.code"
[[reference]]
from = "public.log.wedding"
to = "public.weddings.id"
[[owned_by]]
table = "public.clients"
via = "public.weddings.client"
[walk]
not_through = ["public.people"]
'''

SQL = Path(__file__).with_name("nobody.sql")


def at(url: str) -> Source:
    """The source of a database that was built before."""
    return Source(url, parse_rules(RULES))


def build(url: str) -> Source:
    """Load the schema into an empty database."""
    source = at(url)
    town.run(source, SQL.read_text(encoding="utf-8"))
    return source


_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname IN ('public', 'odd', 'select', 'Über Schema') ORDER BY 1
"""
NOT_PROTECTED = "odd.of_extension"


def state(source: Source) -> dict[str, list[str]]:
    """Every row of every table that stores rows itself, partitions and children each for themselves, as sorted text."""
    with psycopg.connect(source.url, autocommit=True) as connection:
        names = [str(name) for (name,) in connection.execute(_TABLES.encode())]
        rows = {
            name: connection.execute(f"SELECT to_jsonb(whole)::text || whole::text FROM ONLY {name} AS whole".encode())
            for name in names
        }
        return {name: sorted(text for (text,) in found) for name, found in rows.items()}


def count(source: Source) -> int:
    """How many rows there are to protect."""
    return sum(len(rows) for name, rows in state(source).items() if name != NOT_PROTECTED)
