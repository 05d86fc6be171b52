"""The whole platform back, on the command line."""

import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from wedsync_dr.approval import deciding
from wedsync_dr.approval.asking import asked_of_everything
from wedsync_dr.approval.use import wanted_of_everything
from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.output import counted, note, print_json, print_table, say, size, took
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.cli.requested import Asking
from wedsync_dr.restore.everything import apply_everything, plan_everything, require_applicable
from wedsync_dr.restore.recovery import Outcome, Recovered, RecoveryPlan, WaveDone
from wedsync_dr.restore.waves import Order
from wedsync_dr.vault.archive import Archive

_SHOWN = 10  # of a long list, what a person reads

order_option = click.option(
    "--order",
    type=click.Choice(Order, case_sensitive=False),
    default=Order.urgent,
    show_default=True,
    help="With --everything. urgent: weddings of the day are usable while the rest loads; fast: keys come last.",
)
no_owner_option = click.option(
    "--no-owner", is_flag=True, help="With --everything: all objects belong to the role that restores; no GRANTs."
)


def require_alone(wedding: str | None, vendor: str | None, platform: str | None, tables: tuple[str, ...]) -> None:
    """Raises UsageError where something else is named beside everything."""
    if wedding or vendor or platform or tables:
        raise click.UsageError("--everything is everything: leave out --wedding, --vendor, --platform and --tables.")


def recover(
    url: str | None,
    as_of: datetime | None,
    order: Order,
    asking: Asking,
    *,
    no_owner: bool,
    apply: bool,
    ask: bool,
    as_json: bool,
) -> int:
    """Plan the recovery of the whole platform, and if asked carry it out; returns the exit code."""
    url = url or at_hand.settings().target_url
    if url is None:
        raise click.UsageError("--everything needs --target URL, an empty database.")
    archive = at_hand.archive()
    plan = _plan(archive, url, as_of, order, asking, no_owner=no_owner)
    if not as_json:
        _print_plan(plan)
    if asking.wanted:
        require_applicable(plan)
        return asking.ask(archive, asked_of_everything(plan, archive.signer), as_json=as_json)
    if not apply:
        print_json(Recovered(plan, None, 0).to_json()) if as_json else say("Nothing was changed; add --apply to do it.")
        return exits.DONE
    require_applicable(plan)
    permit = asking.permit_everything(archive, plan)
    if sys.stdin.isatty() and ask:
        click.confirm("Rebuild the platform in this database?", abort=True, err=True)
    started, by = time.monotonic(), at_hand.requested_by()
    with shown_progress() as progress:
        done = apply_everything(
            archive, url, plan, now=at_hand.now(), requested_by=by, progress=progress, permit=permit
        )
    seconds = time.monotonic() - started
    print_json(Recovered(plan, done, seconds).to_json()) if as_json else _print_outcome(done, seconds)
    return exits.DONE if done.whole else exits.SOME_FAILED


def _plan(
    archive: Archive, url: str, as_of: datetime | None, order: Order, asking: Asking, *, no_owner: bool
) -> RecoveryPlan:
    """The plan that the options ask for, or that of the request that they name."""
    if asking.request_id:
        as_of, order, no_owner = wanted_of_everything(deciding.find(archive, asking.request_id).request.asked)
    time_zone, policy, now = at_hand.settings().time_zone, at_hand.policy(), at_hand.now()
    return plan_everything(
        archive, url, as_of=as_of, order=order, no_owner=no_owner, now=now, time_zone=time_zone, policy=policy
    )


def _print_plan(plan: RecoveryPlan) -> None:
    document = plan.to_json()
    schema = document["schema"]
    say(f"the platform as of {document['as_of']} into {document['target']['database']}, order {document['order']}")
    say(f"schema {schema['snapshot_id']}, {counted(schema['statements'], 'statement')}")
    rows = [
        (w["name"], f"{w['scopes']:,}", f"{w['rows']:,}", size(w["bytes"]), w["oldest"], w["newest"])
        for w in document["waves"]
    ]
    columns = ("wave", "scopes", "rows", "sealed", "oldest recovery point", "newest")
    print_table(columns, rows, numbers=("scopes", "rows", "sealed"))
    for line in _remarks(document):
        say(line)
    say(f"about {took(document['estimate_seconds'])}")


def _remarks(document: dict[str, Any]) -> Iterator[str]:
    if document["resumes"]:
        yield "A recovery is under way in the target; it is gone on with."
    for lack in document["lacks"]:
        yield f"lacking: {lack['what']}"
        yield f"what to do: {lack['remedy']}"
    for warning in document["warnings"]:
        yield f"note: {warning}"
    for scope in document["without_recovery_point"][:_SHOWN]:
        yield f"no recovery point: {scope}"
    if document["no_longer_there"]:
        yield f"{counted(document['no_longer_there'], 'scope')} of the vault had vanished by then; they stay there"


def _wave_row(wave: WaveDone) -> tuple[str, ...]:
    rate = f"{wave.rows / max(wave.seconds, 0.001):,.0f}/s"
    return wave.name, f"{wave.scopes:,}", f"{wave.rows:,}", took(wave.seconds), rate, took(wave.usable_at)


def _print_outcome(done: Outcome, seconds: float) -> None:
    columns = ("wave", "scopes", "rows", "took", "rate", "usable since")
    print_table(columns, map(_wave_row, done.waves), numbers=columns[1:])
    for tier in done.rto():
        verdict = "met" if tier["met"] else "MISSED"
        say(f"RTO {tier['tier']}: {took(tier['achieved_seconds'])} of {took(tier['target_seconds'])}, {verdict}")
    for line in _problems(done):
        note(line)
    say(f"rebuilt in {took(seconds)}; {counted(done.tables, 'table')} proven equal to what was sealed")


def _problems(done: Outcome) -> Iterator[str]:
    for one in done.fallbacks[:_SHOWN]:
        shown = one.to_json()
        used = f"back from {one.snapshot_id}" if one.snapshot_id else "not back: no intact recovery point"
        yield f"fallback: {one.scope} {used}; may have lost what was written until {shown['lost_until']}"
    for key in done.dangling[:_SHOWN]:
        yield f"dangling: {counted(key.rows, 'row')} of {key.table} name no {key.target}; {key.constraint} is NOT VALID"
    for what, why in done.refusals[:_SHOWN]:
        yield f"refused: {what}: {why}"
    for table in done.unproven[:_SHOWN]:
        yield f"not proven: {table.table}; others wrote {counted(table.written_meanwhile, 'row')} meanwhile"
