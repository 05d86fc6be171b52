"""Setting up: root key, keyring, vault, and a look at the source."""

from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import counted, print_json, say
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.initialise import initialise
from wedsync_dr.scope.survey import survey
from wedsync_dr.settings import Settings, open_source


@click.command(epilog=example("WEDSYNC_SOURCE_URL=postgresql://backup@db.example/wedsync wedsync-dr init"))
@click.option("--new-vault", is_flag=True, help="Begin an empty vault although the keyring has one somewhere else.")
@json_option
def init(new_vault: bool, as_json: bool) -> int:
    """Create root key, keyring, signing key and vault where the settings say, and check the source.

    Safe to repeat: what exists is kept, and no key is ever overwritten. Exit code 0 means that snapshots can be taken.
    """
    settings = at_hand.settings()
    parts = initialise(settings, at_hand.now(), at_hand.ask_passphrase, new_vault=new_vault)
    tables, problem = _look_at_source(settings)
    if as_json:
        document: dict[str, Any] = {part.name: {"at": part.place, "created": part.created} for part in parts}
        print_json({"parts": document, "source": _source_json(tables, problem)})
        return exits.exit_code(problem) if problem else exits.DONE
    for part in parts:
        say(f"{part.name}: {'created' if part.created else 'found'} at {part.place}")
    if any(part.created for part in parts):
        say("Keep a copy of root key and keyring apart from the vault: without them no snapshot can be opened.")
    if problem:
        return exits.say_error(problem, as_json=False)
    say(f"source: {counted(tables, 'table')} readable in full")
    return exits.DONE


def _look_at_source(settings: Settings) -> tuple[int, DisasterRecoveryError | None]:
    """How many tables can be read in full, or why not."""
    try:
        with survey(open_source(settings)) as seen:
            return len(seen.catalog.tables), None
    except DisasterRecoveryError as error:
        return 0, error


def _source_json(tables: int, problem: DisasterRecoveryError | None) -> dict[str, Any]:
    if problem is None:
        return {"ok": True, "tables": tables}
    return {"ok": False, "error": str(problem), "code": type(problem).__name__, "remedy": problem.remedy}
