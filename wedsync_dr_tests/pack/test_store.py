"""Packs in the vault: sealed, signed, in the ledger, gone with the wedding's key; and who was told what opens them."""

import logging
from pathlib import Path

import pytest

from wedsync_dr.errors import Damaged, KeyMissing, ScopeNotFound
from wedsync_dr.model import FindingCode, ScopeId
from wedsync_dr.pack.passphrase import ALPHABET, new_passphrase
from wedsync_dr.pack.store import discard, document, hand_out, make, newest
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.packs import Packs
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town
from wedsync_dr_tests.cli.conftest import damage
from wedsync_dr_tests.pack.conftest import NOW, RULES
from wedsync_dr_tests.pack.paper import Locked, read


def _made(archive: Archive, wedding: ScopeId) -> str:
    """Make a pack, and be told its passphrase."""
    make(archive, wedding, RULES, now=NOW, requested_by="test")
    return _told(archive, wedding)


def _told(archive: Archive, wedding: ScopeId) -> str:
    record = newest(archive, wedding)
    return hand_out(archive, record, by="Ada", role="coordinator", reason="no network", requested_by="t", now=NOW)


def _files(tmp_path: Path, wedding: ScopeId, ending: str) -> list[Path]:
    return sorted((tmp_path / "own" / "vault" / "packs" / wedding.id).glob(f"*.{ending}"))


def test_a_pack_opens_with_its_passphrase_and_with_no_other(own: Archive, wedding: ScopeId) -> None:
    passphrase = _made(own, wedding)
    data = document(own, newest(own, wedding))
    assert read(data, passphrase).pages
    for wrong in ("", passphrase.lower(), passphrase[:-1], new_passphrase()):
        with pytest.raises(Locked):
            read(data, wrong)


def test_a_passphrase_is_a_hundred_bits_that_can_be_read_out() -> None:
    found = {new_passphrase() for _ in range(200)}
    assert len(found) == 200
    assert len(ALPHABET) == 32 and not set("01IO") & set(ALPHABET)
    assert all([len(group) for group in one.split("-")] == [4] * 5 for one in found)


def test_with_the_weddings_personal_key_its_pack_is_gone(own: Archive, wedding: ScopeId, tmp_path: Path) -> None:
    _made(own, wedding)
    (tmp_path / "own" / "keyring" / "wedding" / wedding.id / "personal-1.json").unlink()
    erased = town.reopened(tmp_path / "own")
    record = newest(erased, wedding)
    with pytest.raises(KeyMissing):
        document(erased, record)
    with pytest.raises(KeyMissing):
        hand_out(erased, record, by="Ada", role="coordinator", reason="r", requested_by="t", now=NOW)
    with pytest.raises(KeyMissing):
        make(erased, wedding, RULES, now=NOW, requested_by="test")
    assert not (tmp_path / "own" / "keyring" / "wedding" / wedding.id / "personal-1.json").exists()


def test_what_lies_in_the_vault_is_no_document(own: Archive, wedding: ScopeId, tmp_path: Path) -> None:
    _made(own, wedding)
    (sealed,) = _files(tmp_path, wedding, "pdf")
    assert not sealed.read_bytes().startswith(b"%PDF")


def test_a_new_pack_takes_the_place_of_the_one_before(own: Archive, wedding: ScopeId, tmp_path: Path) -> None:
    first = _made(own, wedding)
    sent = newest(own, wedding)
    assert _made(own, wedding) == first
    assert newest(own, wedding).ref != sent.ref
    assert [len(_files(tmp_path, wedding, ending)) for ending in ("pdf", "json")] == [1, 1]


def test_a_pack_that_was_sent_opens_with_the_passphrase_that_is_told_after_a_newer_one(
    own: Archive, wedding: ScopeId
) -> None:
    make(own, wedding, RULES, now=NOW, requested_by="test")
    sent = document(own, newest(own, wedding))
    told = _made(own, wedding)
    assert read(sent, told).pages
    assert read(document(own, newest(own, wedding)), told).pages


def test_a_discarded_pack_ends_its_passphrase_also_where_its_files_are_put_back(
    own: Archive, wedding: ScopeId, tmp_path: Path
) -> None:
    first = _made(own, wedding)
    before = {path: path.read_bytes() for ending in ("pdf", "json") for path in _files(tmp_path, wedding, ending)}
    assert discard(own, wedding, reason="leaked", requested_by="test", now=NOW)
    for path, data in before.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert _made(own, wedding) != first


def test_a_pack_whose_record_is_damaged_is_followed_by_one_with_a_new_passphrase(
    own: Archive, wedding: ScopeId, tmp_path: Path
) -> None:
    first = _made(own, wedding)
    damage(_files(tmp_path, wedding, "json")[0])
    assert _made(own, wedding) != first


@pytest.mark.parametrize(("ending", "code"), [("pdf", FindingCode.ALTERED), ("json", FindingCode.UNSIGNED)])
def test_a_damaged_pack_is_named_and_not_handed_out(
    own: Archive, wedding: ScopeId, tmp_path: Path, ending: str, code: FindingCode
) -> None:
    _made(own, wedding)
    damage(_files(tmp_path, wedding, ending)[0])
    findings = [one for one in verify(own, [wedding]).findings if one.object and one.object.startswith("pack/")]
    assert [(one.code, one.scope) for one in findings] == [(code, wedding)]
    with pytest.raises(Damaged):
        newest(own, wedding)


@pytest.mark.parametrize("ending", ["pdf", "json"])
def test_a_pack_that_the_ledger_names_and_that_is_gone_is_missing(
    own: Archive, wedding: ScopeId, tmp_path: Path, ending: str
) -> None:
    _made(own, wedding)
    _files(tmp_path, wedding, ending)[0].unlink()
    findings = [one for one in verify(own, [wedding]).findings if one.object and one.object.startswith("pack/")]
    assert [one.code for one in findings] == [FindingCode.MISSING]


def test_a_pack_of_before_in_the_place_of_the_newest_is_found(own: Archive, wedding: ScopeId, tmp_path: Path) -> None:
    _made(own, wedding)
    before = {path: path.read_bytes() for ending in ("pdf", "json") for path in _files(tmp_path, wedding, ending)}
    _made(own, wedding)
    Packs(own.vault.store).discard(wedding)
    for path, data in before.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with pytest.raises(Damaged):
        newest(own, wedding)


def test_intact_packs_are_no_finding_and_no_foreign_files(own: Archive, wedding: ScopeId) -> None:
    _made(own, wedding)
    assert not verify(own, [wedding]).findings
    assert not list(own.vault.foreign())


def test_the_ledger_says_who_was_told_the_passphrase_before_anybody_is(own: Archive, wedding: ScopeId) -> None:
    _made(own, wedding)
    packed, opened = list(own.ledger.entries())[-2:]
    assert (packed.event, opened.event) == ("packed", "pack-opened")
    assert {name: opened.body[name] for name in ("by", "role", "reason")} == {
        "by": "Ada", "role": "coordinator", "reason": "no network",
    }  # fmt: skip


def test_a_wedding_without_a_pack_is_said_to_have_none(own: Archive, wedding: ScopeId) -> None:
    with pytest.raises(ScopeNotFound):
        newest(own, wedding)
    assert not discard(own, wedding, reason="r", requested_by="t", now=NOW)


def test_a_discarded_pack_is_gone_and_not_missed(own: Archive, wedding: ScopeId, tmp_path: Path) -> None:
    _made(own, wedding)
    assert discard(own, wedding, reason="settled", requested_by="t", now=NOW)
    assert not _files(tmp_path, wedding, "pdf") and not _files(tmp_path, wedding, "json")
    assert not verify(own, [wedding]).findings


def test_neither_passphrase_nor_names_show_anywhere(
    own: Archive, wedding: ScopeId, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = make(own, wedding, RULES, now=NOW, requested_by="test")
    passphrase = _told(own, wedding)
    mark = f"w{wedding.key[:8]}"
    shown = [caplog.text, repr(made), repr(made.record), repr(newest(own, wedding))]
    for path in (tmp_path / "own").rglob("*"):
        shown += [path.name, path.read_bytes().decode("latin-1") if path.is_file() else ""]
    assert not any(secret in text for text in shown for secret in (passphrase, mark))
