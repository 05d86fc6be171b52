"""The schema object: what a pass over everything seals beside the rows."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from wedsync_dr.errors import ToolMissing
from wedsync_dr.model import SCHEMA, Kind, TableName
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.ddl import split_dump
from wedsync_dr.snapshot.opening import open_snapshot
from wedsync_dr.snapshot.schema import SchemaObject
from wedsync_dr.snapshot.take import take
from wedsync_dr.source.binaries import find_program
from wedsync_dr.source.dump import dump_schema
from wedsync_dr.source.session import open_reader
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town

AWKWARD = r"""
CREATE TABLE "od;d -- Name: x; Type: TABLE; Schema: y; Owner: z" (id int, "q""uote" text DEFAULT E'it''s \\ --');
CREATE FUNCTION tricky() RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
    RETURN 'x' || $$
--
-- Name: guests; Type: TABLE; Schema: public; Owner: nobody
--

$$;
END $body$;
CREATE FUNCTION atomic(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a; SELECT a + 1; END;
CREATE SEQUENCE lonely START 7;
"""


def sealed(archive: Archive) -> SchemaObject:
    manifest = archive.newest(SCHEMA)
    assert manifest
    return SchemaObject.from_snapshot(open_snapshot(archive, manifest))


def test_a_pass_over_everything_seals_the_schema_and_verify_reads_it(source: Source, archive: Archive) -> None:
    town.run(source, AWKWARD, "SELECT setval('lonely', 41, false)")
    batch = town.take_all(source, archive)
    found = sealed(archive)
    assert {statement.section for statement in found.statements} == {"pre-data", "post-data"}
    tables = {s.name for s in found.statements if s.type == "TABLE"}
    assert tables >= {*town.TABLES, "od;d -- Name: x; Type: TABLE; Schema: y; Owner: z"}
    sequences = {s.name: (s.last_value, s.is_called) for s in found.surroundings.sequences}
    assert sequences[TableName("public", "lonely")] == (41, False)
    assert {info.scope for info in found.scopes} == {taken.scope for taken in batch.taken} - {SCHEMA}
    assert all((info.date is not None) == (info.scope.kind is Kind.WEDDING) for info in found.scopes)
    assert verify(archive).findings == ()


def test_the_schema_object_knows_the_days_of_a_wedding_that_lasts_several(source: Source, archive: Archive) -> None:
    town.run(source, "ALTER TABLE weddings ADD end_date date", "UPDATE weddings SET end_date = wedding_date + 2")
    town.take_all(source, archive)
    weddings = [info for info in sealed(archive).scopes if info.scope.kind is Kind.WEDDING]
    assert weddings
    assert all(info.date and info.end_date == info.date + timedelta(days=2) for info in weddings)


def test_named_scopes_bring_no_schema(source: Source, archive: Archive) -> None:
    take(source, archive, [town.wedding(3)], now=town.NOW, requested_by="test")
    assert archive.newest(SCHEMA) is None


def test_a_changed_table_is_a_new_schema_object(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "ALTER TABLE venues ADD note text")
    again = {taken.scope: taken.status for taken in town.take_all(source, archive).taken}
    assert again[SCHEMA] == "stored"
    assert any('"note"' in statement.text for statement in sealed(archive).statements)


def test_what_stands_in_quotes_is_no_head_of_an_object(source: Source) -> None:
    town.run(source, AWKWARD)
    with open_reader(source.url) as reader:
        dumps = dump_schema(source.url, reader.export(), reader.identity.server_version, None)
    found = [statement for section in dumps for statement in split_dump(section, dumps[section])]
    assert not any(statement.owner == "nobody" for statement in found)
    (tricky,) = [statement for statement in found if statement.name == "tricky()"]
    assert "Owner: nobody" in tricky.text
    assert tricky.text.count("OWNER TO") == 1
    assert "OWNER TO" not in tricky.without_owner


def test_without_pg_dump_the_schema_alone_fails_with_a_remedy(source: Source, archive: Archive, tmp_path: Path) -> None:
    batch = take(replace(source, pg_bin=tmp_path), archive, None, now=town.NOW, requested_by="test")
    (failed,) = batch.failed
    assert failed.scope == SCHEMA
    assert isinstance(failed.error, ToolMissing)
    assert "WEDSYNC_PG_BIN" in failed.error.remedy
    assert len(batch.taken) > 20


def test_a_pg_dump_older_than_the_server_is_not_used(tmp_path: Path) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.4'\n")
    old.chmod(0o755)
    with pytest.raises(ToolMissing, match="version 15"):
        find_program("pg_dump", tmp_path, at_least=17)
    assert find_program("pg_dump", tmp_path, at_least=15) == old


def test_the_password_is_on_no_command_line(source: Source, tmp_path: Path) -> None:
    said = tmp_path / "said"
    spy = tmp_path / "pg_dump"
    spy.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "(PostgreSQL) 99" && exit\necho "$@" >> {said}\n')
    spy.chmod(0o755)
    with open_reader(source.url) as reader:
        dump_schema(source.url, reader.export(), reader.identity.server_version, tmp_path)
    assert "passfile=" in said.read_text()
    assert "only" not in said.read_text()
