"""The runbook's "Point it at a database it has never seen", word by word, on a schema nobody designed."""

from pathlib import Path

import pytest

from wedsync_dr_tests import nobody
from wedsync_dr_tests.cli.conftest import Desk

ROOTS = [
    "--wedding-root",
    "public.weddings",
    "--vendor-root",
    "public.organizations",
    "--vendor-root",
    "public.suppliers",
]


@pytest.fixture
def stranger(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with the address of a database, and nothing else."""
    monkeypatch.chdir(tmp_path)
    nobody.build(database)
    (tmp_path / ".env").write_text(f"WEDSYNC_SOURCE_URL='{database}'\n")
    return Desk(tmp_path, database)


def test_a_database_that_was_never_seen_is_looked_at_described_protected_and_brought_back(stranger: Desk) -> None:
    source = nobody.at(stranger.url)
    before, rows = nobody.state(source), nobody.count(source)
    first = stranger.run("scopes")
    assert "wedding: public.weddings; vendor: public.organizations, public.suppliers" in first.stderr
    assert f"{rows} rows, each with one owner" in first.stdout
    assert stranger.json("scopes", *ROOTS)["tables"] == stranger.json("scopes")["tables"]
    stranger.done("scopes", "--suggest", "--output", "rules.toml", *ROOTS)
    again = stranger.json("scopes")
    assert sum(sum(table["rows"].values()) for table in again["tables"]) == rows
    stranger.done("init")
    taken = stranger.json("snapshot", "--all")
    assert (taken["failed"], sum(one["rows"] for one in taken["snapshots"] if one["kind"] != "schema")) == ([], rows)
    assert stranger.json("verify")["findings"] == []
    stranger.sql(
        "SET session_replication_role = replica; DELETE FROM odd.clicks WHERE wedding = 1; DELETE FROM odd.wide"
    )
    for scope in (["--wedding", "1"], ["--platform", "odd.wide"]):
        assert stranger.json("restore", *scope, "--mode", "replace", "--apply")["verified"]
    assert nobody.state(source) == before
