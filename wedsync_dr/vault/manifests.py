"""Manifests as canonical JSON with an Ed25519 signature; `docs/format.md` specifies every field."""

import base64
import hashlib
from typing import Any

from wedsync_dr.encryption.framing import from_json, to_json
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import Damaged, FormatUnsupported, MalformedId
from wedsync_dr.model import (
    Kind,
    Manifest,
    RowClass,
    ScopeId,
    SealedObject,
    SourceIdentity,
    Tier,
    parse_utc,
    utc_text,
)

VERSION = 1
_FORMAT = "wedsync-dr"


def signed(body: dict[str, Any], signer: Signer) -> bytes:
    """The canonical JSON of a body with its signature in it."""
    return to_json(body | {"signature": base64.b64encode(signer.sign(to_json(body))).decode()})


def is_signed(entry: dict[str, Any], verifier: Verifier) -> bool:
    """Whether the signature in an entry is over the rest of it."""
    body = {name: value for name, value in entry.items() if name != "signature"}
    try:
        return verifier.verify(to_json(body), base64.b64decode(entry["signature"], validate=True))
    except (KeyError, TypeError, ValueError):
        return False


def digest(data: bytes) -> str:
    """SHA-256 of a manifest's or a ledger entry's bytes, as the ledger names it."""
    return hashlib.sha256(data).hexdigest()


def to_bytes(manifest: Manifest, signer: Signer) -> bytes:
    """A signed manifest."""
    return signed(_body(manifest), signer)


def from_bytes(
    data: bytes, scope: ScopeId, snapshot_id: str, verifier: Verifier, *, supplement: bool = False
) -> Manifest:
    """Read a manifest that stands in the place of a snapshot, or of a supplement.

    Raises Damaged, also where it is unsigned or another snapshot's, and FormatUnsupported.
    """
    entry = from_json(data, f"The manifest of {scope}")
    if entry.get("format") == _FORMAT and entry.get("version") != VERSION:
        raise FormatUnsupported(
            f"The manifest of {scope} has format version {entry.get('version')}; this wedsync_dr knows {VERSION}.",
            remedy="Use the wedsync_dr that wrote it, or a newer one.",
        )
    if not is_signed(entry, verifier):
        raise Damaged(f"The manifest of {scope} is not signed by this keyring.", remedy=_OLDER)
    return _in_place(entry, scope, snapshot_id, supplement)


def from_named_bytes(data: bytes, scope: ScopeId, snapshot_id: str) -> Manifest:
    """A snapshot's manifest from bytes that a ledger entry names by their digest: that entry's signature is enough."""
    return _in_place(from_json(data, f"The manifest of {scope}"), scope, snapshot_id, supplement=False)


def _in_place(entry: dict[str, Any], scope: ScopeId, snapshot_id: str, supplement: bool) -> Manifest:
    try:
        manifest = _manifest(entry)
    except (KeyError, TypeError, ValueError, MalformedId):
        raise Damaged(f"The manifest of {scope} lacks a field.", remedy=_OLDER) from None
    if (manifest.scope, manifest.snapshot_id, manifest.supplement) != (scope, snapshot_id, supplement):
        raise Damaged(f"The manifest in the place of {scope} is another snapshot's.", remedy=_OLDER)
    return manifest


_OLDER = "Restore an older recovery point; `wedsync-dr verify` names all damage."


def _body(manifest: Manifest) -> dict[str, Any]:
    return ({"supplement": True} if manifest.supplement else {}) | {
        "format": _FORMAT,
        "version": VERSION,
        "kind": manifest.scope.kind.value,
        "id": manifest.scope.id,
        "snapshot_id": manifest.snapshot_id,
        "taken_at": utc_text(manifest.taken_at),
        "lsn": manifest.lsn,
        "tier": manifest.tier.value if manifest.tier else None,
        "source": {
            "system": manifest.source.system,
            "database": manifest.source.database,
            "server_version": manifest.source.server_version,
        },
        "schema": manifest.schema_fingerprint,
        "objects": [
            {
                "name": sealed.name,
                "class": sealed.row_class.value,
                "key": sealed.key_id,
                "bytes": sealed.bytes,
                "rows": sealed.rows,
                "sha256": sealed.sha256,
            }
            for sealed in manifest.objects
        ],
        "content": {row_class.value: text for row_class, text in sorted(manifest.content.items())},
        "tool": manifest.tool_version,
        "previous": manifest.previous,
    }


def _manifest(entry: dict[str, Any]) -> Manifest:
    return Manifest(
        scope=ScopeId(Kind(entry["kind"]), entry["id"]),
        snapshot_id=entry["snapshot_id"],
        taken_at=parse_utc(entry["taken_at"]),
        lsn=entry["lsn"],
        tier=Tier(entry["tier"]) if entry["tier"] else None,
        source=SourceIdentity(**entry["source"]),
        schema_fingerprint=entry["schema"],
        objects=tuple(
            SealedObject(o["name"], RowClass(o["class"]), o["key"], o["bytes"], o["rows"], o["sha256"])
            for o in entry["objects"]
        ),
        content={RowClass(name): text for name, text in entry["content"].items()},
        tool_version=entry["tool"],
        previous=entry["previous"],
        supplement=entry.get("supplement", False) is True,
    )
