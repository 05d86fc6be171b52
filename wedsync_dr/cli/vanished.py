"""What has recovery points and is gone from the source: listed, and accepted where it was meant."""

from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import close_matches, example, json_option, one_scope, the_scope
from wedsync_dr.cli.output import print_json, print_table, say
from wedsync_dr.model import ScopeId
from wedsync_dr.snapshot.absent import accept, look_for_vanished
from wedsync_dr.vault.ledger_state import LedgerState


@click.command(epilog=example('wedsync-dr vanished --accept --wedding 6f1c7e42-… --reason "contract ended"'))
@click.option("--accept", "accepted", is_flag=True, help="Say that it was meant: no alarm until it is seen again.")
@one_scope
@click.option("--reason", metavar="TEXT", help="Why; it stands in the ledger for ever, so name a file, not a person.")
@click.option("--by", metavar="NAME", help="Who says so, if not who runs the command.")
@json_option
def vanished(
    accepted: bool,
    wedding: str | None,
    vendor: str | None,
    platform: str | None,
    reason: str | None,
    by: str | None,
    as_json: bool,
) -> int:
    """List what the vault has and the source has not any more, and with --accept say that one of them was meant.

    Recovery points of what is gone stay, accepted or not; `wedsync-dr restore` brings it back. Exit code 4 where
    something is gone that nobody accepted.
    """
    if not accepted:
        if wedding or vendor or platform or reason or by:
            raise click.UsageError("Say --accept, with one scope and --reason; without it the command lists.")
        return _list(as_json=as_json)
    if not reason or not reason.strip():
        raise click.UsageError("--reason is needed: an auditor will ask.")
    scope, archive = the_scope(wedding, vendor, platform), at_hand.archive()
    by = by or at_hand.requested_by()
    with close_matches(scope, at_hand.known_scopes(archive)):
        accept(at_hand.source(), archive, scope, reason=reason.strip(), by=by, now=at_hand.now())
    if as_json:
        print_json({"kind": scope.kind.value, "scope_id": scope.id, "done": "accepted"})
    else:
        say(f"{scope} is gone, and that is accepted; its recovery points stay")
    return exits.DONE


def _list(*, as_json: bool) -> int:
    archive = at_hand.archive()
    missing, known = look_for_vanished(at_hand.source(), archive), archive.ledger.known()
    if as_json:
        accepted = [_json(scope, known) | _terms(scope, known) for scope in sorted(known.absences)]
        print_json({"vanished": [_json(scope, known) for scope in missing], "accepted": accepted})
    elif gone := (*missing, *sorted(known.absences)):
        print_table(("scope", "last there", "accepted"), [_row(scope, known) for scope in gone])
    else:
        say("nothing has vanished")
    return exits.FINDINGS if missing else exits.DONE


def _row(scope: ScopeId, known: LedgerState) -> tuple[object, ...]:
    absence = known.absences.get(scope)
    why = f"{absence.at} by {absence.by}: {absence.reason}" if absence else ""
    return scope, known.current.get(scope, "unknown"), why


def _json(scope: ScopeId, known: LedgerState) -> dict[str, Any]:
    return {"kind": scope.kind.value, "scope_id": scope.id, "last_there": known.current.get(scope)}


def _terms(scope: ScopeId, known: LedgerState) -> dict[str, Any]:
    absence = known.absences[scope]
    return {"at": absence.at, "by": absence.by, "reason": absence.reason}
