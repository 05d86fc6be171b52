"""How results look: JSON for programs, tables for people."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 10_000  # columns where no terminal says how wide it is: nothing is cut in a pipe
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNITS = ("B", "KB", "MB", "GB", "TB")
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def say(line: str) -> None:
    """One line for people on stdout."""
    click.echo(visible(line))


def note(line: str) -> None:
    """A line for people on stderr, that never mixes with results."""
    click.echo(visible(line), err=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """A table on stdout. Cells are shown as they are: no markup, no control characters."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(visible(column), justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(str(cell))) for cell in row))
    console().print(table)


def console(*, stderr: bool = False) -> Console:
    """A console as wide as its terminal; wide enough for everything where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDE
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)


def visible(text: str) -> str:
    """The text with control characters and direction overrides written out, so that no row can steer a terminal."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def size(count: int) -> str:
    """A number of bytes for people."""
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{count} B" if unit == 0 else f"{amount:.3g} {_UNITS[unit]}"


def age(span: timedelta) -> str:
    """How long ago, in its largest unit."""
    seconds = max(0, int(span.total_seconds()))
    for step, unit in _STEPS:
        if seconds >= step:
            return f"{seconds // step} {unit}"
    return "0 s"


def took(seconds: float) -> str:
    """A duration for people."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
