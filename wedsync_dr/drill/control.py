"""The damaged control: a drill that accepts it has proven nothing."""

from collections.abc import Iterator

from wedsync_dr.errors import Damaged, VaultUnavailable
from wedsync_dr.model import ScopeId
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.store import ObjectInfo, ObjectStore
from wedsync_dr.vault.vault import Vault


class AlteredStore:
    """A store in which one bit in the middle of each object of one snapshot is flipped. It cannot be written to."""

    def __init__(self, store: ObjectStore, altered: str) -> None:
        self._store, self._altered = store, altered

    def get(self, key: str) -> bytes:
        data = self._store.get(key)
        if not (data and self._altered in key and key.endswith(".parquet")):
            return data
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]

    def stat(self, key: str) -> ObjectInfo | None:
        return self._store.stat(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._store.list(prefix)

    def put(self, key: str, data: bytes) -> None:  # noqa: ARG002
        raise _read_only()

    def delete(self, key: str) -> None:  # noqa: ARG002
        raise _read_only()


def _read_only() -> VaultUnavailable:
    return VaultUnavailable("A damaged copy is only read.", remedy="This is a defect of wedsync_dr; report it.")


def refuses_damage(archive: Archive, scope: ScopeId, snapshot_id: str) -> bool:
    """Whether the code that a restore begins with refuses a copy of a snapshot in which one bit is flipped."""
    altered = Vault(AlteredStore(archive.vault.store, f"/{scope.kind.value}/{scope.id}/{snapshot_id}/"))
    try:
        resolve(Archive.open(altered, archive.keyring), scope, snapshot_id=snapshot_id)
    except Damaged:
        return True
    return False
