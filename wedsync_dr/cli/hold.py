"""Legal holds: nothing of a scope is removed until they end."""

from datetime import date, datetime

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import close_matches, example, json_option, one_scope, the_scope
from wedsync_dr.cli.output import print_json, print_table, say
from wedsync_dr.model import ScopeId
from wedsync_dr.vault import holds
from wedsync_dr.vault.facts import Hold

_by_option = click.option("--by", metavar="NAME", help="Who says so, if not who runs the command.")


@click.command(epilog=example('wedsync-dr hold --wedding 6f1c7e42-… --reason "case 12/26" --until 2028-12-31'))
@one_scope
@click.option("--reason", metavar="TEXT", help="Why; it stands in the ledger for ever, so name a file, not a person.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The last day. Else until released.")
@_by_option
@json_option
def hold(
    wedding: str | None,
    vendor: str | None,
    platform: str | None,
    reason: str | None,
    until: datetime | None,
    by: str | None,
    as_json: bool,
) -> int:
    """Hold a scope: nothing of it is removed by retention. Without a scope, list the holds there are."""
    if not (wedding or vendor or platform):
        if reason or until or by:
            raise click.UsageError("Name what to hold: --wedding ID, --vendor ID or --platform TABLE.")
        return _list(as_json=as_json)
    scope, archive, now = the_scope(wedding, vendor, platform), at_hand.archive(), at_hand.now()
    last = until.date() if until else None
    if last and last < now.date():
        raise click.UsageError("--until is over already.")
    with close_matches(scope, at_hand.known_scopes(archive)):
        holds.hold(archive, scope, reason=_reason(reason), until=last, by=by or at_hand.requested_by(), now=now)
    _say(scope, f"held{f' until {last}' if last else ''}", as_json=as_json)
    return exits.DONE


@click.command(epilog=example('wedsync-dr release --wedding 6f1c7e42-… --reason "case closed"'))
@one_scope
@click.option("--reason", metavar="TEXT", help="Why the hold ends.")
@_by_option
@json_option
def release(
    wedding: str | None, vendor: str | None, platform: str | None, reason: str | None, by: str | None, as_json: bool
) -> int:
    """End a hold; from then on retention decides again."""
    scope, archive = the_scope(wedding, vendor, platform), at_hand.archive()
    holds.release(archive, scope, reason=_reason(reason), by=by or at_hand.requested_by(), now=at_hand.now())
    _say(scope, "released", as_json=as_json)
    return exits.DONE


def _reason(text: str | None) -> str:
    if not text or not text.strip():
        raise click.UsageError("--reason is needed: an auditor will ask.")
    return text.strip()


def _say(scope: ScopeId, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"kind": scope.kind.value, "scope_id": scope.id, "done": what.split()[0]})
    else:
        say(f"{scope} is {what}")


def _list(*, as_json: bool) -> int:
    known, today = at_hand.archive().ledger.known().holds, at_hand.now().date()
    held = [(scope, one) for scope, one in sorted(known.items()) if one.binds(today)]
    if as_json:
        print_json({"holds": [_json(scope, one) for scope, one in held]})
    elif held:
        rows = [(scope, one.since, _last(one.until), one.by, one.reason) for scope, one in held]
        print_table(("scope", "since", "until", "by", "reason"), rows)
    else:
        say("nothing is held")
    return exits.DONE


def _last(until: date | None) -> str:
    return until.isoformat() if until else "released"


def _json(scope: ScopeId, one: Hold) -> dict[str, str | None]:
    until = one.until.isoformat() if one.until else None
    terms = {"since": one.since, "until": until, "by": one.by, "reason": one.reason}
    return {"kind": scope.kind.value, "scope_id": scope.id, **terms}
