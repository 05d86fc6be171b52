"""`rules.toml`: roots and exceptions, the one file that a person reviews."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import Kind, RowClass, TableName
from wedsync_dr.scope.names import ColumnName, parse_column, parse_name, parse_table

_KEYS = {
    "roots": {"wedding", "vendor"},
    "walk": {"not_through"},
    "class": {"business"},
    "dates": {"wedding", "end_date", "time_zone"},
    "reference": {"from", "to", "when"},
    "owned_by": {"table", "via"},
    "left_out": {"table", "reason", "until"},
    "renamed": {"from", "to"},
}
_TABLE_KEYS = {"wedding_through", "vendor_through"}


@dataclass(frozen=True)
class Reference:
    """A column that points somewhere without a foreign key; `when` is a condition on its row."""

    source: ColumnName
    target: ColumnName
    when: str | None = None


@dataclass(frozen=True)
class OwnedBy:
    """A reverse link: a row of `table` belongs to the rows whose `via` column points to it."""

    table: TableName
    via: ColumnName


@dataclass(frozen=True)
class LeftOut:
    """A table that is not protected, why, and until when that was decided."""

    table: TableName
    reason: str
    until: date


@dataclass(frozen=True)
class Rules:
    """What `rules.toml` says. An empty one has no roots: every row is its table's platform scope's."""

    roots: Mapping[Kind, tuple[TableName, ...]] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    owned_by: tuple[OwnedBy, ...] = ()
    not_through: tuple[TableName, ...] = ()
    through: Mapping[tuple[TableName, Kind], tuple[str, ...]] = field(default_factory=dict)
    business: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    wedding_date: ColumnName | None = None
    end_date: ColumnName | None = None
    time_zone: ColumnName | None = None
    renamed_tables: Mapping[TableName, TableName] = field(default_factory=dict)
    renamed_columns: Mapping[ColumnName, ColumnName] = field(default_factory=dict)
    pack: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """`[pack]` as it stands there, for `pack/mapping.py`: a mistake in it must not stop a snapshot, and a change of it
    changes nobody's rows."""

    @property
    def digest(self) -> str:
        """Equal for equal rules only."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def row_class(self, table: TableName) -> RowClass:
        """Personal, unless the rules call the table business."""
        named = any(fnmatchcase(str(table), pattern) for pattern in self.business)
        return RowClass.BUSINESS if named else RowClass.PERSONAL


def load_rules(path: Path) -> Rules:
    """Read a rules file; RulesInvalid names what is wrong with it."""
    try:
        return parse_rules(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesInvalid(
            f"The rules file {path.name} cannot be read ({error.strerror}).",
            remedy="`wedsync-dr scopes --suggest --output rules.toml` drafts one; WEDSYNC_RULES names one elsewhere.",
        ) from None


def parse_rules(text: str) -> Rules:
    """Parse the text of a rules file."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesInvalid(f"rules.toml is not TOML: {error}.", remedy="Mend the line that it names.") from None
    _require_known(data, [*_KEYS, "tables", "pack"], "rules.toml")
    for section, known in _KEYS.items():
        for entry in _entries(data, section):
            _require_known(entry, known, f"[{section}]")
    for name, entry in data.get("tables", {}).items():
        _require_known(entry, _TABLE_KEYS, f'[tables."{name}"]')
    try:
        return _rules(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise RulesInvalid(
            f"rules.toml lacks {error} or has it in another form than expected.",
            remedy="Compare it with the example in docs/runbook.md.",
        ) from None


def _rules(data: dict[str, Any]) -> Rules:
    dates = data.get("dates", {})
    renamed = [_renamed(entry) for entry in data.get("renamed", [])]
    return Rules(
        roots={Kind(kind): tuple(map(parse_table, names)) for kind, names in data.get("roots", {}).items()},
        references=tuple(
            Reference(parse_column(entry["from"]), parse_column(entry["to"]), entry.get("when"))
            for entry in data.get("reference", [])
        ),
        owned_by=tuple(
            OwnedBy(parse_table(entry["table"]), parse_column(entry["via"])) for entry in data.get("owned_by", [])
        ),
        not_through=tuple(map(parse_table, data.get("walk", {}).get("not_through", []))),
        through={
            (parse_table(name), kind): tuple(entry[key])
            for name, entry in data.get("tables", {}).items()
            for kind, key in ((Kind.WEDDING, "wedding_through"), (Kind.VENDOR, "vendor_through"))
            if key in entry
        },
        business=tuple(data.get("class", {}).get("business", [])),
        left_out=tuple(
            LeftOut(parse_table(entry["table"]), _reason(entry), _day(entry)) for entry in data.get("left_out", [])
        ),
        wedding_date=parse_column(dates["wedding"]) if "wedding" in dates else None,
        end_date=parse_column(dates["end_date"]) if "end_date" in dates else None,
        time_zone=parse_column(dates["time_zone"]) if "time_zone" in dates else None,
        renamed_tables={a: b for a, b in renamed if isinstance(a, TableName) and isinstance(b, TableName)},
        renamed_columns={a: b for a, b in renamed if isinstance(a, ColumnName) and isinstance(b, ColumnName)},
        pack=dict(data.get("pack", {})),
    )


def _renamed(entry: dict[str, Any]) -> tuple[TableName | ColumnName, TableName | ColumnName]:
    """What a table or column was called, in full and with its table as it was called then, and what it is called."""
    before, now = parse_name(entry["from"]), parse_name(entry["to"])
    if type(before) is not type(now):
        raise RulesInvalid(
            f"{entry['from']} and {entry['to']} are not both tables or both columns.",
            remedy="Write both as schema.table or both as schema.table.column.",
        )
    return before, now


def _entries(data: dict[str, Any], section: str) -> list[dict[str, Any]]:
    entry = data.get(section, [])
    entries = entry if isinstance(entry, list) else [entry]
    if not all(isinstance(one, dict) for one in entries):
        raise RulesInvalid(
            f"[{section}] is not a table of settings.", remedy=f"Write it as [{section}] or [[{section}]]."
        )
    return entries


def _reason(entry: dict[str, Any]) -> str:
    reason = str(entry["reason"]).strip()
    if not reason:
        raise RulesInvalid(
            f"{entry['table']} is left out without a reason.", remedy="Give it one: an auditor will ask."
        )
    return reason


def _day(entry: dict[str, Any]) -> date:
    until = entry["until"]
    if type(until) is not date:
        raise RulesInvalid(f"{entry['table']}: `until` is not a date.", remedy="Write it as until = 2027-06-30.")
    return until


def _require_known(entry: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in entry:
        if key not in known:
            raise RulesInvalid(f"{where} has no key {key!r}.", remedy=did_you_mean(key, known))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest spelling as a remedy."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"Did you mean {close[0]!r}?" if close else f"Known are: {', '.join(sorted(known)[:12])}."
