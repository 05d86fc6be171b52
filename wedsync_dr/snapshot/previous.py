"""What was sealed of a scope before."""

from wedsync_dr.errors import Damaged, FormatUnsupported, ObjectMissing
from wedsync_dr.model import Manifest, ScopeId
from wedsync_dr.vault.archive import Archive


def newest_believed(archive: Archive, scope: ScopeId) -> Manifest | None:
    """The newest manifest that can be believed; a damaged one is verification's business, not a reason to stop."""
    try:
        return archive.newest(scope)
    except (Damaged, FormatUnsupported):
        return None


def require_keys(archive: Archive, scope: ScopeId, previous: Manifest | None) -> None:
    """A key that was sealed with before and that is gone is never replaced in silence: raises KeyMissing."""
    for manifest in (previous, _supplement(archive, scope)):
        for sealed in manifest.objects if manifest else ():
            archive.keyring.key(scope, sealed.key_id)


def _supplement(archive: Archive, scope: ScopeId) -> Manifest | None:
    """The newest supplement that the ledger names, where it can be read."""
    snapshot_id = archive.ledger.known().supplemented.get(scope)
    try:
        return archive.vault.supplements.manifest(scope, snapshot_id, archive.verifier) if snapshot_id else None
    except (Damaged, FormatUnsupported, ObjectMissing):
        return None
