"""What is protected: every table of the source covered or excepted, every scope with a recovery point or without."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from wedsync_dr.audit.document import Deviation, Row, Section, Table, table
from wedsync_dr.audit.material import Material
from wedsync_dr.model import Kind, ScopeId

_LEFT_OUT = "left out until "
_KINDS = (Kind.WEDDING, Kind.VENDOR, Kind.PLATFORM)
_UNREAD = "The source could not be read when this report was made, so nothing is said of it here."


def coverage(material: Material) -> Section:
    """The source now against what is backed up."""
    if material.scopes is None or material.infos is None:
        return Section("coverage", "What is protected", ("A.8.13",), (_UNREAD,))
    tables = _tables(material.scopes)
    text = (
        "Every row of the source has exactly one owner: a wedding, a vendor, or its table. So each table below is "
        "either covered in full or excepted, with a reason and a day on which the exception ends. Rows of all tables "
        "add up to the database as it was when this report was made.",
    )
    return Section(
        "coverage",
        "What is protected",
        ("A.8.13",),
        text,
        (_scopes(material), tables, *_warnings(material.scopes)),
        deviations=tuple(_unprotected(material)),
    )


def covered(material: Material) -> tuple[int, int]:
    """How many tables there are, and how many of them are covered."""
    rows = material.scopes["tables"] if material.scopes else []
    return len(rows), sum(not _exception(one) for one in rows)


def _tables(scopes: Mapping[str, Any]) -> Table:
    columns = (
        "table:id | standing | class | wedding:number | vendor:number | platform:number | several:number | exception"
    )
    rows = [
        Row((
            one["table"], "excepted" if _exception(one) else "covered", one["class"],
            *(one["rows"][kind.value] for kind in _KINDS), one["several"], _exception(one),
        ))
        for one in sorted(scopes["tables"], key=lambda one: (not _exception(one), one["table"]))
    ]  # fmt: skip
    caption = "Every table: whose its rows are (numbers are rows), and exceptions first"
    return table("tables", caption, columns, rows, nothing="The source has no table.",
                 shown=80)  # fmt: skip


def _exception(one: Mapping[str, Any]) -> str:
    return next((note for note in one["notes"] if note.startswith(_LEFT_OUT)), "")


def _warnings(scopes: Mapping[str, Any]) -> Iterator[Table]:
    rows = [Row((text,)) for text in scopes["warnings"]]
    yield table("undecided", "What the rules leave undecided", "what", rows, nothing="Nothing is undecided.")


def _scopes(material: Material) -> Table:
    present = Counter(one.scope.kind for one in material.infos or ())
    held = Counter(scope.kind for scope in _present(material) if scope in material.state.newest)
    rows = [
        Row((kind.value, present[kind], held[kind], present[kind] - held[kind]), wrong=present[kind] > held[kind])
        for kind in _KINDS
    ]
    columns = "kind | in the source:number | with a recovery point:number | without:number"
    return table("scopes", "Weddings, vendors and tables when this report was made", columns, rows)


def _present(material: Material) -> list[ScopeId]:
    return [one.scope for one in material.infos or ()]


def _unprotected(material: Material) -> Iterator[Deviation]:
    missing = sorted(set(_present(material)) - material.state.newest.keys())
    if missing:
        named = ", ".join(map(str, missing[:5])) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        yield Deviation(f"Without a recovery point: {named}.")
    for one in (material.scopes or {}).get("warnings", ()):
        if " is not protected: " in one:
            yield Deviation(one)
