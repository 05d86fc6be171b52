"""The checks that say whether the promise was kept: recovery points young enough, no wedding vanished."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from wedsync_dr.defs.check_results import result
from wedsync_dr.defs.failures import Problem, told_to_dagster
from wedsync_dr.defs.packs import emergency_packs_fresh
from wedsync_dr.defs.partitions import RECOVERY_POINTS
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.standing import is_urgent, standing
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.schedule.objectives import DAY, Offender, TierStanding, standings
from wedsync_dr.schedule.words import spoken
from wedsync_dr.snapshot.candidates import candidates
from wedsync_dr.snapshot.history import current_instants

Resource = dg.ResourceParam[Protection]
_LONGEST = timedelta(days=8)


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="Per tier: how many scopes have a recovery point no older than the tier's RPO now, and what share of "
    "the last 24 hours they had. Each one outside is named. An error where a critical tier is outside.",
)
def within_rpo(protection: Resource) -> dg.AssetCheckResult:
    """Ages are from the ledger, tiers from the source and the policy."""
    with told_to_dagster():
        now, policy, archive = protection.now(), protection.policy(), protection.archive()
        found = candidates(protection.source(), archive, policy, now)
        seen = standings(found, current_instants(archive, now - _LONGEST - DAY), policy, now)
    outside = [one for tier in seen for one in tier.offenders]
    problems = [_outside(one, seen) for one in outside]
    urgent = any(one.tier is not None and is_urgent(one.tier) for one in outside)
    checked = result(problems, {"scopes": len(found), "outside": len(outside)}, urgent=urgent)
    return checked._replace(metadata={**checked.metadata, "tiers": _table(seen)})


def _outside(one: Offender, seen: list[TierStanding]) -> Problem:
    rpo = next(tier.rpo for tier in seen if tier.tier is one.tier)
    age = f"is {spoken(one.age)} old" if one.age is not None else "does not exist"
    taker = "urgent_weddings" if one.tier and is_urgent(one.tier) else "missed_objectives"
    following = "A run is taking it now." if one.running else f"{taker} asks for it at its next tick; see the runs."
    return one.scope, f"Its newest recovery point {age}; the objective is {spoken(rpo)}.", following


def _table(seen: list[TierStanding]) -> dg.TableMetadataValue:
    records = [
        dg.TableRecord({
            "tier": tier.tier.value if tier.tier else "platform tables",
            "scopes": tier.scopes,
            "inside_now": tier.inside,
            "share_of_24_h": f"{tier.share:.1%}" if tier.share is not None else "nothing known yet",
            "rpo": spoken(tier.rpo),
        })
        for tier in seen
    ]  # fmt: skip
    return dg.MetadataValue.table(records)


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="No wedding, vendor or table that has recovery points is missing in the source. What vanished is named "
    "until it is back; its recovery points stay.",
)
def weddings_vanished(protection: Resource) -> dg.AssetCheckResult:
    """An alarm, never a clean-up."""
    with told_to_dagster():
        seen, archive = standing(protection), protection.archive()
        current = archive.ledger.known().current
    gone = seen.vanished()
    problems = list(_vanished(gone, current))
    weddings = sum(scope.kind is Kind.WEDDING for scope in gone)
    return result(problems, {"vanished": len(gone), "weddings": weddings}, urgent=bool(weddings) or None)


def _vanished(gone: list[ScopeId], current: dict[ScopeId, str]) -> Iterator[Problem]:
    for scope in gone:
        last = current.get(scope)
        seen = f"last known current at {last}" if last else "the ledger does not know when it was last current"
        yield scope, f"Has vanished from the source ({seen}); its recovery points stay.", _back(scope)


def _back(scope: ScopeId) -> str:
    if scope.kind is Kind.PLATFORM:
        return "If the table was not dropped on purpose, `wedsync-dr export` writes its rows."
    return f"If that is wrong, launch restore_{scope.kind.value} with its id."


promise = dg.define_asset_job(
    "promise",
    dg.AssetSelection.checks(within_rpo, weddings_vanished, emergency_packs_fresh),
    description="Ask only whether the promise is kept: recovery points young enough, no wedding vanished, near "
    "weddings' packs fresh. Reads no row and no snapshot, so it may run often.",
    executor_def=dg.in_process_executor,
    tags={"wedsync/lane": "bulk"},
)
hourly_promise = dg.ScheduleDefinition(
    name="hourly_promise",
    job=promise,
    cron_schedule="30 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every hour: whether the promise is kept. Its history is what auditors read.",
)
ALL = (within_rpo, weddings_vanished)
