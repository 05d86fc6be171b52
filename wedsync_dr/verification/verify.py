"""Reading everything that the vault holds and saying what is wrong with it.

It reports; it never raises or stops early.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wedsync_dr.errors import Damaged, DisasterRecoveryError, FormatUnsupported, KeyMissing, ObjectMissing
from wedsync_dr.model import Finding, FindingCode, Manifest, Progress, ScopeId, SealedObject, silent
from wedsync_dr.snapshot.opening import OpenSnapshot, open_object, put_together, sha256_of
from wedsync_dr.snapshot.pool import PROCESSES, process_pool
from wedsync_dr.snapshot.sealed_rows import OpenObject
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger import LedgerState
from wedsync_dr.vault.manifests import digest
from wedsync_dr.vault.vault import SnapshotRef, instant_of
from wedsync_dr.verification.closure import open_links

AT_ONCE = 50
WORTH_PROCESSES = 400  # snapshots; a process takes half a second to start
_SUPPLEMENT = "supplement"


@dataclass(frozen=True)
class Verification:
    """What was read, and every finding. `checked` counts snapshots and supplements; `intact` is never true where
    nothing was checked.

    A finding about a supplement has an `object` that begins with `supplement`.
    """

    checked: int
    bytes: int
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        return self.checked > 0 and not self.findings


def verify(
    archive: Archive,
    scopes: Sequence[ScopeId] | None = None,
    *,
    progress: Progress = silent,
    processes: int | None = None,
) -> Verification:
    """Read every byte of the snapshots of the scopes (None: of the whole vault), and the ledger.

    With so many `processes`; without a number, with several where that is worth it.
    """
    archive.vault.check()
    findings = list(archive.ledger.check())
    state = archive.ledger.known()
    refs = _refs(archive, scopes)
    parts: dict[int, Verification] = {}
    progress("verifying", 0, len(refs))
    for number, part in _read(archive, refs, processes):
        parts[number] = part
        progress("verifying", sum(one.checked for one in parts.values()), len(refs))
    found = [finding for _, part in sorted(parts.items()) for finding in part.findings]
    findings += _told_apart(archive, found)
    findings += _absent(refs, state, scopes)
    findings += _strays(archive, state, scopes)
    if all(ref.supplement for ref in refs):
        findings.append(Finding(FindingCode.NOTHING_CHECKED, "There is no snapshot to verify."))
    return Verification(len(refs), sum(part.bytes for part in parts.values()), tuple(findings))


def _read(archive: Archive, refs: list[SnapshotRef], processes: int | None) -> Iterator[tuple[int, Verification]]:
    """What was read, portion by portion, with their numbers."""
    processes = processes or (PROCESSES if len(refs) >= WORTH_PROCESSES else 1)
    size = max(1, min(AT_ONCE, len(refs) // (4 * processes)))
    portions = list(enumerate(refs[i : i + size] for i in range(0, len(refs), size)))
    if processes == 1:
        for number, portion in portions:
            yield number, _portion(archive, portion)
        return
    with process_pool(processes, _begin, archive) as pool:
        yield from pool.map(_in_process, portions)


_archives: list[Archive] = []


def _begin(archive: object) -> None:
    assert isinstance(archive, Archive)  # noqa: S101
    _archives.append(archive)


def _in_process(numbered: tuple[int, list[SnapshotRef]]) -> tuple[int, Verification]:
    number, refs = numbered
    return number, _portion(_archives[0], refs)


def _portion(archive: Archive, refs: list[SnapshotRef]) -> Verification:
    """Some snapshots, each by itself."""
    findings: list[Finding] = []
    read = 0
    state = archive.ledger.known()
    for ref in refs:
        place = _place(archive, ref)
        manifest, found = check_manifest(place, ref, state)
        if manifest:
            found += check_snapshot(place, manifest)
            read += manifest.bytes
        findings += [_of_supplement(one) for one in found] if ref.supplement else found
    return Verification(len(refs), read, tuple(findings))


def _place(archive: Archive, ref: SnapshotRef) -> Archive:
    return archive.supplements if ref.supplement else archive


def _of_supplement(finding: Finding) -> Finding:
    return replace(finding, object="/".join(filter(None, [_SUPPLEMENT, finding.object])))


def check_manifest(archive: Archive, ref: SnapshotRef, state: LedgerState) -> tuple[Manifest | None, list[Finding]]:
    """A manifest against its signature and against what the ledger says of it."""
    try:
        manifest = archive.vault.manifest(ref.scope, ref.snapshot_id, archive.verifier)
    except FormatUnsupported as error:
        return None, [_finding(FindingCode.NEWER_FORMAT, error, ref)]
    except (Damaged, ObjectMissing) as error:
        return None, [_finding(FindingCode.UNSIGNED, error, ref)]
    return manifest, list(_against_ledger(archive, ref, state))


def _against_ledger(archive: Archive, ref: SnapshotRef, state: LedgerState) -> Iterator[Finding]:
    named = state.named(supplement=ref.supplement).get((ref.scope, ref.snapshot_id))
    if named is None:
        yield Finding(FindingCode.NOT_IN_LEDGER, "No ledger entry names this snapshot.", ref.scope, ref.snapshot_id)
    elif named.removed or named.abandoned:
        detail = "The ledger says that this snapshot is gone; somebody put it back."
        yield Finding(FindingCode.OLDER_THAN_LEDGER, detail, ref.scope, ref.snapshot_id)
    elif named.digest != digest(archive.vault.raw_manifest(ref.scope, ref.snapshot_id)):
        detail = "The manifest is not the one that the ledger names."
        yield Finding(FindingCode.ALTERED, detail, ref.scope, ref.snapshot_id, "manifest.json")


def check_snapshot(archive: Archive, manifest: Manifest) -> list[Finding]:
    """Every object of a snapshot, then its content as a whole."""
    return examine(archive, manifest)[0]


def examine(archive: Archive, manifest: Manifest) -> tuple[list[Finding], OpenSnapshot | None]:
    """The same, with the snapshot as it was read; None where it is damaged."""
    findings: list[Finding] = []
    opened: list[tuple[SealedObject, OpenObject]] = []
    for sealed in manifest.objects:
        try:
            opened.append((sealed, open_object(archive, manifest, sealed)))
        except DisasterRecoveryError as error:
            findings.append(object_finding(archive, manifest, sealed, error))
    damaged = bool(findings)
    names = {sealed.name for sealed in manifest.objects}
    ref = SnapshotRef(manifest.scope, manifest.snapshot_id, manifest.supplement)
    for name in sorted(set(archive.vault.objects_of(ref)) - names):
        detail = "The manifest does not list this object."
        findings.append(Finding(FindingCode.ORPHAN_OBJECT, detail, manifest.scope, manifest.snapshot_id, name))
    if damaged:
        return findings, None
    try:
        snapshot = put_together(archive, manifest, opened)
    except Damaged as error:
        wrong = Finding(FindingCode.WRONG_CONTENT, str(error), manifest.scope, manifest.snapshot_id)
        return [*findings, wrong], None
    return [*findings, *_open_links(snapshot)], snapshot


def _open_links(snapshot: OpenSnapshot) -> Iterator[Finding]:
    manifest = snapshot.manifest
    for table, key, count in open_links(snapshot):
        detail = f"{count} value(s) of {table} ({', '.join(key.columns)}) name no row of {key.target}."
        yield Finding(FindingCode.OPEN_LINK, detail, manifest.scope, manifest.snapshot_id)


def object_finding(archive: Archive, manifest: Manifest, sealed: SealedObject, error: DisasterRecoveryError) -> Finding:
    """What it means that an object could not be opened."""
    code = FindingCode.UNREADABLE
    if isinstance(error, ObjectMissing):
        code = FindingCode.MISSING
    elif isinstance(error, KeyMissing):
        code = FindingCode.KEY_MISSING
    elif isinstance(error, Damaged):
        code = _kind_of_damage(archive, manifest, sealed)
    return Finding(code, str(error), manifest.scope, manifest.snapshot_id, sealed.name)


def _kind_of_damage(archive: Archive, manifest: Manifest, sealed: SealedObject) -> FindingCode:
    """Altered bytes, or the whole bytes of another object of the same scope put in this one's place."""
    found = sha256_of(archive, manifest.scope, manifest.snapshot_id, sealed.name)
    if found == sealed.sha256:
        return FindingCode.UNREADABLE
    for ref in archive.vault.snapshots(scope=manifest.scope):
        try:
            other = archive.vault.manifest(ref.scope, ref.snapshot_id, archive.verifier)
        except DisasterRecoveryError:
            continue
        if any(found == candidate.sha256 for candidate in other.objects):
            return FindingCode.SWAPPED
    return FindingCode.ALTERED


def _told_apart(archive: Archive, findings: list[Finding]) -> Iterator[Finding]:
    """Altered objects that are, whole, the object of another scope are swapped. Reads manifests only where some are."""
    suspects = {finding: sha for finding in findings if (sha := _stands_there(archive, finding))}
    known = _all_objects(archive) if suspects else frozenset()
    for finding in findings:
        yield replace(finding, code=FindingCode.SWAPPED) if suspects.get(finding) in known else finding


def _stands_there(archive: Archive, finding: Finding) -> str | None:
    """The SHA-256 of an object that was found altered."""
    if finding.code is not FindingCode.ALTERED or not (finding.scope and finding.snapshot_id and finding.object):
        return None
    try:
        return sha256_of(archive, finding.scope, finding.snapshot_id, finding.object)
    except DisasterRecoveryError:
        return None


def _all_objects(archive: Archive) -> frozenset[str]:
    """The SHA-256 of every object that a readable manifest lists."""
    found: set[str] = set()
    for ref in archive.vault.snapshots():
        try:
            manifest = archive.vault.manifest(ref.scope, ref.snapshot_id, archive.verifier)
        except DisasterRecoveryError:
            continue
        found |= {sealed.sha256 for sealed in manifest.objects}
    return frozenset(found)


def _refs(archive: Archive, scopes: Sequence[ScopeId] | None) -> list[SnapshotRef]:
    """Snapshots first, then supplements."""
    vaults = (archive.vault, archive.vault.supplements)
    if scopes is None:
        return [ref for vault in vaults for ref in vault.snapshots()]
    return [ref for vault in vaults for scope in scopes for ref in vault.snapshots(scope=scope)]


def _absent(refs: list[SnapshotRef], state: LedgerState, scopes: Sequence[ScopeId] | None) -> Iterator[Finding]:
    """Snapshots and supplements that the ledger expects and the vault does not have."""
    present = set(refs)
    detail = "The ledger names this snapshot; its manifest is gone."
    for supplement in (False, True):
        for (scope, snapshot_id), named in state.named(supplement=supplement).items():
            wanted = state.expected(named) and (scopes is None or scope in scopes)
            if wanted and SnapshotRef(scope, snapshot_id, supplement) not in present:
                finding = Finding(FindingCode.MISSING, detail, scope, snapshot_id)
                yield _of_supplement(finding) if supplement else finding


def _strays(archive: Archive, state: LedgerState, scopes: Sequence[ScopeId] | None) -> Iterator[Finding]:
    """Objects without a manifest that no unfinished batch explains, and files that are not ours."""
    at_work = {instant_of(batch) for batch in state.open_batches}
    for ref in (*archive.vault.unfinished(), *archive.vault.supplements.unfinished()):
        if instant_of(ref.snapshot_id) not in at_work and (scopes is None or ref.scope in scopes):
            stray = Finding(FindingCode.ORPHAN_OBJECT, "Objects without a manifest.", ref.scope, ref.snapshot_id)
            yield _of_supplement(stray) if ref.supplement else stray
    if scopes is None:
        for key in archive.vault.foreign():
            yield Finding(FindingCode.FOREIGN_FILE, "This file is not wedsync_dr's; it is left alone.", object=key)


def _finding(code: FindingCode, error: DisasterRecoveryError, ref: SnapshotRef) -> Finding:
    return Finding(code, str(error), ref.scope, ref.snapshot_id, "manifest.json")
