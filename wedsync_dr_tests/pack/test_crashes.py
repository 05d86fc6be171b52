"""The power fails at any write of a pack: nothing half-made is handed out, and the next run mends what is left."""

from pathlib import Path

import pytest

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import FindingCode, ScopeId
from wedsync_dr.pack.store import document, make, newest
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.vault import Vault
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town
from wedsync_dr_tests.pack.conftest import NOW, RULES


class PowerFailed(BaseException):
    """Nobody catches it."""


class Failing(LocalStore):
    """A directory whose power fails instead of a write or a removal."""

    writes = 10**9

    def _one(self) -> None:
        self.writes -= 1
        if self.writes < 0:
            raise PowerFailed

    def put(self, key: str, data: bytes) -> None:
        self._one()
        super().put(key, data)

    def delete(self, key: str) -> None:
        self._one()
        super().delete(key)


@pytest.mark.parametrize(("writes", "newer"), [(0, False), (1, False), (2, False), (3, True), (4, True)])
def test_a_pack_is_the_old_one_or_the_new_one_or_said_to_be_missing(
    own: Archive, wedding: ScopeId, tmp_path: Path, writes: int, newer: bool
) -> None:
    before = make(own, wedding, RULES, now=NOW, requested_by="test").record.ref
    store = Failing(tmp_path / "own" / "vault")
    dying = Archive.open(Vault(store), town.reopened(tmp_path / "own").keyring)
    store.writes = writes
    with pytest.raises(PowerFailed):
        make(dying, wedding, RULES, now=NOW, requested_by="test")
    after = town.reopened(tmp_path / "own")
    codes = {one.code for one in verify(after, [wedding]).findings}
    assert codes == ({FindingCode.MISSING} if writes == 2 else set())
    try:
        assert (newest(after, wedding).ref != before) == newer
        assert document(after, newest(after, wedding)).startswith(b"%PDF")
    except DisasterRecoveryError:
        assert writes == 2
    make(after, wedding, RULES, now=NOW, requested_by="test")
    assert not verify(after, [wedding]).findings
    assert len(list((tmp_path / "own" / "vault" / "packs" / wedding.id).iterdir())) == 2
