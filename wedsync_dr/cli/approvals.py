"""Requests for restores that take another person, on the command line."""

import click

from wedsync_dr.approval import deciding
from wedsync_dr.approval.request import Person
from wedsync_dr.approval.shown import standing_json
from wedsync_dr.approval.standing import Standing
from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import counted, print_json, print_table, say
from wedsync_dr.model import utc_text

as_option = click.option("--as", "who", metavar="NAME", help="Who you are, if not the operating system's user.")
_reason = click.option("--reason", required=True, metavar="TEXT", help="Why; it stands in the ledger for ever.")


def person(who: str | None) -> Person:
    """Who runs the command. There is no token here: the machine's own access control stands for it."""
    return Person((who or at_hand.user()).strip())


@click.group(invoke_without_command=True, epilog=example("wedsync-dr approvals approve 5f0c1e…"))
@click.option("--all", "every", is_flag=True, help="Also those that are over.")
@json_option
@click.pass_context
def approvals(context: click.Context, every: bool, as_json: bool) -> int:
    """List the restores that somebody asked for, and decide about them.

    `restore --request` asks. Another person than the requester approves; while the wedding is under way, two others.
    """
    if context.invoked_subcommand:
        return exits.DONE
    now = at_hand.now()
    found = [one for one in deciding.all_requests(at_hand.archive()).values() if every or one.is_open(now)]
    if as_json:
        print_json({"requests": [standing_json(one, now) for one in found]})
    elif found:
        columns = ("request", "what", "mode", "rows", "by", "reason", "expires", "how it stands")
        print_table(columns, [_row(one) for one in found])
    else:
        say("nobody waits for an approval")
    return exits.DONE


@approvals.command(epilog=example("wedsync-dr approvals approve 5f0c1e…"))
@click.argument("request_id", metavar="ID")
@as_option
@json_option
def approve(request_id: str, who: str | None, as_json: bool) -> int:
    """Agree to a request of somebody else, after a look at what it would change."""
    one = deciding.approve(at_hand.archive(), request_id, by=person(who), now=at_hand.now())
    return print_standing(one, as_json=as_json)


@approvals.command(epilog=example('wedsync-dr approvals refuse 5f0c1e… --reason "the wrong couple"'))
@click.argument("request_id", metavar="ID")
@_reason
@as_option
@json_option
def refuse(request_id: str, reason: str, who: str | None, as_json: bool) -> int:
    """End a request."""
    one = deciding.refuse(at_hand.archive(), request_id, by=person(who), reason=reason, now=at_hand.now())
    return print_standing(one, as_json=as_json)


@approvals.command(epilog=example("wedsync-dr approvals withdraw 5f0c1e…"))
@click.argument("request_id", metavar="ID")
@as_option
@json_option
def withdraw(request_id: str, who: str | None, as_json: bool) -> int:
    """Take your own request back."""
    one = deciding.withdraw(at_hand.archive(), request_id, by=person(who), now=at_hand.now())
    return print_standing(one, as_json=as_json)


@approvals.command(epilog=example('wedsync-dr approvals alone 5f0c1e… --reason "nobody else answers"'))
@click.argument("request_id", metavar="ID")
@_reason
@as_option
@json_option
def alone(request_id: str, reason: str, who: str | None, as_json: bool) -> int:
    """Do without a second person, in an emergency. It alarms everybody."""
    one = deciding.go_alone(at_hand.archive(), request_id, by=person(who), reason=reason, now=at_hand.now())
    return print_standing(one, as_json=as_json)


@approvals.command(epilog=example("wedsync-dr approvals acknowledge 5f0c1e…"))
@click.argument("request_id", metavar="ID")
@as_option
@json_option
def acknowledge(request_id: str, who: str | None, as_json: bool) -> int:
    """Say that you have seen that somebody else went alone; its alert ends."""
    one = deciding.acknowledge(at_hand.archive(), request_id, by=person(who), now=at_hand.now())
    return print_standing(one, as_json=as_json)


def print_standing(one: Standing, *, as_json: bool) -> int:
    """How a request stands now, and what it waits for."""
    now = at_hand.now()
    if as_json:
        print_json(standing_json(one, now))
        return exits.DONE
    touched, asked = one.request.asked.preview, one.request.asked
    say(f"request {one.request.id}: {asked.mode} {asked.name} from {asked.snapshot_id}")
    say(
        f"touches {counted(touched.weddings, 'wedding')} and {counted(touched.vendors, 'vendor')}; rows to {_rows(one)}"
    )
    if touched.newest_change_lost:
        say(f"the newest change that would be lost is of {utc_text(touched.newest_change_lost)}")
    say(f"{_standing(one)}; it expires at {utc_text(one.request.expires)}")
    return exits.DONE


def _rows(one: Standing) -> str:
    touched = one.request.asked.preview
    return f"insert {touched.inserted:,}, update {touched.updated:,}, delete {touched.deleted:,}"


def _standing(one: Standing) -> str:
    now = at_hand.now()
    lacks = one.lacks(now) if one.is_open(now) else 0
    by = [person.subject for person in one.approvers]
    names = f" by {', '.join(by)}" if by else ""
    alone = f", alone by {one.alone.by.subject}" if one.alone else ""
    waits = f", waits for {counted(lacks, 'approval')} by others" if lacks else ""
    return f"{one.phase(now).value}{names}{alone}{waits}"


def _row(one: Standing) -> tuple[object, ...]:
    request, asked = one.request, one.request.asked
    return (request.id, asked.name, asked.mode, _rows(one), request.requester.subject, request.reason,
            utc_text(request.expires), _standing(one))  # fmt: skip
