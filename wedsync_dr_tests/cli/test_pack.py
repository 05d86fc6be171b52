"""Emergency packs as an operator makes and hands them out."""

from pathlib import Path

import pytest

from wedsync_dr_tests.cli.conftest import EMMA, SECRET_NAME, ZOE, Desk, damage
from wedsync_dr_tests.fixtures import tmp_path
from wedsync_dr_tests.pack.paper import read

__all__ = ["tmp_path"]

_MAPPED = """
[pack.wedding]
title = "couple"
[pack.guests]
table = "public.guests"
id = "id"
name = "name"
[pack.vendors]
table = "public.bookings"
name = "vendor_id.name"
"""
_WHY = ("--as", "A. Smith", "--reason", "no network")


@pytest.fixture
def mapped(ready: Desk) -> Desk:
    """A desk whose rules say where things are, with a wedding the day after tomorrow."""
    rules = ready.home / "rules.toml"
    rules.write_text(rules.read_text() + _MAPPED)
    ready.sql("UPDATE weddings SET wedding_date = current_date + 2 WHERE id = 'EMMA'")
    ready.done("snapshot", "--wedding", EMMA)
    return ready


def test_a_pack_is_made_fetched_and_opened_with_the_passphrase_that_is_told(mapped: Desk) -> None:
    (made,) = mapped.json("pack", "--wedding", EMMA)["packs"]
    assert (made["scope_id"], made["file"]) == (EMMA, None)
    got = mapped.done("pack", "get", "--wedding", EMMA, "--out", "emma.pdf")
    assert made["pack_id"] in got
    told = mapped.done("pack", "passphrase", "--wedding", EMMA, *_WHY).strip()
    file = mapped.home / "emma.pdf"
    text = read(file.read_bytes(), told).text.replace("\n", " ")
    assert SECRET_NAME in text
    assert "Roses & Co" in text and "This platform has no table for timeline" in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_was_told_and_why_is_in_the_ledger_and_the_passphrase_is_not(mapped: Desk) -> None:
    mapped.done("pack", "--wedding", EMMA)
    told = mapped.json("pack", "passphrase", "--wedding", EMMA, *_WHY, "--role", "responder")["passphrase"]
    last = mapped.json("ledger", "list", "--last", "1")["entries"][0]
    assert last["event"] == "pack-opened"
    assert {name: last["body"][name] for name in ("id", "by", "role", "reason")} == {
        "id": EMMA, "by": "A. Smith", "role": "responder", "reason": "no network",
    }  # fmt: skip
    files = [path for path in mapped.home.rglob("*") if path.is_file()]
    assert not any(told.encode() in path.read_bytes() for path in files)


def test_near_weddings_get_one_and_only_again_when_there_is_a_newer_recovery_point(mapped: Desk) -> None:
    listed = mapped.json("pack", "list", code=4)["packs"]
    assert [(one["scope_id"], one["fresh"], one["why"]) for one in listed] == [(EMMA, False, "There is no pack.")]
    first = mapped.json("pack", "--all-within-days", "--out", "packs")
    assert [one["scope_id"] for one in first["packs"]] == [EMMA]
    assert (mapped.home / "packs" / f"{EMMA}.pdf").read_bytes().startswith(b"%PDF")
    assert [one["fresh"] for one in mapped.json("pack", "list")["packs"]] == [True]
    assert mapped.json("pack", "--all-within-days", "7")["packs"] == []
    mapped.sql("UPDATE weddings SET couple = 'Emma and Noah' WHERE id = 'EMMA'")
    mapped.done("snapshot", "--wedding", EMMA)
    assert len(mapped.json("pack", "--all-within-days", "7")["packs"]) == 1


def test_a_settled_weddings_pack_is_removed(mapped: Desk) -> None:
    mapped.done("pack", "--wedding", EMMA)
    mapped.sql("UPDATE weddings SET wedding_date = current_date - 30 WHERE id = 'EMMA'")
    assert mapped.json("pack", "--all-within-days")["removed"] == [EMMA]
    assert mapped.run("pack", "get", "--wedding", EMMA, "--out", "x.pdf").exit_code == 6


def test_packs_are_made_while_the_platform_is_down(mapped: Desk) -> None:
    mapped.done("snapshot", "--all")
    (mapped.home / ".env").write_text("WEDSYNC_SOURCE_URL='postgresql://nobody@127.0.0.1:1/gone'\n")
    ended = mapped.run("pack", "--all-within-days", "3")
    assert ended.exit_code == 0, ended.output
    assert f"wedding/{EMMA}: " in ended.stdout
    assert "those that were last sealed" in ended.stderr


def test_one_that_fails_does_not_stop_the_others(mapped: Desk) -> None:
    damage(mapped.objects("wedding", ZOE)[-1])
    done = mapped.json("pack", "--wedding", EMMA, "--wedding", ZOE, code=3)
    assert [one["scope_id"] for one in done["packs"]] == [EMMA]
    assert [(one["scope_id"], one["code"]) for one in done["failed"]] == [(ZOE, "Damaged")]


def test_a_damaged_pack_is_listed_with_what_is_wrong_and_verify_names_it(mapped: Desk) -> None:
    mapped.done("pack", "--wedding", EMMA)
    (sealed,) = (mapped.home / ".wedsync" / "vault" / "packs" / EMMA).glob("*.pdf")
    damage(sealed)
    (listed,) = mapped.json("pack", "list", code=4)["packs"]
    assert "not what its record says" in listed["why"]
    found = mapped.json("verify", "--wedding", EMMA, code=4)["findings"]
    assert [(one["code"], str(one["object"])[:5]) for one in found] == [("altered", "pack/")]


def test_a_mapping_that_makes_no_sense_is_refused_with_the_nearest_spelling(ready: Desk) -> None:
    rules = ready.home / "rules.toml"
    rules.write_text(rules.read_text() + '[pack.gests]\ntable = "public.guests"\n')
    failed = ready.json("pack", "--wedding", EMMA, code=2)["failed"]
    assert [(one["code"], one["remedy"]) for one in failed] == [("RulesInvalid", "Did you mean 'guests'?")]


_WRONG = (
    ("pack",),
    ("pack", "--wedding", EMMA, "--all-within-days"),
    ("pack", "--wedding", EMMA, "list"),
    ("pack", "passphrase", "--wedding", EMMA, "--as", "A. Smith"),
    ("pack", "passphrase", "--wedding", EMMA, "--as", " ", "--reason", "r"),
    ("pack", "passphrase", "--wedding", EMMA, *_WHY, "--role", "chef"),
)


def test_what_is_typed_wrongly_does_nothing(ready: Desk) -> None:
    assert [ready.run(*typed).exit_code for typed in _WRONG] == [2] * len(_WRONG)
    assert not Path(ready.home / ".wedsync" / "vault" / "packs").exists()
