"""What is to be snapshotted now."""

from collections.abc import Sequence
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import counted, print_json, print_table, say
from wedsync_dr.model import utc_text
from wedsync_dr.schedule.due import Due, decide, upcoming
from wedsync_dr.schedule.words import spoken
from wedsync_dr.snapshot.absent import vanished
from wedsync_dr.snapshot.candidates import candidates

_SHOWN = 40  # of a long list, what a person reads
_COLUMNS = ("scope", "tier", "priority", "deadline", "", "why")


@click.command(epilog=example("wedsync-dr due"))
@click.option("--all", "everything", is_flag=True, help="Also what is not due yet, and when it will be.")
@json_option
def due(everything: bool, as_json: bool) -> int:
    """Show what is to be snapshotted now, the most urgent first, by when, and why.

    Reads the source's scopes and the ledger; nothing is snapshotted. What the policy file says decides.
    """
    source, archive, policy, now = at_hand.source(), at_hand.archive(), at_hand.policy(), at_hand.now()
    found = candidates(source, archive, policy, now, look=True)
    pressing, later = decide(found, policy, now), upcoming(found, policy, now)
    known = archive.ledger.known()
    gone = vanished(known.current, {one.scope for one in found}, known)
    if as_json:
        following = [_json(one) for one in (later if everything else later[:1])]
        missing = [{"kind": scope.kind.value, "scope_id": scope.id} for scope in gone]
        document = {"at": utc_text(now), "scopes": len(found), "vanished": missing}
        print_json(document | {"due": [*map(_json, pressing)], "upcoming": following})
        return exits.DONE
    _print_due(pressing)
    for scope in gone[:_SHOWN]:
        say(f"vanished: {scope} is not in the source any more; its recovery points stay, and `restore` brings it back")
    if not pressing or everything:
        for one in later[: None if everything else 1]:
            say(f"next: {one.scope} at {utc_text(one.due_at)}, in {spoken(one.due_at - now)}; {one.reason}")
    return exits.DONE


def _print_due(pressing: Sequence[Due]) -> None:
    if not pressing:
        say("nothing due")
        return
    print_table(_COLUMNS, map(_row, pressing[:_SHOWN]))
    more = f"; the first {_SHOWN} are shown, --json has all" if len(pressing) > _SHOWN else ""
    late = sum(one.late for one in pressing)
    say(f"{counted(len(pressing), 'scope')} due, {late:,} of them late{more}")


def _row(one: Due) -> tuple[object, ...]:
    tier = one.tier.value if one.tier else ""
    return one.scope, tier, one.priority, utc_text(one.deadline), "LATE" if one.late else "", one.reason


def _json(one: Due) -> dict[str, Any]:
    return {
        "kind": one.scope.kind.value,
        "scope_id": one.scope.id,
        "tier": one.tier.value if one.tier else None,
        "priority": one.priority.value,
        "run_priority": one.run_priority,
        "due_at": utc_text(one.due_at),
        "deadline": utc_text(one.deadline),
        "late": one.late,
        "reason": one.reason,
    }
