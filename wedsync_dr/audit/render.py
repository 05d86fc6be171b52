"""Pages as one HTML file each, and every figure as CSV and JSON. Pure: the same page gives the same bytes."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from wedsync_dr.audit.charts import drawing
from wedsync_dr.audit.document import Page, Row, Section, Shape, Table, Value, ends

_HERE = Path(__file__).parent
_PIECES = re.compile(r"[^/._-]{1,16}[/._-]?|[/._-]")
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_UNITS = ("B", "KB", "MB", "GB", "TB")
_NOTHING = "–"  # noqa: RUF001  the dash is meant


def html(page: Page) -> bytes:
    """A page that needs nothing else: no request, no script. All text is escaped."""
    return _templates().get_template("page.html.j2").render(page=page).encode()


def text(page: Page) -> Iterator[str]:
    """A page for a terminal, line by line: verdict, reasons, and every row of its tables."""
    yield from (f"{page.title}, {page.subtitle}", "", f"{page.verdict}.", *(f"  - {one}" for one in page.reasons))
    for table in page.tables:
        yield from ("", table.caption)
        yield from ("  " + _line(table, row) for row in table.rows)
        if not table.rows:
            yield f"  {table.nothing}"


def _line(table: Table, row: Row) -> str:
    cells = list(zip(table.columns, row.cells, strict=True))
    if len(cells) == 2:
        (_, what), (column, value) = cells
        return f"{what}: {shown(value, column.shape)}" + _cited(row)
    told = [f"{column.name} {shown(value, column.shape)}" for column, value in cells if value not in (None, "")]
    return ", ".join(told) + _cited(row)


def _cited(row: Row) -> str:
    return f" [ledger {' '.join(map(str, row.evidence))}]" if row.evidence else ""


def figures(page: Page) -> dict[str, Any]:
    """A page for programs: every figure, with the numbers of the entries it comes from."""
    return {
        "title": page.title,
        "period": page.subtitle,
        "verdict": page.verdict,
        "good": page.good,
        "reasons": list(page.reasons),
        "facts": dict(page.facts),
        "figures": [{"value": one.value, "label": one.label, "section": one.section} for one in page.figures],
        "sections": [_section(section) for section in page.sections],
        "evidence": [dict(zip(("entry", "at", "event", "sha256"), row.cells, strict=True)) for row in page.evidence],
    }


def figures_json(page: Page) -> bytes:
    return json.dumps(figures(page), ensure_ascii=False, indent=1).encode()


def _section(section: Section) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": section.title,
        "controls": list(section.controls),
        "deviations": [
            {"what": one.what, "closed": one.closed, "entries": list(one.evidence)} for one in section.deviations
        ],
        "tables": [_table(one) for one in section.tables],
    }


def _table(table: Table) -> dict[str, Any]:
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row.cells, strict=True)) | {"entries": list(row.evidence)} for row in table.rows]
    return {"name": table.name, "caption": table.caption, "rows": rows}


def csv_file(table: Table) -> bytes:
    """All rows of a table. A text that a spreadsheet would run as a formula has an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(column.name for column in table.columns), "ledger entries"])
    for row in table.rows:
        writer.writerow([*map(_plain, row.cells), " ".join(map(str, row.evidence))])
    return out.getvalue().encode()


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return str(value)


def shown(value: Value, shape: Shape) -> str:
    """A value for people."""
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _TEXTS.get(shape, str)(value)
    return _NUMBERS.get(shape, _number)(value)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


def _share(value: float) -> str:
    """Never rounded up: 100 % is all of it."""
    return f"{int(value * 10_000) / 100:.2f} %"


def _seconds(value: float) -> str:
    if value >= 172_800:
        return f"{value / 86_400:.3g} d"
    if value >= 7200:
        return f"{value / 3600:.3g} h"
    if value >= 120:
        return f"{value / 60:.3g} min"
    return f"{value * 1000:.0f} ms" if 0 < value < 1 else f"{value:.3g} s"


def _bytes(value: float) -> str:
    amount, unit = float(value), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.3g} {_UNITS[unit]}"


def _instant(value: str) -> str:
    return f"{value[:10]} {value[11:19]}"


def _run(value: str) -> str:
    """As Dagster's own pages show it; files have all of it."""
    return value[:8]


_TEXTS: dict[Shape, Callable[[str], str]] = {Shape.INSTANT: _instant, Shape.RUN: _run}
_NUMBERS = {Shape.SHARE: _share, Shape.SECONDS: _seconds, Shape.BYTES: _bytes}


def _breakable(value: str) -> Markup:
    """An id that may be broken after its separators and inside digests, so that narrow columns and paper hold it."""
    parts = (Markup.escape(part) for part in _PIECES.findall(value))
    return Markup("<wbr>").join(parts)


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"shown": shown, "drawing": drawing, "ends": ends, "breakable": _breakable}
    made.globals["style"] = Markup((_HERE / "page.css").read_text(encoding="utf-8"))  # noqa: S704  our own file
    return made
