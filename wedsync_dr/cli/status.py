"""How everything stands, on one screen."""

import os
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import click

from wedsync_dr.alerts.alert import Judgement
from wedsync_dr.alerts.conditions import judge
from wedsync_dr.alerts.health import Health, look
from wedsync_dr.alerts.metrics import exposition
from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import console, print_json
from wedsync_dr.cli.screen import as_json as for_programs
from wedsync_dr.cli.screen import show
from wedsync_dr.settings import places

_STDOUT = "-"


@click.command(epilog=example("wedsync-dr status --watch"))
@click.option("--watch", type=click.IntRange(min=1), is_flag=False, flag_value=10, metavar="[SECONDS]",
              help="Look again every so many seconds (10), until Ctrl-C.")  # fmt: skip
@click.option("--prometheus", is_flag=False, flag_value=_STDOUT, metavar="[FILE]",
              help="Print metrics, or write them to FILE for the node exporter's textfile collector.")  # fmt: skip
@json_option
def status(watch: int | None, prometheus: str | None, as_json: bool) -> int:
    """Show how everything stands: what needs you, objectives by tier, what runs, drills, findings, space, what is next.

    Reads source, ledger and disk, and needs no Dagster. Exit code 0: all is well; 4: something needs somebody. What
    was never done is not well, and what cannot be read is shown as that. With --prometheus the metrics say it, and the
    exit code is 0.
    """
    if prometheus and (watch or as_json):
        raise click.UsageError("--prometheus goes with neither --watch nor --json.")
    settings, policy = at_hand.settings(), at_hand.policy()
    where = places(settings, at_hand.ask_passphrase)
    where = replace(where, archive=cache(where.archive))
    while True:
        health = look(where, policy, at_hand.now())
        judged = judge(health)
        if prometheus:
            _export(prometheus, exposition(health, judged))
            return exits.DONE
        _say(health, judged, as_json=as_json, again=watch is not None)
        if watch is None:
            return exits.FINDINGS if judged.alerts else exits.DONE
        time.sleep(watch)


def _say(health: Health, judged: Judgement, *, as_json: bool, again: bool) -> None:
    if as_json:
        print_json(for_programs(health, judged))
        return
    if again:
        console().clear()
    show(health, judged)


def _export(name: str, text: str) -> None:
    """The file is there whole, or as it was before; others may read it."""
    if name == _STDOUT:
        click.echo(text, nl=False)
        return
    path = Path(name)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise click.BadParameter(f"{path.name} cannot be written ({type(error).__name__}).",
                                 param_hint="--prometheus") from None  # fmt: skip
