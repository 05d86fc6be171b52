"""Something is amiss around the vault: said as what it is, with the step that helps."""

from pathlib import Path

import pytest

from wedsync_dr_tests.cli.conftest import EMMA, RULES, ZOE, Desk


def _forget(desk: Desk, snapshot_id: str) -> None:
    """Lose the manifest of one snapshot of Emma's wedding."""
    (desk.home / f".wedsync/vault/snapshots/wedding/{EMMA}/{snapshot_id}/manifest.json").unlink()


@pytest.mark.parametrize("command", [["restore"], ["snapshots"], ["show"]])
def test_a_wedding_whose_snapshots_are_gone_was_not_never_backed_up(ready: Desk, command: list[str]) -> None:
    _forget(ready, ready.json("snapshots", "--wedding", EMMA)["snapshots"][0]["snapshot_id"])
    error = ready.json(*command, "--wedding", EMMA, code=5)
    assert error["code"] == "ObjectMissing"
    assert "copy of the vault" in error["remedy"]


def test_a_newest_snapshot_that_is_gone_is_named_before_an_older_one_is_used(ready: Desk) -> None:
    first = ready.json("snapshots", "--wedding", EMMA)["snapshots"][0]["snapshot_id"]
    ready.sql("DELETE FROM guests WHERE id > 40")
    second = ready.json("snapshot", "--wedding", EMMA)["snapshots"][0]["snapshot_id"]
    _forget(ready, second)
    plan = ready.json("restore", "--wedding", EMMA)["plan"]
    assert plan["snapshot_id"] == first
    assert [(one["snapshot_id"], one["why"]) for one in plan["refused_snapshots"]] == [(second, "missing")]
    assert ready.json("restore", "--wedding", EMMA, "--snapshot", second, code=5)["code"] == "ObjectMissing"


def test_rules_without_weddings_are_refused_where_the_vault_has_some_and_scopes_say_so(ready: Desk) -> None:
    (ready.home / "rules.toml").write_text(RULES.replace('wedding = ["public.weddings"]', ""))
    assert "under [roots]" in ready.json("snapshot", "--all", code=2)["remedy"]
    assert any("no table stands for weddings" in warning for warning in ready.json("scopes")["warnings"])


@pytest.mark.parametrize("typo", ["nobody", "7", "1~2", "~public.guests~1"])
def test_an_id_that_no_key_can_be_stops_no_other_and_has_the_code_of_its_error(ready: Desk, typo: str) -> None:
    batch = ready.json("snapshot", "--wedding", typo, "--wedding", EMMA, code=3)
    assert [one["scope_id"] for one in batch["snapshots"]] == [EMMA]
    assert [(one["scope_id"], one["code"]) for one in batch["failed"]] == [(typo, "ScopeNotFound")]


def test_an_export_to_where_no_folder_can_be_is_misuse(ready: Desk) -> None:
    Path("taken").write_text("a file")
    assert "taken" in ready.json("export", "--wedding", EMMA, "--to", "taken/files", code=2)["error"]


def test_one_broken_entry_hides_no_other_from_the_list(ready: Desk) -> None:
    before = ready.json("ledger", "list")["entries"]
    entry = sorted((ready.home / ".wedsync/vault/ledger").iterdir())[1]
    entry.chmod(0o600)
    entry.write_text("{}")
    after = ready.json("ledger", "list")
    assert after["entries"] == [one for one in before if one["sequence"] != 1]
    assert after["findings"] > 0


@pytest.mark.parametrize("command", [["restore"], ["diff"], ["show"], ["hold", "--reason", "a case"]])
def test_a_scope_that_is_named_twice_does_not_silently_replace_the_first(ready: Desk, command: list[str]) -> None:
    error = ready.json(*command, "--wedding", EMMA, "--wedding", ZOE, code=2)
    assert "2 times" in error["error"]


def test_instants_in_the_wrong_order_are_misuse(ready: Desk) -> None:
    times = ("--as-of", "2027-01-02T00:00:00Z", "--to", "2027-01-01T00:00:00Z")
    assert "before" in ready.json("diff", "--wedding", EMMA, *times, code=2)["error"]


@pytest.mark.parametrize("command", ["restore", "show"])
def test_a_lost_key_is_not_called_damage_and_its_copy_is_sent_for(ready: Desk, command: str) -> None:
    (ready.home / f".wedsync/keyring/wedding/{EMMA}").rename(ready.home / "lost")
    error = ready.json(command, "--wedding", EMMA, code=5)
    assert error["code"] == "KeyMissing"
    assert "copy of the keyring" in error["remedy"]
    assert not (ready.home / f".wedsync/keyring/wedding/{EMMA}").exists()
