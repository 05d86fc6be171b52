"""What a report is made of: sections with tables and charts, and what was not as promised.

Every figure stands in a table; charts draw what a table beside them says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Value = str | int | float | bool | None


class Shape(StrEnum):
    """How a column is shown. Files always have the plain value."""

    TEXT = "text"
    NUMBER = "number"
    SHARE = "share"
    INSTANT = "instant"
    ID = "id"
    BYTES = "bytes"
    SECONDS = "seconds"
    MARK = "mark"
    RUN = "run"
    SECTION = "section"


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    shape: Shape = Shape.TEXT


@dataclass(frozen=True)
class Row:
    """A line of a table. `evidence` are the numbers of the ledger's entries that it was worked out from."""

    cells: tuple[Value, ...]
    evidence: tuple[int, ...] = ()
    wrong: bool = False


@dataclass(frozen=True)
class Table:
    """Figures. `name` is that of its CSV file; a page shows the first `shown` rows, the file has all of them."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    nothing: str = "None in this period."
    shown: int = 40


@dataclass(frozen=True)
class Panel:
    """A strip of a chart: one value a day, None where nothing is known."""

    label: str
    target: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Shares:
    """A chart of shares by day, a panel for each tier. `table` is the name of the table that says the same."""

    title: str
    table: str
    days: tuple[str, ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dot:
    """One measurement: when (a share of the period), how long, and of which series."""

    at: float
    seconds: float
    series: int


@dataclass(frozen=True)
class Dots:
    """A chart of times on a logarithmic scale against their targets: `series` are (name, target in seconds)."""

    title: str
    table: str
    days: tuple[str, ...]
    series: tuple[tuple[str, float], ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Deviation:
    """Something that was not as promised; `closed` says how it ended, and is empty while it is open."""

    what: str
    closed: str = ""
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Section:
    """A chapter. `controls` are the ids of the controls that it is evidence for."""

    id: str
    title: str
    controls: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Shares | Dots, ...] = ()
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A number for the first page, and what it is a number of."""

    value: str
    label: str
    section: str
    wrong: bool = False


@dataclass(frozen=True)
class Page:
    """A report, or the answer to one question. `verdict` is a sentence; `good` whether it is what one hopes for;
    `files` whether its tables are files, too."""

    title: str
    subtitle: str
    verdict: str
    good: bool
    reasons: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    figures: tuple[Figure, ...] = ()
    sections: tuple[Section, ...] = ()
    evidence: tuple[Row, ...] = field(default=(), repr=False)
    files: bool = False

    @property
    def tables(self) -> list[Table]:
        return [table for section in self.sections for table in section.tables]


def table(
    name: str,
    caption: str,
    columns: str,
    rows: Iterable[Row],
    *,
    nothing: str = "None in this period.",
    shown: int = 40,
) -> Table:
    """A table; its columns are written as `name | name:shape`, texts where no shape is said."""
    made = (one.partition(":") for one in columns.split(" | "))
    shaped = tuple(Column(column, Shape(shape or Shape.TEXT)) for column, _, shape in made)
    return Table(name, caption, shaped, tuple(rows), nothing, shown)


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 snapshot`, `2 snapshots`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def cited(sections: Iterable[Section]) -> list[int]:
    """The numbers of the entries that the shown rows of some sections, and their deviations, refer to."""
    found: set[int] = set()
    for section in sections:
        for one in section.tables:
            for row in one.rows[: one.shown]:
                found.update(ends(row.evidence))
        for deviation in section.deviations:
            found.update(ends(deviation.evidence))
    return sorted(found)


def ends(numbers: Sequence[int]) -> tuple[int, ...]:
    """Of many numbers the first and the last, which is what a line has room for."""
    return tuple(numbers) if len(numbers) <= 2 else (numbers[0], numbers[-1])
