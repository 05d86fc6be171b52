"""Which snapshots may go, and letting them go."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import age, counted, note, print_json, print_table, say
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.model import utc_text
from wedsync_dr.schedule.retention import Kept, Removal, RetentionPlan, plan_retention
from wedsync_dr.snapshot.inventory import held_snapshots
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.removal import Retained, apply_retention

_SHOWN = 40  # of a long list, what a person reads


@click.command(epilog=example("wedsync-dr retention --apply --yes"))
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would go and what stays; this is the default.")
@click.option("--apply", is_flag=True, help="Remove what the plan says may go.")
@click.option("--yes", is_flag=True, help="Do not ask on a terminal.")
@json_option
def retention(only_plan: bool, apply: bool, yes: bool, as_json: bool) -> int:
    """Show which snapshots may go by the policy and why, what stays and why, and with --apply remove the former.

    Nothing goes of a scope that is held, that vanished from the source, or whose newest recovery point does not verify.
    Each removal is named in the ledger with its reason before it is done.
    """
    if only_plan and apply:
        raise click.UsageError("--plan only shows; leave it out to --apply.")
    source, archive, policy, now = at_hand.source(), at_hand.archive(), at_hand.policy(), at_hand.now()
    plan = plan_retention(held_snapshots(source, archive, policy, now), policy, now)
    if not apply:
        print_json(_plan_json(plan)) if as_json else _print_plan(plan, now)
        return exits.DONE
    if sys.stdin.isatty() and not yes:
        _print_plan(plan, now)
        click.confirm("Remove them?", abort=True, err=True)
    by = at_hand.requested_by()
    with shown_progress() as progress:
        done = apply_retention(source, archive, plan, now=now, by=by, progress=progress)
    print_json(_plan_json(plan) | _done_json(done)) if as_json else _print_done(done)
    return exits.DONE if all(one.busy for one in done.skipped) else exits.SOME_FAILED


def _print_plan(plan: RetentionPlan, now: datetime) -> None:
    if plan.removals:
        rows = [_row(gone, now) for gone in plan.removals[:_SHOWN]]
        print_table(("scope", "snapshot", "age", "may go because"), rows, numbers=("age",))
    more = f"; the first {_SHOWN} are shown, --json has all" if len(plan.removals) > _SHOWN else ""
    say(f"{counted(len(plan.removals), 'snapshot')} may go, {len(plan.kept):,} stay{more}")
    for reason, count in Counter(reason for kept in plan.kept for reason in kept.reasons).most_common():
        say(f"stays: {count:,}, {reason}")


def _row(gone: Removal, now: datetime) -> tuple[object, ...]:
    return gone.ref.scope, gone.ref.snapshot_id, age(now - gone.ref.taken_at), gone.reason


def _print_done(done: Retained) -> None:
    if done.finished:
        say(f"{counted(len(done.finished), 'removal')} of an earlier run finished")
    for one in done.skipped:
        note(f"left alone: {one.scope}: {one.why}")
    say(f"{counted(len(done.removed), 'snapshot')} removed; `wedsync-dr ledger list --json` has each with its reason")


def _plan_json(plan: RetentionPlan) -> dict[str, Any]:
    return {
        "removals": [_ref_json(gone.ref) | {"role": gone.role.value, "reason": gone.reason} for gone in plan.removals],
        "kept": [_kept_json(kept) for kept in plan.kept],
    }


def _kept_json(kept: Kept) -> dict[str, Any]:
    return _ref_json(kept.ref) | {"role": kept.role.value, "reasons": list(kept.reasons)}


def _done_json(done: Retained) -> dict[str, Any]:
    return {
        "removed": _refs_json([removal.ref for removal in done.removed]),
        "finished": _refs_json(done.finished),
        "skipped": [
            {"kind": one.scope.kind.value, "scope_id": one.scope.id, "why": one.why, "busy": one.busy}
            for one in done.skipped
        ],
    }


def _refs_json(refs: Sequence[SnapshotRef]) -> list[dict[str, str]]:
    return [_ref_json(ref) for ref in refs]


def _ref_json(ref: SnapshotRef) -> dict[str, str]:
    place = {"kind": ref.scope.kind.value, "scope_id": ref.scope.id}
    return place | {"snapshot_id": ref.snapshot_id, "taken_at": utc_text(ref.taken_at)}
