"""Drills on the command line."""

import secrets

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import counted, note, print_json, print_table, say, took
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.drill.report import Drilled, DrillReport
from wedsync_dr.drill.run import DRAWN, Drill
from wedsync_dr.drill.scratch import scratch

_SHOWN = 30  # of a long drill, what a person reads


@click.command(epilog=example("wedsync-dr drill --count 20"))
@click.option("--count", type=click.IntRange(min=1), default=DRAWN, show_default=True, metavar="N",
              help="How many recovery points to draw, beside the weddings of the day.")  # fmt: skip
@click.option("--seed", type=int, metavar="N", help="Draw the same ones as an earlier drill, whose report names it.")
@click.option("--everything", is_flag=True, help="Rebuild the whole platform in a scratch database, too.")
@json_option
def drill(count: int, seed: int | None, everything: bool, as_json: bool) -> int:
    """Prove that recovery points restore: into scratch databases, timed against the RTO, compared with what was sealed.

    Every wedding of the day is restored from its newest recovery point, and others are drawn by urgency from any of
    theirs. A fresh canary goes the whole way, and a damaged copy must be refused. The source is only read. The scratch
    databases are on the server of WEDSYNC_SCRATCH_URL, else on one that is made for the drill and removed after it.
    The ledger keeps the result. Exit code 0: all held; 4: something did not.
    """
    settings = at_hand.settings()
    archive, source = at_hand.archive(), at_hand.source()
    with scratch(settings.scratch_url, settings.pg_bin) as aside, shown_progress() as progress:
        order = Drill(archive, source, aside, at_hand.now(), at_hand.requested_by(), at_hand.policy())
        seed = secrets.randbelow(2**31) if seed is None else seed
        report = order.run(seed=seed, count=count, whole=everything, progress=progress)
    print_json(report.to_json()) if as_json else _print(report)
    return exits.DONE if report.ok else exits.FINDINGS


def _print(report: DrillReport) -> None:
    columns = ("scope", "tier", "recovery point", "rows", "took", "RTO", "")
    print_table(columns, [_row(one) for one in report.results[:_SHOWN]], numbers=("rows", "took", "RTO"))
    if len(report.results) > _SHOWN:
        say(f"… and {counted(len(report.results) - _SHOWN, 'more')}; the ledger has them all (--json).")
    canary = report.canary
    say(f"canary: {'equal' if canary.equal else 'NOT EQUAL'}, {counted(canary.rows, 'row')} in {took(canary.seconds)}")
    say(f"damaged control: {'refused, as it must be' if report.control_refused else 'ACCEPTED'}")
    if report.whole:
        verdict = "equal" if report.whole.whole else "NOT EQUAL"
        say(f"whole platform: {verdict}, {counted(report.whole.tables, 'table')} in {took(report.whole.seconds)}")
    for problem in report.problems:
        note(f"problem: {problem}")
    equal = sum(one.equal for one in report.results)
    say(f"{equal} of {counted(len(report.results), 'recovery point')} restored equal in {took(report.seconds)};"
        f" seed {report.seed}")  # fmt: skip


def _row(one: Drilled) -> tuple[object, ...]:
    target = took(one.target_s) if one.target_s else ""
    verdict = "equal" if one.equal else "FAILED"
    late = "" if one.in_time else ", late"
    point = f"{one.pick.snapshot_id}{'' if one.pick.newest else ' (older)'}"
    return one.pick.scope, one.pick.tier or "", point, f"{one.rows:,}", took(one.seconds), target, verdict + late
