"""The commands that read what was stored, on a real PostgreSQL."""

import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from wedsync_dr_tests.cli.conftest import EMMA, ROSES, ZOE, Desk, damage


def test_show_prints_tables_and_a_table_as_a_data_frame(ready: Desk) -> None:
    tables = ready.json("show", "--wedding", EMMA)["tables"]
    assert {table["table"]: table["rows"] for table in tables} == {
        "public.weddings": 1,
        "public.guests": 51,
        "public.bookings": 1,
    }
    booking = ready.json("show", "--wedding", EMMA, "--table", "bookings")
    values = dict(zip([column["name"] for column in booking["columns"]], booking["rows"][0], strict=True))
    assert values == {"id": "1", "wedding_id": EMMA, "vendor_id": ROSES, "price": "1200.50"}
    assert len(ready.json("show", "--wedding", EMMA, "--table", "guests", "--rows", "3")["rows"]) == 3
    assert "20 of 51 rows" in ready.done("show", "--wedding", EMMA, "--table", "guests")


def test_show_lets_no_guest_steer_the_terminal(ready: Desk) -> None:
    text = ready.done("show", "--wedding", ZOE, "--table", "guests")
    assert r"tab\tand \x1b[2J newline\n" in text
    assert "\x1b" not in text


def test_show_and_export_as_of_an_instant_read_the_recovery_point_of_then(ready: Desk) -> None:
    first = ready.json("snapshots", "--wedding", EMMA)["snapshots"][0]
    ready.sql("DELETE FROM guests WHERE id > 40")
    ready.done("snapshot", "--wedding", EMMA)
    for command in (["show"], ["export", "--to", "out"]):
        assert ready.json(*command, "--wedding", EMMA)["snapshot_id"] != first["snapshot_id"]
        assert (
            ready.json(*command, "--wedding", EMMA, "--as-of", first["taken_at"])["snapshot_id"] == first["snapshot_id"]
        )


def test_show_of_an_absent_table_names_those_that_are_there(ready: Desk) -> None:
    error = ready.json("show", "--wedding", EMMA, "--table", "gests", code=6)
    assert "public.guests" in error["remedy"]


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_export_writes_a_file_per_table_for_its_owner_alone(ready: Desk, file_format: str) -> None:
    files = [
        Path(name) for name in ready.json("export", "--wedding", EMMA, "--to", "out", "--format", file_format)["files"]
    ]
    assert {path.name for path in files} == {
        f"public.{name}.{file_format}" for name in ("weddings", "guests", "bookings")
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    if file_format == "parquet":
        assert pq.ParquetFile(Path("out") / "public.guests.parquet").metadata.num_rows == 51
    assert "not encrypted" in ready.done("export", "--wedding", EMMA, "--to", "again")
    only = ready.json("export", "--wedding", EMMA, "--to", "some", "--tables", "guests")
    assert [Path(name).name for name in only["files"]] == ["public.guests.parquet"]


def test_verify_of_an_intact_vault_is_done_and_counts_what_it_read(ready: Desk) -> None:
    document = ready.json("verify")
    assert (document["checked"], document["findings"]) == (9, [])
    assert document["bytes"] == sum(path.stat().st_size for path in (ready.home / ".wedsync").rglob("*.parquet"))
    assert "intact" in ready.done("verify")


def test_verify_names_a_flipped_bit_and_nothing_else(ready: Desk) -> None:
    broken = ready.objects()[0]
    damage(broken)
    findings = ready.json("verify", code=4)["findings"]
    assert [(one["code"], one["scope_id"], one["object"]) for one in findings] == [("altered", EMMA, broken.name)]
    assert set(findings[0]) == {"code", "kind", "scope_id", "snapshot_id", "object", "detail"}
    ended = ready.run("verify")
    assert ended.exit_code == 4
    assert "docs/runbook.md" in ended.stdout
    assert ready.run("verify", "--wedding", ZOE).exit_code == 0
    assert ready.run("verify", "--wedding", EMMA).exit_code == 4


def test_verify_of_nothing_is_a_finding(desk: Desk) -> None:
    desk.done("init")
    document = desk.json("verify", code=4)
    assert document["checked"] == 0
    assert [one["code"] for one in document["findings"]] == ["nothing-checked"]
    desk.done("snapshot", "--wedding", EMMA)
    assert [one["code"] for one in desk.json("verify", "--platform", code=4)["findings"]] == ["nothing-checked"]


def test_the_ledger_is_listed_and_checked(ready: Desk) -> None:
    entries = ready.json("ledger", "list")["entries"]
    assert [entry["sequence"] for entry in entries] == list(range(len(entries)))
    assert "batch-finished" in {entry["event"] for entry in entries}
    assert ready.json("ledger", "list", "--last", "1")["entries"] == entries[-1:]
    assert "unbroken" in ready.done("ledger", "check")
    assert ready.json("ledger", "check") == {"entries": len(entries), "findings": []}
    damage(next((ready.home / ".wedsync" / "vault" / "ledger").iterdir()))
    assert {one["code"] for one in ready.json("ledger", "check", code=4)["findings"]} == {"ledger-broken"}
    assert ready.run("ledger", "check").exit_code == 4
