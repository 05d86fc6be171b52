"""The ledger on the command line."""

from collections import deque
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import counted, note, print_json, print_table, say
from wedsync_dr.cli.verify import finding_json, print_findings
from wedsync_dr.vault.ledger import LedgerEntry

_CUT = 100  # characters of an entry's body that a table shows


@click.group()
def ledger() -> None:
    """Read and check the record of everything done.

    \b
    Examples:
      wedsync-dr ledger list --last 20
      wedsync-dr ledger check
    """


@ledger.command("list", epilog=example("wedsync-dr ledger list --last 20"))
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the newest N entries.")
@json_option
def list_entries(last: int | None, as_json: bool) -> int:
    """List the entries, oldest first. Damaged ones are left out and counted; `ledger check` names them."""
    book = at_hand.archive().ledger
    entries, damaged = list(deque(book.readable(), maxlen=last)), sum(1 for _ in book.check())
    if as_json:
        print_json({"entries": [_entry_json(entry) for entry in entries], "findings": damaged})
    else:
        rows = [(entry.sequence, entry.at, entry.event, _short(entry)) for entry in entries]
        print_table(("number", "at", "event", "what"), rows, numbers=("number",))
        if damaged:
            note(f"{counted(damaged, 'finding')} in the ledger; `wedsync-dr ledger check` names what is wrong")
    return exits.DONE


@ledger.command("check", epilog=example("wedsync-dr ledger check --json"))
@json_option
def check(as_json: bool) -> int:
    """Check every entry: its signature, and that it continues the one before. Findings end with exit code 4."""
    book = at_hand.archive().ledger
    findings = tuple(book.check())
    count = sum(1 for _ in book.entries()) if not findings else None
    if as_json:
        print_json({"entries": count, "findings": [finding_json(finding) for finding in findings]})
    elif findings:
        print_findings(findings)
    else:
        say(f"{counted(count or 0, 'entry', 'entries')}, unbroken and signed")
    return exits.FINDINGS if findings else exits.DONE


def _entry_json(entry: LedgerEntry) -> dict[str, Any]:
    return {"sequence": entry.sequence, "at": entry.at, "event": entry.event, "body": entry.body}


def _short(entry: LedgerEntry) -> str:
    """What an entry says, its lists as their lengths: a batch names thousands of snapshots."""
    parts = (f"{name} {len(value) if isinstance(value, list) else value}" for name, value in entry.body.items())
    text = ", ".join(parts)
    return text if len(text) <= _CUT else f"{text[:_CUT]}…"
