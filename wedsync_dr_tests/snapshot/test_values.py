"""Values survive exactly: every type with the values that break other tools, snapshot, wiped, restored."""

from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import restore
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.export import FileFormat, export
from wedsync_dr.snapshot.take import take
from wedsync_dr_tests import town

TYPES = """
CREATE TYPE mood AS ENUM ('ok', 'needs "quotes"', 'a,b');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
"""

VALUES = {
    "smallint": ["-32768", "32767"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "numeric": ["NaN", "Infinity", "-Infinity", "1.10", "1.1", "0.000000000000000000000000000000000001", "1e400"],
    "numeric(10,2)": ["12345678.90"],
    "real": ["-0", "1e-45", "3.4028235e38", "NaN", "0.1"],
    "double precision": ["-0", "5e-324", "1.7976931348623157e308", "-Infinity", "0.1", "NaN"],
    "money": ["-92233720368547758.08", "1.50"],
    "text": ["", "\\N", "\\.", "a\tb\nc\rd\\e", "👰‍♀️ łódź", "e\u0301", "שלום", "\x01\x7f", "NULL", "'", '"'],
    "varchar(5)": ["ab   ", "  "],
    "char(5)": ["ab", ""],
    'pg_catalog."char"': ["x", ""],
    "name": ["weird name"],
    "bytea": ["\\x00ff0a5c", "\\x"],
    "boolean": ["t", "f"],
    "date": ["infinity", "-infinity", "4713-01-01 BC", "5874897-12-31"],
    "timestamp": ["infinity", "294276-12-31 23:59:59.999999", "4713-01-01 00:00:00 BC"],
    "timestamptz": ["-infinity", "294276-12-31 23:59:59.999999+00", "2026-03-29 02:30:00+01"],
    "time": ["24:00:00", "00:00:00.000001"],
    "timetz": ["24:00:00+15:59", "12:00:00-03:30"],
    "interval": ["-178000000 years", "1 mon -1 day +00:00:00.000001", "P1Y2M3DT4H5M6S"],
    "uuid": ["00000000-0000-0000-0000-000000000000"],
    "json": ['{"a": 1, "a":  2}', "null", " [1 , 2] "],
    "jsonb": ["null", "1e400", '{"b": [], "a": {"\\u0001": "\\\\"}}', '"x"'],
    "jsonpath": ["$.a[*] ? (@ > 1)"],
    "xml": ["<a>b</a>", "text only"],
    "inet": ["::1/0", "10.0.0.1/8", "::ffff:1.2.3.4"],
    "cidr": ["10.0.0.0/8"],
    "macaddr": ["08:00:2b:01:02:03"],
    "macaddr8": ["08:00:2b:01:02:03:04:05"],
    "bit(3)": ["101"],
    "varbit": ["", "10101"],
    "point": ["(1e300,-0)"],
    "line": ["{1,2,3}"],
    "box": ["(2,2),(1,1)"],
    "path": ["[(1,1),(2,2)]", "((1,1),(2,2))"],
    "polygon": ["((0,0),(1,1),(1,0))"],
    "circle": ["<(1,1),2>"],
    "tsvector": ["'a b':1A,2 'c''d'"],
    "tsquery": ["'a' & !'b':*"],
    "pg_lsn": ["FFFFFFFF/FFFFFFFF"],
    "xid8": ["18446744073709551615"],
    "txid_snapshot": ["1:20:3,5"],
    "oid": ["4294967295"],
    "int4range": ["empty", "(,5)", "[1,)"],
    "numrange": ["[NaN,NaN]", "(1.10,2.2]"],
    "tstzrange": ["[-infinity,infinity]", '["2026-01-01 00:00:00+00",)'],
    "int4multirange": ["{}", "{[1,3),[5,)}"],
    "public.mood": ["ok", 'needs "quotes"', "a,b"],
    "public.pair": ["(1,)", '(,"a ""b"", \\\\ c")', "(,)"],
    "public.positive": ["0.10"],
    "int[]": ["{}", "{NULL,1}", "[0:1]={1,2}", "[-2:-1][3:4]={{1,2},{3,4}}"],
    "text[]": ['{"",NULL,"NULL","a,b","{","\\\\","\\""}', '{{a,b},{c,d}}'],
    "numeric[]": ["{NaN,1.10}"],
    "timestamptz[]": ["{infinity}"],
    "bytea[]": ['{"\\\\x00","\\\\x5c"}'],
    "jsonb[]": ['{"null","{\\"a\\": 1}"}'],
    "public.pair[]": ['{"(1,\\"a b\\")"}'],
    "public.mood[]": ['{ok,"a,b"}'],
    "daterange[]": ['{"[2026-01-01,2026-02-01)"}'],
}  # fmt: skip

PLATFORM = ScopeId(Kind.PLATFORM, "public.samples")


def columns() -> str:
    return ", ".join(f"c{i} {kind}" for i, kind in enumerate(VALUES))


def fill(url: str) -> None:
    """A row per value, all other columns NULL, and a row of NULLs."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TYPES)
        connection.execute(f"CREATE TABLE samples (id serial PRIMARY KEY, {columns()})".encode())
        connection.execute("INSERT INTO samples DEFAULT VALUES")
        for i, (kind, values) in enumerate(VALUES.items()):
            for value in values:
                connection.execute(f"INSERT INTO samples (c{i}) VALUES (%s::text::{kind})".encode(), [value])


def texts(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        connection.execute("SET extra_float_digits = 1; SET intervalstyle = 'iso_8601'; SET timezone = 'Asia/Kolkata'")
        return connection.execute("SELECT t::text FROM samples t ORDER BY id").fetchall()


def wipe_and_restore(source: Source, directory: Path) -> None:
    archive = town.new_archive(directory)
    batch = take(source, archive, [PLATFORM], now=town.NOW, requested_by="test")
    assert not batch.failed
    town.run(source, "TRUNCATE samples")
    restore(source, archive, PLATFORM, mode=Mode.replace, apply=True, now=town.NOW, requested_by="test")


def test_every_type_survives_snapshot_wipe_and_restore(database: str, tmp_path: Path) -> None:
    fill(database)
    before = texts(database)
    wipe_and_restore(Source(database, parse_rules("")), tmp_path)
    assert texts(database) == before


def test_values_survive_an_update_too(database: str, tmp_path: Path) -> None:
    fill(database)
    before = texts(database)
    source, archive = Source(database, parse_rules("")), town.new_archive(tmp_path)
    take(source, archive, [PLATFORM], now=town.NOW, requested_by="test")
    town.run(source, "UPDATE samples SET " + ", ".join(f"c{i} = NULL" for i in range(len(VALUES))))
    restored = restore(source, archive, PLATFORM, mode=Mode.replace, apply=True, now=town.NOW, requested_by="test")
    assert restored.applied and restored.applied.rows["updated"] == len(before) - 1
    assert texts(database) == before


def test_a_database_with_other_settings_gives_the_same_rows(database: str, tmp_path: Path) -> None:
    fill(database)
    source, name = Source(database, parse_rules("")), database.rpartition("/")[2]
    archive = town.new_archive(tmp_path)
    take(source, archive, [PLATFORM], now=town.NOW, requested_by="test")
    for setting in ("datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "timezone = 'America/Caracas'",
                    "bytea_output = 'escape'", "extra_float_digits = 0", "search_path = 'public'"):  # fmt: skip
        town.run(source, f"ALTER DATABASE {name} SET {setting}")
    batch = take(source, archive, [PLATFORM], now=town.NOW, requested_by="test")
    assert [taken.status for taken in batch.taken] == ["current"]


text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
row = st.tuples(
    text, st.none() | text, st.lists(st.none() | text, max_size=3), st.floats(width=64), st.binary(max_size=12)
)


@given(st.lists(row, min_size=1, max_size=8))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_list_float_and_bytes_survive(
    database: str, tmp_path_factory: pytest.TempPathFactory, rows: list[object]
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS samples")
        connection.execute("CREATE TABLE samples (id serial, a text, b text, c text[], d float8, e bytea)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO samples (a, b, c, d, e) VALUES (%s, %s, %s, %s, %s)", rows)  # type: ignore[arg-type]
    before = texts(database)
    wipe_and_restore(Source(database, parse_rules("")), tmp_path_factory.mktemp("any"))
    assert texts(database) == before


def test_export_writes_a_file_with_every_type(database: str, tmp_path: Path) -> None:
    fill(database)
    source, archive = Source(database, parse_rules("")), town.new_archive(tmp_path)
    (taken,) = take(source, archive, [PLATFORM], now=town.NOW, requested_by="test").taken
    manifest = archive.vault.manifest(taken.scope, taken.snapshot_id, archive.verifier)
    for file_format in FileFormat:
        (written,) = export(archive, manifest, tmp_path / "out", file_format)
        assert written.stat().st_size > 0
