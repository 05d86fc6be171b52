"""What the restore routes do: plan and ask, let somebody go alone, carry out, stop."""

import hashlib
from typing import Any

from wedsync_dr.api.by_hand import by_command, by_hand
from wedsync_dr.api.caller import Caller
from wedsync_dr.api.once import Request
from wedsync_dr.api.problems import Refusal, not_found
from wedsync_dr.api.restore_view import RESTORE, run_of
from wedsync_dr.api.restore_words import AskedRestore, RestoreType
from wedsync_dr.api.runs import UNDER_WAY, Order
from wedsync_dr.approval import deciding, use
from wedsync_dr.approval.asking import asked_of_everything
from wedsync_dr.approval.request import Asked, Person
from wedsync_dr.approval.standing import Phase, Standing
from wedsync_dr.errors import ApprovalStale, KeyReused, ScopeBusy
from wedsync_dr.model import SCHEMA, Kind, ScopeId
from wedsync_dr.restore.apply import refuse_conflicts
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.everything import plan_everything, require_applicable
from wedsync_dr.restore.plan import make_plan
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.restore.terms import Consent, Terms
from wedsync_dr.restore.waves import Order as Sequence
from wedsync_dr.settings import open_policy
from wedsync_dr.vault.vault import SnapshotRef

_MODE = {RestoreType.FULL: Mode.replace, RestoreType.PARTIAL: Mode.merge, RestoreType.TABLE_SPECIFIC: Mode.replace}
_JOBS = {Kind.WEDDING: ("restore_wedding", "wedding"), Kind.VENDOR: ("restore_vendor", "vendor")}
_CALLED_OFF = "stopped through the API"


def person_of(caller: Caller) -> Person:
    """The caller, as approvals know people."""
    return Person(caller.identity.subject, caller.identity.token_id or "")


def find(caller: Caller, restore_id: str) -> Standing:
    """A restore that the caller may know of. Raises the one refusal of what is not there."""
    found = deciding.find(caller.site.archive, restore_id)
    if not may_see(caller, found):
        raise not_found()
    return found


def may_see(caller: Caller, one: Standing) -> bool:
    """Whether it is about a scope that the caller may know of."""
    scope = one.request.asked.scope
    return not caller.bound or (scope is not None and caller.sees(scope))


def plan_and_ask(caller: Caller, wanted: AskedRestore, ref: SnapshotRef, restore_id: str) -> Standing:
    """Plan a restore and write down that the caller asks for it; what stands under this id already is told again.

    Raises what planning raises, and what stands in its way: nobody need approve what cannot be done.
    """
    if restore_id in caller.site.archive.ledger.known().requests:
        return _the_same(deciding.find(caller.site.archive, restore_id), wanted, ref)
    site, numbers = caller.site, open_policy(caller.site.settings).approvals
    asked = _everything(caller, ref) if ref.scope == SCHEMA else _scope(caller, wanted, ref)
    return deciding.ask(
        site.archive,
        asked,
        request_id=restore_id,
        by=person_of(caller),
        reason=wanted.reason or "",
        expires=numbers.emergency_expires if wanted.is_emergency_restore else numbers.expires,
        emergency=wanted.is_emergency_restore,
        now=site.now(),
    )


def id_by_key(caller: Caller, key: str) -> str:
    """The id of the restore that a caller asks for under an idempotency key."""
    return hashlib.sha256(f"{caller.identity.subject}\n{key}".encode()).hexdigest()[:16]


def _the_same(earlier: Standing, wanted: AskedRestore, ref: SnapshotRef) -> Standing:
    """Raises KeyReused where something else was asked for under the same key."""
    asked, consent = earlier.request.asked, _consent(wanted)
    was = (asked.scope or SCHEMA, asked.snapshot_id, asked.tables, earlier.request.emergency, earlier.request.reason)
    now = (ref.scope, ref.snapshot_id, tuple(wanted.target_tables), wanted.is_emergency_restore, wanted.reason or "")
    same_terms = asked.scope is None or (asked.mode, asked.consent) == (
        _MODE[wanted.restore_type].value,
        tuple(name for name, given in vars(consent).items() if given),
    )
    if was != now or not same_terms:
        raise KeyReused(
            f"This Idempotency-Key asked for the restore {earlier.request.id} with another body.",
            remedy="Send a new key with each new request, and the same key only to repeat one.",
        )
    return earlier


def _consent(wanted: AskedRestore) -> Consent:
    return Consent(unlinked=wanted.allow_unlinked, dirty=wanted.allow_dirty, drift=wanted.accept_drift)


def _scope(caller: Caller, wanted: AskedRestore, ref: SnapshotRef) -> Asked:
    if ref.scope.kind not in _JOBS:
        command = f"wedsync-dr restore --{ref.scope.kind.value} {ref.scope.id} --request --reason TEXT"
        raise Refusal(422, "A platform table has no restore job.", remedy=f"On the command line: `{command}`.")
    source, archive = caller.site.source(), caller.site.archive
    point = resolve(archive, ref.scope, snapshot_id=ref.snapshot_id)
    as_of = point.manifest.taken_at
    terms = Terms(_MODE[wanted.restore_type], tuple(wanted.target_tables), (), as_of, _consent(wanted))
    plan = make_plan(source, archive, point, terms)
    refuse_conflicts(plan)
    return use.asked_now(source, archive, plan)


def _everything(caller: Caller, ref: SnapshotRef) -> Asked:
    """The whole platform, into the empty database that the settings name."""
    settings, archive = caller.site.settings, caller.site.archive
    if settings.target_url is None:
        what = "The API knows no database to rebuild the platform in."
        raise Refusal(422, what, remedy="Set WEDSYNC_TARGET_URL, for Dagster too, to the URL of an empty database.")
    plan = plan_everything(
        archive,
        settings.target_url,
        as_of=ref.taken_at,
        order=Sequence.urgent,
        no_owner=False,
        now=caller.site.now(),
        time_zone=settings.time_zone,
        policy=open_policy(settings),
    )
    require_applicable(plan)
    return asked_of_everything(plan, archive.signer)


def confirmed(caller: Caller, scope: ScopeId, snapshot_id: str, token: str) -> Standing:
    """The open request that a confirmation was issued for, if it is for this backup. Raises the refusal of what is not
    there."""
    digest = deciding.digest(token)
    for one in deciding.all_requests(caller.site.archive).values():
        asked = one.request.asked
        same = (asked.scope or SCHEMA, asked.snapshot_id) == (scope, snapshot_id)
        if digest in one.confirmations and same and may_see(caller, one):
            return one
    raise not_found()


def go_alone(caller: Caller, one: Standing, token: str | None, reason: str | None) -> Standing:
    """One responder, with a confirmation of their own and a reason. Asked again by the same one while its
    run is at work, it stays as it is."""
    if not token or not reason:
        what = "Going alone takes a confirmationToken and a reason."
        raise Refusal(422, what, remedy=f"POST /api/recovery/restore/{one.request.id}/confirmation issues the token.")
    now, who = caller.site.now(), person_of(caller)
    if one.alone and one.alone.by.is_same(who) and _is_at_work(caller, one):
        return one
    return deciding.go_alone(caller.site.archive, one.request.id, by=who, reason=reason, now=now, token=token)


def carry_out(caller: Caller, one: Standing) -> None:
    """Start the run that does it, where none is at it. Raises ApprovalNeeded; ApprovalStale where it is over or the
    plan has become another one; SchedulerUnreachable with the command that needs no Dagster."""
    site, restore_id = caller.site, one.request.id
    if one.phase(site.now()) is Phase.USED and _is_at_work(caller, one):
        return
    deciding.require_approved(one, site.now())
    if one.request.asked.scope is not None:
        plan = use.plan_again(site.source(), site.archive, one.request.asked)
        use.require_permitted(site.archive, restore_id, plan, person_of(caller), site.now())
    with by_hand(by_command(f"wedsync-dr restore --request-id {restore_id} --apply")):
        run = run_of(caller, restore_id)
        if run is None or run.status.over:
            request = Request(caller.identity.subject, {"restore": restore_id})
            site.launcher.launch(request, _order(caller, one), unless=lambda: _require_free(caller, one))


def _is_at_work(caller: Caller, one: Standing) -> bool:
    with by_hand(by_command(f"wedsync-dr restore --request-id {one.request.id} --apply")):
        run = run_of(caller, one.request.id)
    return run is not None and not run.status.over


def _require_free(caller: Caller, one: Standing) -> None:
    """Raises ScopeBusy where another run restores the same scope. A snapshot of it is waited for, not refused for."""
    scope = one.request.asked.scope
    if scope is None:
        return
    job, field = _JOBS[scope.kind]
    if busy := caller.site.runs.find(job=job, statuses=UNDER_WAY, tags={f"wedsync/{field}": scope.id}, limit=1):
        raise ScopeBusy(
            f"The job {busy[0].run_id} is restoring {scope}.", remedy=f"Wait for it: GET /api/jobs/{busy[0].run_id}."
        )


def _order(caller: Caller, one: Standing) -> Order:
    """The run of a request says no more than its id: what was approved is what is done."""
    asked, restore_id = one.request.asked, one.request.id
    form: dict[str, Any] = {"plan_only": False, "request_id": restore_id, "requested_by": caller.identity.subject}
    tags = {RESTORE: restore_id}
    if asked.scope is None:
        target = (caller.site.settings.target_url or "").rpartition("/")[2].partition("?")[0]
        return Order("restore_platform", {"ops": {"plan_platform": {"config": form | {"confirm": target}}}}, tags)
    job, field = _JOBS[asked.scope.kind]
    tags[f"wedsync/{field}"] = asked.scope.id
    return Order(job, form | {field: asked.scope.id, "confirm": asked.scope.id}, tags)


def call_off(caller: Caller, one: Standing) -> None:
    """Stop a restore. From when the ledger says so it commits nothing any more, even where Dagster does not answer.

    Raises a refusal where it is committed, or over otherwise.
    """
    if one.phase(caller.site.now()) is Phase.RESTORED:
        raise Refusal(409, "It is committed.", remedy="Undo it: restore the safety snapshot that was taken before it.")
    was_open = one.is_open(caller.site.now()) and _end(caller, one)
    with by_hand(f"It commits nothing any more. {by_command('wedsync-dr approvals --all')}" if was_open else _KILL):
        run = run_of(caller, one.request.id)
        stopped = run is not None and not run.status.over and caller.site.runs.terminate(run.run_id)
    if not (was_open or stopped):
        raise Refusal(409, "It is over.", remedy="GET /api/recovery/restore?restoreId= tells how it ended.")


_KILL = "End the process of its run where Dagster runs: its transaction is rolled back. Else see that Dagster runs."


def _end(caller: Caller, one: Standing) -> bool:
    """Have the ledger say that it is off; False where its run was faster and writes already."""
    archive, who, now = caller.site.archive, person_of(caller), caller.site.now()
    try:
        if who.is_same(one.request.requester):
            deciding.withdraw(archive, one.request.id, by=who, now=now)
        else:
            deciding.refuse(archive, one.request.id, by=who, reason=_CALLED_OFF, now=now)
    except ApprovalStale:
        return False
    return True
