"""What tests of a recovery share: to rebuild a platform, and to see whether it is the same."""

import subprocess
from pathlib import Path
from typing import Any

import psycopg

from wedsync_dr.restore.everything import restore_everything
from wedsync_dr.restore.recovery import Outcome, Recovered
from wedsync_dr.source.binaries import find_program
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town

DEMO_RULES = Path(__file__).parent.parent.parent / "wedsync_dr" / "demo" / "rules.toml"
TABLES = """
SELECT n.nspname || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema)'
"""
_SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"


def rebuild(archive: Archive, target: str, **how: Any) -> Recovered:
    options: dict[str, Any] = {"apply": True, "now": town.NOW, "requested_by": "test", "workers": 0}
    return restore_everything(archive, target, **(options | how))


def outcome(archive: Archive, target: str, **how: Any) -> Outcome:
    done = rebuild(archive, target, **how).outcome
    assert done
    return done


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchall()


def contents(url: str) -> dict[str, Any]:
    """A hash of every row of every table and materialized view, as text, and where the sequences stand."""
    found: dict[str, Any] = {"sequences": query(url, _SEQUENCES)}
    for (name,) in query(url, TABLES):
        ((found[name],),) = query(url, f"SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {name} AS t")
    return found


def definition(url: str) -> list[str]:
    """The whole schema as pg_dump writes it."""
    program = find_program("pg_dump", None, at_least=17)
    done = subprocess.run([program, "-s", "-d", url], capture_output=True, text=True, check=True)  # noqa: S603
    return [line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def damage_newest(home: Path, scope: str) -> str:
    newest = sorted((home / "vault/snapshots" / scope).iterdir())[-1]
    for path in newest.glob("*.parquet"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(bytes(data))
    return newest.name
