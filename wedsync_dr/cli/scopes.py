"""Whose every row is, table by table; and a draft of the rules for a database that nobody has described."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import counted, note, print_json, print_table, say
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.model import Kind
from wedsync_dr.scope.draft import draft
from wedsync_dr.scope.names import parse_table
from wedsync_dr.scope.report import describe
from wedsync_dr.scope.rules import Rules
from wedsync_dr.scope.suggest import Suggestion, suggest
from wedsync_dr.scope.survey import Source, survey, with_usual_roots
from wedsync_dr.settings import open_source

_MOST_NAMED = 40


@click.command(epilog=example("wedsync-dr scopes --suggest --output rules.toml"))
@click.option(
    "--wedding-root",
    multiple=True,
    metavar="TABLE",
    help="A table whose rows are weddings, as schema.table; with it the rules file is not read.",
)
@click.option(
    "--vendor-root", multiple=True, metavar="TABLE", help="Likewise for vendors; what contains others comes first."
)
@click.option("--suggest", "drafting", is_flag=True, help="Write a draft of the rules from the names and the data.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write the draft; a file that is there is kept. Without it, to the standard output.",
)
@click.option("--all-paths", is_flag=True, help="Show every path of a table to its owner, not the first one only.")
@json_option
def scopes(
    wedding_root: Sequence[str],
    vendor_root: Sequence[str],
    drafting: bool,
    output: Path | None,
    all_paths: bool,
    as_json: bool,
) -> int:
    """Show for every table whose its rows are, by which paths, and how many; and what is undecided.

    The rows of all tables add up to the database: a table that no rule mentions is the platform's, and protected.
    What is undecided is listed by urgency: columns named like a root without a key, tables with many rows, tables
    that are reached only through identity tables.

    Needs no rules file: name the root tables, or let them be found by their usual names. With --suggest the data is
    asked where columns without a foreign key point; what it proves is written as rules, the rest as comments.
    """
    if output and not drafting:
        raise click.UsageError("--output is where --suggest writes its draft.")
    if output and output.exists():
        raise click.UsageError(f"{output.name} exists, and is kept; name another file.")
    source = _source(wedding_root, vendor_root)
    if drafting:
        return _suggest(source, output, as_json=as_json)
    with survey(source) as seen:
        document = describe(seen.reader, seen.catalog, seen.ownership)
    if as_json:
        print_json(document)
    else:
        _print(document, all_paths=all_paths)
    return exits.DONE


def _source(weddings: Sequence[str], vendors: Sequence[str]) -> Source:
    """The source with the roots of the options, else the rules file, else the usual roots."""
    settings = at_hand.settings()
    if weddings or vendors:
        roots = {Kind.WEDDING: tuple(map(parse_table, weddings)), Kind.VENDOR: tuple(map(parse_table, vendors))}
        return open_source(settings, Rules(roots=roots))
    if settings.rules.exists():
        return open_source(settings)
    source = with_usual_roots(open_source(settings, Rules()))
    named = "; ".join(f"{kind.value}: {', '.join(map(str, source.rules.roots[kind]))}" for kind in source.rules.roots)
    note(f"There is no {settings.rules.name}; taken as roots by their names: {named}")
    return source


def _suggest(source: Source, output: Path | None, *, as_json: bool) -> int:
    with survey(source) as seen, shown_progress() as progress:
        suggestion = suggest(seen.reader, seen.catalog, source.rules, progress)
    text = draft(suggestion)
    if output:
        _write(output, text)
    if as_json:
        print_json({"draft": text, "output": str(output) if output else None, **_counts(suggestion)})
    elif output:
        counts = ", ".join(f"{number} {what}" for what, number in _counts(suggestion).items())
        say(f"{output.name}: {counts}. Read it, then look at it again: wedsync-dr scopes")
    else:
        click.echo(text, nl=False)
    return exits.DONE


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.FileError(path.name, error.strerror) from None


def _counts(suggestion: Suggestion) -> dict[str, int]:
    return {
        "references": len(suggestion.references),
        "owned_by": sum(link.proven for link in suggestion.reverse),
        "not_through": len(suggestion.hubs),
        "not_proven": len(suggestion.doubtful) + sum(not link.proven for link in suggestion.reverse),
    }


def _print(document: Mapping[str, Any], *, all_paths: bool) -> None:
    tables = document["tables"]
    columns = ("table", "owner", "class", "wedding", "vendor", "platform", "several", "path")
    print_table(columns, [_row(table, all_paths=all_paths) for table in tables], numbers=columns[3:7])
    _section("notes", [f"{table['table']}: {text}" for table in tables for text in table["notes"]])
    _section("undecided, the most urgent first", document["warnings"])
    rest = [one["table"] for one in document["undecided"] if one["why"] == "rest"]
    more = f" and {len(rest) - _MOST_NAMED} more" if len(rest) > _MOST_NAMED else ""
    _section("undecided, and small: no way leads to a root", [", ".join(rest[:_MOST_NAMED]) + more] if rest else [])
    total, undecided = sum(sum(table["rows"].values()) for table in tables), len(document["undecided"])
    say("")
    say(f"{counted(len(tables), 'table')}, {counted(total, 'row')}, each with one owner; {undecided} undecided")


def _section(heading: str, lines: Sequence[str]) -> None:
    if lines:
        say("")
        say(f"{heading}:")
        for line in lines:
            say(f"  {line}")


def _row(table: Mapping[str, Any], *, all_paths: bool) -> tuple[object, ...]:
    counts = [f"{number:,}" if number else "" for number in (*table["rows"].values(), table["several"])]
    first, others = table["paths"][:1], len(table["paths"]) - 1
    shown = table["paths"] if all_paths or others < 1 else [f"{first[0]} (+{others})"]
    return (table["table"], table["owner_kind"], table["class"], *counts, "; ".join(shown))
