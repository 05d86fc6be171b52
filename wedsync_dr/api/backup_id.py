"""`backupId`: a snapshot on the wire. All snapshots of a batch share one id, so their scope belongs to it."""

import re

from wedsync_dr.api.caller import Caller
from wedsync_dr.api.problems import not_found
from wedsync_dr.errors import MalformedId
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.vault.vault import SnapshotRef

EXAMPLE = "wedding:6f1c7e42-0000-4000-8000-00000000000a:20261124T090000.000000Z-1f2e3d4c"
_PARTS = re.compile(r"(wedding|vendor|platform|schema):([^:]+):(\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8})\Z")


def backup_id(scope: ScopeId, snapshot_id: str) -> str:
    """The name of a snapshot on the wire."""
    return f"{scope.kind.value}:{scope.id}:{snapshot_id}"


def existing_backup(caller: Caller, text: str) -> SnapshotRef:
    """The snapshot that a request names, if there is one: by the newest view, else by its manifest, as it may be newer.

    Raises the one refusal of what is not there.
    """
    ref = named_backup(caller, text)
    listed = caller.site.standing.view().listing.has(ref.scope, ref.snapshot_id)
    if not listed and caller.site.manifests.get(ref.scope, ref.snapshot_id) is None:
        raise not_found()
    return ref


def named_backup(caller: Caller, text: str) -> SnapshotRef:
    """The snapshot that a request names, if the caller may know of its scope; whether there is one is not looked at.

    Raises the one refusal of what is not there, also where the text names no snapshot.
    """
    found = _PARTS.match(text)
    if found is None:
        raise not_found()
    try:
        scope = ScopeId(Kind(found[1]), found[2])
    except MalformedId:
        raise not_found() from None
    caller.require(scope)
    return SnapshotRef(scope, found[3])
