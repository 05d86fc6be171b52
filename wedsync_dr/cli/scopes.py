"""Whose every row is, table by table."""

from collections.abc import Mapping
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import counted, note, print_json, print_table, say
from wedsync_dr.scope.report import describe
from wedsync_dr.scope.survey import survey


@click.command(epilog=example("wedsync-dr scopes --json | jq '.tables[] | select(.several > 0)'"))
@json_option
def scopes(as_json: bool) -> int:
    """Show for every table whose its rows are, by which paths, and how many; and what is undecided.

    The rows of all tables add up to the database: a table that no rule mentions is the platform's, and protected.
    """
    with survey(at_hand.source()) as seen:
        document = describe(seen.reader, seen.catalog, seen.ownership)
    if as_json:
        print_json(document)
    else:
        _print(document)
    return exits.DONE


def _print(document: Mapping[str, Any]) -> None:
    columns = ("table", "owner", "class", "wedding", "vendor", "platform", "several", "paths", "notes")
    print_table(columns, [_row(table) for table in document["tables"]], numbers=columns[3:7])
    for warning in document["warnings"]:
        note(f"undecided: {warning}")
    tables, undecided = document["tables"], len(document["warnings"])
    total = sum(sum(table["rows"].values()) for table in tables)
    say(f"{counted(len(tables), 'table')}, {counted(total, 'row')}, each with one owner; {undecided} undecided")


def _row(table: Mapping[str, Any]) -> tuple[object, ...]:
    rows = table["rows"]
    counts = (f"{rows['wedding']:,}", f"{rows['vendor']:,}", f"{rows['platform']:,}", f"{table['several']:,}")
    return (
        table["table"],
        table["owner_kind"],
        table["class"],
        *counts,
        "; ".join(table["paths"]),
        "; ".join(table["notes"]),
    )
