"""`initialise`: what it makes, and what it refuses to make."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wedsync_dr.errors import KeyMissing, KeyRefused, NotInitialised, VaultUnavailable
from wedsync_dr.initialise import initialise
from wedsync_dr.model import Kind, RowClass, ScopeId
from wedsync_dr.settings import Settings, open_archive
from wedsync_dr.vault.vault import Vault
from wedsync_dr_tests.store_contract import FullStore
from wedsync_dr_tests.test_settings import settings_in

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
WEDDING = ScopeId(Kind.WEDDING, "w1")


def test_before_init_there_is_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(NotInitialised, match="vault") as refused:
        open_archive(settings_in(tmp_path))
    assert "wedsync-dr init" in refused.value.remedy


def test_init_makes_everything_once_and_finds_it_the_second_time(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert [(part.name, part.created) for part in initialise(settings, NOW)] == [
        ("root key", True),
        ("keyring", True),
        ("vault", True),
    ]
    before = _files(tmp_path)
    assert [part.created for part in initialise(settings, NOW)] == [False, False, False]
    assert _files(tmp_path) == before
    archive = open_archive(settings)
    assert archive.verifier.verify(b"words", archive.signer.sign(b"words"))


def test_init_finishes_what_an_interrupted_one_began(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    initialise(settings, NOW)
    (tmp_path / "vault" / "format.json").unlink()
    assert [part.created for part in initialise(settings, NOW)] == [False, False, True]


def test_the_root_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    initialise(settings_in(tmp_path), NOW)
    assert stat.S_IMODE((tmp_path / "keys" / "root.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_no_new_keyring_is_made_for_a_vault_that_has_one(tmp_path: Path) -> None:
    initialise(settings_in(tmp_path), NOW)
    elsewhere = settings_in(tmp_path, WEDSYNC_KEYRING_URL=(tmp_path / "other").as_uri())
    with pytest.raises(KeyMissing, match="vault exists"):
        initialise(elsewhere, NOW)
    assert not (tmp_path / "other").exists()


def test_no_new_root_key_is_made_for_a_keyring_that_has_one(tmp_path: Path) -> None:
    initialise(settings_in(tmp_path), NOW)
    root = tmp_path / "other.key"
    with pytest.raises(KeyMissing, match="keyring exists"):
        initialise(settings_in(tmp_path, WEDSYNC_ROOT_KEY=root.as_uri()), NOW)
    assert not root.exists()


def test_another_root_key_is_refused_by_init_and_by_everything_else(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    initialise(settings, NOW)
    initialise(settings_in(tmp_path / "second"), NOW)
    other = settings_in(tmp_path, WEDSYNC_ROOT_KEY=(tmp_path / "second" / "keys" / "root.key").as_uri())
    for refused in (lambda: initialise(other, NOW), lambda: open_archive(other)):
        with pytest.raises(KeyRefused):
            refused()


def test_no_empty_vault_is_made_where_the_keyring_has_one_unless_it_is_asked_for(tmp_path: Path) -> None:
    settings = _used(tmp_path)
    elsewhere = settings_in(tmp_path, WEDSYNC_VAULT_URL=(tmp_path / "not mounted").as_uri())
    with pytest.raises(NotInitialised, match="no vault") as refused:
        initialise(elsewhere, NOW)
    assert "--new-vault" in refused.value.remedy
    assert not (tmp_path / "not mounted").exists()
    assert [part.created for part in initialise(elsewhere, NOW, new_vault=True)] == [False, False, True]
    open_archive(settings)


@pytest.mark.parametrize("lost", ["keyring", "keys"])
def test_a_used_vault_whose_keys_are_gone_sends_for_their_copy_and_not_for_new_ones(tmp_path: Path, lost: str) -> None:
    settings = _used(tmp_path)
    (tmp_path / lost).rename(tmp_path / "lost")
    with pytest.raises(KeyMissing, match="only its own keys open") as refused:
        open_archive(settings)
    assert "copy" in refused.value.remedy


def test_the_keyring_of_another_vault_is_refused_before_anything_is_appended(tmp_path: Path) -> None:
    _used(tmp_path)
    _used(tmp_path / "second")
    mixed = settings_in(tmp_path / "second", WEDSYNC_VAULT_URL=(tmp_path / "vault").as_uri())
    before = _files(tmp_path / "vault")
    for refused in (lambda: initialise(mixed, NOW), lambda: open_archive(mixed)):
        with pytest.raises(KeyRefused, match="another vault"):
            refused()
    assert _files(tmp_path / "vault") == before


def test_one_damaged_entry_does_not_make_a_keyring_another_vaults(tmp_path: Path) -> None:
    settings = _used(tmp_path)
    first = tmp_path / "vault" / "ledger" / f"{0:012d}.json"
    first.chmod(0o600)
    first.write_bytes(b"{}")
    open_archive(settings)


def test_a_vault_that_cannot_be_written_is_not_set_up(tmp_path: Path) -> None:
    settings = _used(tmp_path)
    with pytest.raises(VaultUnavailable):
        Vault(FullStore(open_archive(settings).vault.store, room=100)).require_writable(NOW)
    before = _files(tmp_path)
    initialise(settings, NOW)
    assert _files(tmp_path) == before


def _used(home: Path) -> Settings:
    """Set up, with a key that sealed something and two ledger entries."""
    settings = settings_in(home)
    initialise(settings, NOW)
    archive = open_archive(settings)
    archive.keyring.newest(WEDDING, RowClass.PERSONAL, NOW)
    for batch in "12":
        archive.ledger.append("batch-started", {"batch": batch}, NOW)
    return settings


def _files(home: Path) -> dict[str, bytes]:
    found = (Path(folder) / name for folder, _, names in os.walk(home) for name in names)
    return {str(path.relative_to(home)): path.read_bytes() for path in found}
