"""Asking for a restore instead of doing it, and doing what was asked for and approved."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import click

from wedsync_dr.approval import deciding, use
from wedsync_dr.approval.request import Asked
from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.approvals import as_option, person, print_standing
from wedsync_dr.cli.output import print_json, say
from wedsync_dr.cli.plan import print_plan, print_restored
from wedsync_dr.restore.apply import refuse_conflicts
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.permit import Permit
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.restore.recovery import RecoveryPlan
from wedsync_dr.restore.run import carry_out
from wedsync_dr.restore.terms import RowChoice
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive

Command = TypeVar("Command", bound=Callable[..., Any])


def request_options(command: Command) -> Command:
    """Options to ask for a restore, or to do what was asked for; `Asking` reads them."""
    for option in (
        as_option,
        click.option("--request-id", metavar="ID", help="Do what was asked for under this id; it says all the rest."),
        click.option(
            "--emergency", is_flag=True, help="With --request: it counts for minutes; one may go alone on it."
        ),
        click.option("--reason", metavar="TEXT", help="With --request: why."),
        click.option("--request", "wanted", is_flag=True, help="Do not do it: ask for another person's approval."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asking:
    """What the options say of asking."""

    wanted: bool
    reason: str | None
    emergency: bool
    request_id: str | None
    who: str | None

    def check(self, *, apply: bool, named: bool) -> None:
        """Raises UsageError where the options do not go together. `named`: something to restore was named."""
        if self.wanted and (apply or self.request_id):
            raise click.UsageError("--request only asks: give --apply with --request-id when it is approved.")
        if self.wanted and not (self.reason and self.reason.strip()):
            raise click.UsageError("--request needs --reason: the approver and an auditor will ask.")
        if (self.reason or self.emergency) and not self.wanted:
            raise click.UsageError("--reason and --emergency belong to --request.")
        if self.request_id and named:
            raise click.UsageError("--request-id says what to restore: leave the scope and its options out.")

    def ask(self, archive: Archive, asked: Asked, *, as_json: bool) -> int:
        """Write the request down and show it."""
        numbers = at_hand.policy().approvals
        one = deciding.ask(
            archive,
            asked,
            request_id=uuid4().hex[:12],
            by=person(self.who),
            reason=self.reason or "",
            expires=numbers.emergency_expires if self.emergency else numbers.expires,
            emergency=self.emergency,
            now=at_hand.now(),
        )
        return print_standing(one, as_json=as_json)

    def ask_for(self, source: Source, archive: Archive, plan: RestorePlan, *, as_json: bool) -> int:
        """The same for a plan. Raises what a conflict of it raises: nobody need look at what cannot be done."""
        if plan.mode is Mode.copy:
            raise click.UsageError("A copy destroys nothing: it takes nobody's approval.")
        refuse_conflicts(plan)
        return self.ask(archive, use.asked_now(source, archive, plan), as_json=as_json)

    def permit_everything(self, archive: Archive, plan: RecoveryPlan) -> Permit[RecoveryPlan] | None:
        """What lets the whole platform be rebuilt; None where it takes nobody, or goes on with what is under way.

        Raises ApprovalNeeded and ApprovalStale.
        """
        use.require_permitted_everything(
            archive, self.request_id or "", plan, person(self.who), at_hand.policy().approvals, at_hand.now()
        )
        if not self.request_id:
            return None
        who, use_id = person(self.who), uuid4().hex
        return use.permit_everything(archive, self.request_id, use_id=use_id, by=who, clock=at_hand.now)


def carry_out_request(asking: Asking, rows: tuple[RowChoice, ...], *, apply: bool, ask: bool, as_json: bool) -> int:
    """Plan again what was asked for, and with `apply` do it; whoever asked for single rows names them again."""
    archive, source, request_id = at_hand.archive(), at_hand.source(), asking.request_id or ""
    one = deciding.find(archive, request_id)
    if one.request.asked.scope is None:
        raise click.UsageError("That request is for everything: give --everything --target URL with it.")
    plan = use.plan_again(source, archive, one.request.asked, rows)
    if not as_json:
        print_plan(plan)
    use.require_permitted(archive, request_id, plan, person(asking.who), at_hand.now())
    if not apply:
        print_json(plan.to_json()) if as_json else say("It is approved; add --apply to do it.")
        return exits.DONE
    if sys.stdin.isatty() and ask:
        click.confirm("Apply this plan?", abort=True, err=True)
    permit = use.permit(archive, request_id, use_id=uuid4().hex, by=person(asking.who), clock=at_hand.now)
    done = carry_out(source, archive, plan, now=at_hand.now(), requested_by=at_hand.requested_by(), permit=permit)
    print_json(done.to_json()) if as_json else print_restored(done)
    return exits.DONE
