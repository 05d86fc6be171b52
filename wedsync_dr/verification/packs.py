"""Emergency packs against their records and the ledger. Needs no scope's key: an erased wedding's packs are no finding
here."""

from collections.abc import Iterator, Sequence

from wedsync_dr.errors import DisasterRecoveryError, FormatUnsupported, ObjectMissing
from wedsync_dr.model import Finding, FindingCode, ScopeId
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.manifests import digest
from wedsync_dr.vault.packs import PackRecord, PackRef, Packs


def check_packs(archive: Archive, state: LedgerState, scopes: Sequence[ScopeId] | None) -> Iterator[Finding]:
    """What is wrong with the newest packs of weddings (None: of all). It reports and never raises."""
    packs = Packs(archive.vault.store)
    refs = packs.refs() if scopes is None else (ref for scope in scopes for ref in packs.refs(scope))
    there = {ref.scope: ref for ref in refs}
    for scope in sorted({*there, *state.packs}):
        if scopes is None or scope in scopes:
            yield from check_pack(archive, scope, there.get(scope), state)


def check_pack(archive: Archive, scope: ScopeId, there: PackRef | None, state: LedgerState) -> list[Finding]:
    """The newest pack of a wedding that is there, against what the ledger says is its newest."""
    named = state.packs.get(scope)
    if named and (there is None or named.pack_id > there.pack_id):
        return [_finding(FindingCode.MISSING, "The ledger names this pack; its record is gone.", scope, named.pack_id)]
    if there is None:
        return []
    try:
        data = Packs(archive.vault.store).raw_record(there)
        record = PackRecord.from_bytes(data, there, archive.verifier)
    except DisasterRecoveryError as error:
        code = FindingCode.NEWER_FORMAT if isinstance(error, FormatUnsupported) else FindingCode.UNSIGNED
        return [_finding(code, str(error), scope, there.pack_id)]
    if named is None or (named.pack_id, named.record) != (there.pack_id, digest(data)):
        return [_finding(FindingCode.NOT_IN_LEDGER, "The ledger does not name this pack.", scope, there.pack_id)]
    return list(_check_document(archive, record))


def _check_document(archive: Archive, record: PackRecord) -> Iterator[Finding]:
    ref = record.ref
    try:
        record.require(Packs(archive.vault.store).sealed(ref))
    except ObjectMissing as error:
        yield _finding(FindingCode.MISSING, str(error), ref.scope, ref.pack_id)
    except DisasterRecoveryError as error:
        yield _finding(FindingCode.ALTERED, str(error), ref.scope, ref.pack_id)


def _finding(code: FindingCode, detail: str, scope: ScopeId, pack_id: str) -> Finding:
    return Finding(code, detail, scope, object=f"pack/{pack_id}")
