"""The demo on the command line: an embedded PostgreSQL with a wedding platform, and Dagster beside it."""

from pathlib import Path

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import say
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.demo import story
from wedsync_dr.demo.churn import churn
from wedsync_dr.settings import HOME

_size = click.option(
    "--weddings", type=click.IntRange(min=1), default=300, show_default=True, help="How many weddings."
)
_seed = click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same platform.")


@click.group(invoke_without_command=True, epilog=example("wedsync-dr demo --weddings 300 --seed 1"))
@_size
@_seed
@click.option("--remove", is_flag=True, help="Stop the embedded server and remove what the demo made.")
@json_option
@click.pass_context
def demo(ctx: click.Context, weddings: int, seed: int, remove: bool, as_json: bool) -> int:
    """Tell the whole story: back up a platform, lose a wedding, bring it back, find planted damage.

    Starts PostgreSQL and Dagster, and ends every process again. Exit code 0 means that every step held.
    """
    if ctx.invoked_subcommand:
        return exits.DONE
    if remove:
        story.remove(_home())
        return exits.DONE
    with shown_progress() as progress:
        pg_bin = at_hand.settings().pg_bin
        summary = story.run(_home(), weddings=weddings, seed=seed, json=as_json, pg_bin=pg_bin, progress=progress)
    return exits.DONE if summary.ok else exits.FAULT


@demo.command("churn", epilog=example("wedsync-dr demo churn --minutes 60"))
@click.option("--minutes", type=click.FloatRange(min=0), default=60, show_default=True, help="How long.")
@click.option("--share", type=click.FloatRange(0, 1), default=0.01, show_default=True,
              help="Of all weddings, what share changes each minute.")  # fmt: skip
@click.option("--failures", type=click.IntRange(min=0), default=2, show_default=True, metavar="N",
              help="How often the database crashes on the way.")  # fmt: skip
@_seed
def churn_platform(minutes: float, share: float, failures: int, seed: int) -> int:
    """Use the platform that `up` has open: change, move, add and delete weddings, and crash the database.

    Dagster keeps it protected meanwhile; `wedsync-dr due` and the check `within_rpo` say whether it does.
    """
    source = story.open_platform(_home())
    click.echo(churn(source, minutes=minutes, share=share, failures=failures, seed=str(seed), say=say).said())
    return exits.DONE


@click.command(epilog=example("wedsync-dr up --weddings 50"))
@_size
@_seed
@click.option(
    "--lose", is_flag=True, help="Delete the wedding of tomorrow in the platform that is open, to try it out."
)
@click.option("--workers", type=click.IntRange(0, 8), default=0, metavar="N",
              help="Let so many Celery workers take the runs, with Redis between, as on several machines.")  # fmt: skip
def up(weddings: int, seed: int, lose: bool, workers: int) -> int:
    """Start the demo platform and leave the Dagster UI open on it; Ctrl-C ends everything. It can be called again.

    The command line reaches it from `.wedsync/up`, whose `.env` names its database, vault and keys.
    """
    if lose:
        wedding, rows = story.lose(_home())
        click.echo(f"Deleted all {rows} rows of {wedding}, which is about to be. Bring it back, in .wedsync/up:")
        click.echo(f"  wedsync-dr restore --wedding {wedding.id}            # what it would do")
        click.echo(f"  wedsync-dr restore --wedding {wedding.id} --apply    # do it")
        return exits.DONE
    with shown_progress() as progress:
        pg_bin = at_hand.settings().pg_bin
        story.up(_home(), weddings=weddings, seed=seed, workers=workers, pg_bin=pg_bin, progress=progress)
    return exits.DONE


def _home() -> Path:
    """Where the demo lives: the `.wedsync` that this directory is in, else the one of this directory."""
    here = Path.cwd()
    around = [directory for directory in (here, *here.parents) if directory.name == HOME.name]
    return around[-1] if around else HOME.resolve()
