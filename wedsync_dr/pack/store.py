"""Packs made, kept sealed in the vault, and handed out. The ledger has who made one and who was told its passphrase."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wedsync_dr.encryption.keyring import ScopeKey
from wedsync_dr.encryption.scratch import ScratchKey
from wedsync_dr.errors import Damaged, FormatUnsupported, KeyMissing, ObjectMissing, ScopeNotFound
from wedsync_dr.model import RowClass, ScopeId
from wedsync_dr.pack.gather import gather
from wedsync_dr.pack.passphrase import new_passphrase
from wedsync_dr.pack.render import render
from wedsync_dr.scope.rules import Rules
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.manifests import digest
from wedsync_dr.vault.packs import PackRecord, PackRef, Packs
from wedsync_dr.verification.packs import check_pack

AGAIN = "Make it again: `wedsync-dr pack --wedding ID`."
_DOCUMENT, _PASSPHRASE = "pack.pdf", "passphrase"


@dataclass(frozen=True)
class Made:
    """A pack that was made, and what its platform has no table for."""

    record: PackRecord = field(repr=False)
    gaps: tuple[str, ...] = ()


def make(
    archive: Archive, scope: ScopeId, rules: Rules, *, now: datetime, requested_by: str, default_zone: str = "UTC"
) -> Made:
    """Make a wedding's pack from its newest recovery point and keep it in the vault, in the place of older ones.

    It opens with the passphrase of the one before, so that a copy that was handed out does too.
    Raises what `gather` raises; KeyMissing for a wedding whose personal key was destroyed.
    """
    key = archive.keyring.existing(scope, RowClass.PERSONAL)
    content = gather(archive, scope, rules, default_zone)
    ref = _next(archive, scope, now)
    passphrase = _told_before(archive, scope) or new_passphrase()
    document = render(content, passphrase, now)
    sealed = _sealing(key, ref, _DOCUMENT).seal(document, *_place(ref))
    record = PackRecord(
        ref=ref,
        made_at=now,
        snapshot_id=content.snapshot_id,
        taken_at=content.taken_at,
        key_id=key.id,
        size=len(sealed),
        sha256=hashlib.sha256(sealed).hexdigest(),
        document=hashlib.sha256(document).hexdigest(),
        passphrase=_sealing(key, ref, _PASSPHRASE).seal(passphrase.encode(), *_place(ref)),
    )
    _keep(archive, record, sealed, requested_by)
    return Made(record, content.gaps)


def _told_before(archive: Archive, scope: ScopeId) -> str | None:
    """The passphrase of the wedding's newest pack, where that can be opened and was not discarded."""
    packs = Packs(archive.vault.store)
    ref = packs.newest(scope)
    if ref is None or scope not in archive.ledger.known().packs:
        return None
    try:
        record = PackRecord.from_bytes(packs.raw_record(ref), ref, archive.verifier)
        return _opened(archive, record, _PASSPHRASE, record.passphrase).decode()
    except (Damaged, FormatUnsupported, KeyMissing, ObjectMissing):
        return None


def _next(archive: Archive, scope: ScopeId, now: datetime) -> PackRef:
    """A place of its own, after all that there is or was named, also where clocks differ and after a crash."""
    named = archive.ledger.known().packs.get(scope)
    before = [*Packs(archive.vault.store).remains(scope), *([PackRef(scope, named.pack_id)] if named else [])]
    at = max([now.astimezone(UTC), *(ref.made_at + timedelta(microseconds=1) for ref in before)])
    return PackRef(scope, f"{at:%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(4)}")


def _keep(archive: Archive, record: PackRecord, sealed: bytes, requested_by: str) -> None:
    """Object, ledger, record, then what is older goes: `docs/format.md` has what a crash leaves."""
    packs, ref, data = Packs(archive.vault.store), record.ref, record.to_bytes(archive.signer)
    packs.put_sealed(ref, sealed)
    body = {
        **_line(ref),
        "snapshot_id": record.snapshot_id,
        "record": digest(data),
        "bytes": record.size,
        "requested_by": requested_by,
    }
    archive.ledger.append("packed", body, record.made_at)
    packs.commit(ref, data)
    packs.discard(ref.scope, before=ref)


def newest(archive: Archive, scope: ScopeId) -> PackRecord:
    """The newest pack of a wedding. Raises ScopeNotFound where it has none, Damaged where it is not what was made."""
    packs, state = Packs(archive.vault.store), archive.ledger.known()
    ref = packs.newest(scope)
    if ref is None and scope not in state.packs:
        raise ScopeNotFound(f"There is no emergency pack of {scope}.", remedy=AGAIN.replace("again", "one"))
    findings = list(check_pack(archive, scope, ref, state))
    if findings or ref is None:
        raise Damaged(f"The emergency pack of {scope}: {findings[0].detail}", remedy=AGAIN)
    return PackRecord.from_bytes(packs.raw_record(ref), ref, archive.verifier)


def document(archive: Archive, record: PackRecord) -> bytes:
    """The PDF, which opens with its passphrase alone. Raises KeyMissing where the wedding was erased, and Damaged."""
    sealed = Packs(archive.vault.store).sealed(record.ref)
    record.require(sealed)
    opened = _opened(archive, record, _DOCUMENT, sealed)
    if hashlib.sha256(opened).hexdigest() != record.document:
        raise Damaged(f"The {record.ref} is not the document that was made.", remedy=AGAIN)
    return opened


def hand_out(
    archive: Archive, record: PackRecord, *, by: str, role: str, reason: str, requested_by: str, now: datetime
) -> str:
    """The passphrase. Who is told it, and why, stands in the ledger before anybody can read it."""
    opened = _opened(archive, record, _PASSPHRASE, record.passphrase)
    told = {"by": by, "role": role, "reason": reason, "requested_by": requested_by}
    archive.ledger.append("pack-opened", _line(record.ref) | told, now)
    return opened.decode()


def discard(archive: Archive, scope: ScopeId, *, reason: str, requested_by: str, now: datetime) -> bool:
    """Remove a wedding's packs; False if there are none."""
    packs = Packs(archive.vault.store)
    if packs.newest(scope) is None and scope not in archive.ledger.known().packs:
        return False
    body = {"kind": scope.kind.value, "id": scope.id, "reason": reason, "requested_by": requested_by}
    archive.ledger.append("unpacked", body, now)
    packs.discard(scope)
    return True


def _opened(archive: Archive, record: PackRecord, name: str, sealed: bytes) -> bytes:
    key = archive.keyring.key(record.ref.scope, record.key_id)
    try:
        return _sealing(key, record.ref, name).open(sealed, *_place(record.ref))
    except Damaged:
        raise Damaged(f"The {record.ref} does not open with its key.", remedy=AGAIN) from None


def _sealing(key: ScopeKey, ref: PackRef, name: str) -> ScratchKey:
    return ScratchKey(key.file_key(ref.scope, ref.pack_id, name))


def _place(ref: PackRef) -> tuple[str, str, str]:
    return "packs", ref.scope.id, ref.pack_id


def _line(ref: PackRef) -> dict[str, str]:
    return {"kind": ref.scope.kind.value, "id": ref.scope.id, "pack_id": ref.pack_id}
