"""The last verification is known afterwards, and a vault that cannot be written is verified all the same."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from wedsync_dr.errors import VaultUnavailable
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger import Ledger
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.store import ObjectInfo
from wedsync_dr.verification.record import verify_on_record
from wedsync_dr_tests import town


class ReadOnly:
    """A store on a disk that is mounted read-only."""

    def __init__(self, directory: Path) -> None:
        self._store = LocalStore(directory)

    def put(self, key: str, data: bytes) -> None:
        raise VaultUnavailable("The file system is read-only.", remedy="Mount it for writing.")

    def get(self, key: str) -> bytes:
        return self._store.get(key)

    def stat(self, key: str) -> ObjectInfo | None:
        return self._store.stat(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._store.list(prefix)

    def delete(self, key: str) -> None:
        raise VaultUnavailable("The file system is read-only.", remedy="Mount it for writing.")


def known(archive: Archive) -> list[dict[str, Any]]:
    return archive.ledger.known().verifications


def damage(home: Path, number: int) -> None:
    path = next((home / f"vault/snapshots/wedding/{number}").rglob("*.parquet"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1])


def test_the_ledger_has_what_was_read_by_whom_and_that_nothing_was_wrong(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    done = verify_on_record(archive, now=town.NOW, requested_by="a test")
    (body,) = known(archive)
    assert body == {
        "at": "2026-11-24T09:00:00.000000Z",
        "verified_at": "2026-11-24T09:00:00.000000Z",
        "requested_by": "a test",
        "whole": True,
        "checked": done.checked,
        "bytes": done.bytes,
        "findings": {},
        "scopes": [],
    }
    assert done.checked > 0


def test_the_ledger_has_codes_and_scopes_of_what_is_wrong(source: Source, archive: Archive, tmp_path: Path) -> None:
    town.take_all(source, archive)
    damage(tmp_path, 3)
    verify_on_record(archive, now=town.NOW, requested_by="a test")
    (body,) = known(archive)
    assert (body["findings"], body["scopes"]) == ({"altered": 1}, ["wedding/3"])


def test_part_of_the_vault_that_is_intact_does_not_stand_for_the_whole(
    source: Source, archive: Archive, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    damage(tmp_path, 3)
    verify_on_record(archive, now=town.NOW, requested_by="whole")
    verify_on_record(archive, [town.wedding(4)], now=town.NOW, requested_by="intact part")
    verify_on_record(archive, [town.wedding(3)], now=town.NOW, requested_by="damaged part")
    assert [body["requested_by"] for body in known(archive)] == ["whole", "damaged part"]


def test_a_vault_that_cannot_be_written_is_verified_all_the_same(
    source: Source, archive: Archive, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    frozen = replace(archive, ledger=Ledger(ReadOnly(tmp_path / "vault"), archive.signer, archive.verifier))
    assert verify_on_record(frozen, now=town.NOW, requested_by="a test").intact
    assert known(archive) == []
