"""Manifests, read once and kept: they never change."""

from functools import lru_cache

from wedsync_dr.errors import Damaged, FormatUnsupported, ObjectMissing
from wedsync_dr.model import Manifest, ScopeId
from wedsync_dr.vault.archive import Archive

_KEPT = 10_000


class Manifests:
    """Reads manifests of a vault. Whether they still lie there as they were is for a verification to say."""

    def __init__(self, archive: Archive) -> None:
        def read(scope: ScopeId, snapshot_id: str) -> Manifest:
            return archive.vault.manifest(scope, snapshot_id, archive.verifier)

        self._read = lru_cache(_KEPT)(read)

    def get(self, scope: ScopeId, snapshot_id: str) -> Manifest | None:
        """A manifest whose signature holds; None where it is missing or damaged. Raises VaultUnavailable."""
        try:
            return self._read(scope, snapshot_id)
        except (Damaged, ObjectMissing, FormatUnsupported):
            return None
