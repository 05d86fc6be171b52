"""Reading what a report is worked out from. What fails is said in the report and hides nothing else."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from wedsync_dr.alerts.conditions import judge
from wedsync_dr.alerts.health import look
from wedsync_dr.alerts.places import Places
from wedsync_dr.audit.material import DagsterSide, KeyFact, Material, Unread
from wedsync_dr.audit.period import Period
from wedsync_dr.errors import DisasterRecoveryError, KeyMissing
from wedsync_dr.model import Finding, FindingCode, Manifest, Progress, ScopeId, silent, utc_text
from wedsync_dr.schedule.policy import Policy
from wedsync_dr.schedule.retention import plan_retention
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.report import describe
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.batch import TOOL_VERSION
from wedsync_dr.snapshot.inventory import held_snapshots
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger import LedgerEntry, LedgerState
from wedsync_dr.verification.verify import check_manifest

GRACE = timedelta(hours=36)
"""How long what may go may still be there."""
_OFTEN = 200


def gather(
    places: Places,
    policy: Policy,
    period: Period,
    *,
    now: datetime,
    made_by: str,
    dagster: DagsterSide | None = None,
    progress: Progress = silent,
) -> Material:
    """Read everything. Raises what opening the vault and its keyring raises: without them there is nothing to report.

    A source that cannot be read is reported as that. Who looks at the source closes a dead writer's batch, as always.
    """
    archive = places.archive()
    places = replace(places, archive=lambda: archive)
    material = _with_vault(of_ledger(archive, period, now=now, made_by=made_by), archive, None, progress)
    alerts = judge(look(places, policy, now)).alerts
    material = replace(material, policy=policy, alerts=alerts, dagster=dagster)
    try:
        return _with_source(material, places.source(), archive)
    except DisasterRecoveryError as error:
        return _unread(material, error)


def gather_of_scope(places: Places, scope: ScopeId, period: Period, *, now: datetime, made_by: str) -> Material:
    """What ledger, vault, keyring and source say of one scope. Raises as `gather` does."""
    archive = places.archive()
    material = _with_vault(of_ledger(archive, period, now=now, made_by=made_by), archive, scope, silent)
    try:
        with survey(places.source()) as seen:
            return replace(material, infos=tuple(discover(seen.reader, seen.catalog, seen.ownership, [scope])))
    except DisasterRecoveryError as error:
        return _unread(material, error)


def of_ledger(archive: Archive, period: Period, *, now: datetime, made_by: str) -> Material:
    """What the ledger says; the vault's snapshots, the keyring and the source are not read."""
    chain, until = tuple(archive.ledger.check()), utc_text(now)
    entries = tuple(entry for entry in archive.ledger.readable() if entry.at <= until)
    return Material(
        period=period,
        made_at=now,
        made_by=made_by,
        tool=TOOL_VERSION,
        entries=entries,
        state=_state(entries),
        chain=chain,
        signing_key_made=archive.keyring.signing_made_at(),
        public_key=archive.verifier.fingerprint,
    )


def _with_vault(material: Material, archive: Archive, scope: ScopeId | None, progress: Progress) -> Material:
    """With the manifests and keys of a scope, or of all."""
    stored, broken = _manifests(archive, material.state, scope, progress)
    keys = tuple(_keys(archive, stored, progress))
    return replace(material, stored=tuple(stored), broken=tuple(broken), keys=keys)


def _unread(material: Material, error: DisasterRecoveryError) -> Material:
    return replace(material, unread=(*material.unread, Unread("the source", f"{type(error).__name__}: {error}")))


def _state(entries: Iterable[LedgerEntry]) -> LedgerState:
    state = LedgerState()
    for entry in entries:
        state.add(entry.event, entry.body, entry.at)
    return state


def _manifests(
    archive: Archive, state: LedgerState, scope: ScopeId | None, progress: Progress
) -> tuple[list[Manifest], list[Finding]]:
    """Every snapshot's manifest, against its signature and the ledger; and what is wrong with them or not there."""
    refs, stored, broken = list(archive.vault.snapshots(scope=scope)), [], []
    for number, ref in enumerate(refs):
        manifest, findings = check_manifest(archive, ref, state)
        broken += findings
        stored += [manifest] if manifest else []
        if number % _OFTEN == 0:
            progress("reading manifests", number, len(refs))
    progress("reading manifests", len(refs), len(refs))
    there = {(ref.scope, ref.snapshot_id) for ref in refs}
    expected = (place for place, named in state.snapshots.items() if state.expected(named))
    absent = [place for place in expected if place not in there and scope in (None, place[0])]
    what = "The ledger names this snapshot, and the vault does not have it."
    return stored, broken + [Finding(FindingCode.MISSING, what, *place) for place in sorted(absent)]


def _keys(archive: Archive, stored: Iterable[Manifest], progress: Progress) -> Iterator[KeyFact]:
    """Every key that a snapshot in the vault is sealed with; no key is opened."""
    wanted = sorted({(one.scope, sealed.key_id) for one in stored for sealed in one.objects})
    for number, (scope, key_id) in enumerate(wanted):
        if number % _OFTEN == 0:
            progress("reading keys", number, len(wanted))
        yield KeyFact(scope, key_id, _made_at(archive, scope, key_id))
    progress("reading keys", len(wanted), len(wanted))


def _made_at(archive: Archive, scope: ScopeId, key_id: str) -> datetime | None:
    try:
        return archive.keyring.made_at(scope, key_id)
    except KeyMissing:
        return None


def _with_source(material: Material, source: Source, archive: Archive) -> Material:
    with survey(source) as seen:
        infos = tuple(discover(seen.reader, seen.catalog, seen.ownership))
        scopes = describe(seen.reader, seen.catalog, seen.ownership)
    held = held_snapshots(source, archive, material.policy, material.made_at)
    return replace(
        material,
        infos=infos,
        scopes=scopes,
        held=tuple(held),
        overdue=plan_retention(held, material.policy, material.made_at - GRACE),
        rules_digest=source.rules.digest,
        time_zone=source.default_time_zone,
    )
