"""Where emergency packs lie, and the signed records that make them exist. `docs/format.md` specifies every field."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wedsync_dr.encryption.framing import from_json
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import Damaged, FormatUnsupported, MalformedId, ObjectMissing
from wedsync_dr.model import Kind, ScopeId, parse_utc, utc_text
from wedsync_dr.vault.manifests import is_signed, signed
from wedsync_dr.vault.store import ObjectStore

VERSION = 1
_FOLDER = "packs/"
_KEY = re.compile(rf"{_FOLDER}([^/]+)/(\d{{8}}T\d{{6}}\.\d{{6}}Z-[0-9a-f]{{8}})\.(pdf|json)\Z")
_AGAIN = "Make it again: `wedsync-dr pack --wedding ID`; `wedsync-dr verify` names all damage."


@dataclass(frozen=True, order=True)
class PackRef:
    """Where a pack is. Packs of one wedding sort by when they were made."""

    scope: ScopeId
    pack_id: str

    def __str__(self) -> str:
        return f"pack {self.pack_id} of {self.scope}"

    @property
    def made_at(self) -> datetime:
        """The instant that the id begins with."""
        return datetime.fromisoformat(self.pack_id[:23])


@dataclass(frozen=True)
class PackRecord:
    """What makes a pack exist: which recovery point it shows, and what its sealed object is.

    Readable without any key but for the passphrase, so it holds no name and no value.
    """

    ref: PackRef
    made_at: datetime
    snapshot_id: str
    taken_at: datetime
    key_id: str
    size: int
    sha256: str
    document: str
    passphrase: bytes = field(repr=False)

    def to_bytes(self, signer: Signer) -> bytes:
        """The signed record."""
        body = {
            "pack": VERSION,
            "id": self.ref.scope.id,
            "pack_id": self.ref.pack_id,
            "made_at": utc_text(self.made_at),
            "snapshot_id": self.snapshot_id,
            "taken_at": utc_text(self.taken_at),
            "key": self.key_id,
            "bytes": self.size,
            "sha256": self.sha256,
            "document": self.document,
            "passphrase": base64.b64encode(self.passphrase).decode(),
        }
        return signed(body, signer)

    @classmethod
    def from_bytes(cls, data: bytes, ref: PackRef, verifier: Verifier) -> "PackRecord":
        """Read a record that stands in the place of a pack.

        Raises Damaged, also where it is unsigned or another pack's, and FormatUnsupported.
        """
        entry = from_json(data, f"The record of {ref}")
        if entry.get("pack", VERSION) != VERSION:
            raise FormatUnsupported(
                f"The record of {ref} has version {entry.get('pack')}; this wedsync_dr knows {VERSION}.",
                remedy="Use the wedsync_dr that wrote it, or a newer one.",
            )
        if not is_signed(entry, verifier) or "pack" not in entry:
            raise Damaged(f"The record of {ref} is not signed by this keyring.", remedy=_AGAIN)
        try:
            record = _record(entry)
        except (KeyError, TypeError, ValueError, MalformedId):
            raise Damaged(f"The record of {ref} lacks a field.", remedy=_AGAIN) from None
        if record.ref != ref:
            raise Damaged(f"The record in the place of {ref} is another pack's.", remedy=_AGAIN)
        return record

    def require(self, sealed: bytes) -> None:
        """Raises Damaged unless these are the bytes of the sealed object."""
        if len(sealed) != self.size or hashlib.sha256(sealed).hexdigest() != self.sha256:
            raise Damaged(f"The {self.ref} is not what its record says.", remedy=_AGAIN)


def _record(entry: dict[str, Any]) -> PackRecord:
    return PackRecord(
        ref=PackRef(ScopeId(Kind.WEDDING, entry["id"]), entry["pack_id"]),
        made_at=parse_utc(entry["made_at"]),
        snapshot_id=entry["snapshot_id"],
        taken_at=parse_utc(entry["taken_at"]),
        key_id=entry["key"],
        size=entry["bytes"],
        sha256=entry["sha256"],
        document=entry["document"],
        passphrase=base64.b64decode(entry["passphrase"], validate=True),
    )


class Packs:
    """Emergency packs in a vault's store. A pack exists exactly while its record does: written last, deleted first."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def refs(self, scope: ScopeId | None = None) -> Iterator[PackRef]:
        """The packs that exist, of each wedding in the order of time."""
        return (ref for ref, ending in self._entries(scope) if ending == "json")

    def remains(self, scope: ScopeId) -> Iterator[PackRef]:
        """The same of one wedding, with those of which only a part is there."""
        return (ref for ref, _ in self._entries(scope))

    def newest(self, scope: ScopeId) -> PackRef | None:
        """The newest pack of a wedding."""
        return max(self.refs(scope), default=None)

    def put_sealed(self, ref: PackRef, sealed: bytes) -> None:
        """Store the sealed document of a pack that does not exist yet."""
        self._store.put(_key(ref, "pdf"), sealed)

    def commit(self, ref: PackRef, record: bytes) -> None:
        """From here on the pack exists."""
        self._store.put(_key(ref, "json"), record)

    def raw_record(self, ref: PackRef) -> bytes:
        """The record's bytes, whose digest the ledger names."""
        return self._store.get(_key(ref, "json"))

    def sealed(self, ref: PackRef) -> bytes:
        """The sealed document, unchecked."""
        return self._store.get(_key(ref, "pdf"))

    def discard(self, scope: ScopeId, *, before: PackRef | None = None) -> None:
        """Remove what there is of a wedding's packs, or of those older than one; records first."""
        doomed = [(ref, ending) for ref, ending in self._entries(scope) if before is None or ref < before]
        for ref, ending in sorted(doomed, key=lambda entry: entry[1] != "json"):
            try:
                self._store.delete(_key(ref, ending))
            except ObjectMissing:
                continue  # another run was faster

    def _entries(self, scope: ScopeId | None) -> Iterator[tuple[PackRef, str]]:
        prefix = f"{_FOLDER}{scope.id}/" if scope else _FOLDER
        return (entry for info in self._store.list(prefix) if (entry := _parsed(info.key)))


def is_pack(key: str) -> bool:
    """Whether a key of the vault is a pack's."""
    return _parsed(key) is not None


def _key(ref: PackRef, ending: str) -> str:
    return f"{_FOLDER}{ref.scope.id}/{ref.pack_id}.{ending}"


def _parsed(key: str) -> tuple[PackRef, str] | None:
    found = _KEY.match(key)
    if not found:
        return None
    try:
        ref = PackRef(ScopeId(Kind.WEDDING, found[1]), found[2])
        _ = ref.made_at
    except (ValueError, MalformedId):
        return None
    return ref, found[3]
