"""`[pack]` in rules.toml: in which tables and columns a platform keeps what a coordinator needs.

Each section names a table of the wedding's own rows, and for each thing the column that has it; `vendor_id.name` is the
`name` of the row that `vendor_id` refers to, `answers:menu` the member `menu` of a JSON column. Of a list of columns
the first one that says something counts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import TableName
from wedsync_dr.scope.names import parse_table
from wedsync_dr.scope.rules import did_you_mean

_PATH = re.compile(r"[^.:]+(\.[^.:]+)*(:[^:]+)?\Z")


@dataclass(frozen=True)
class _Spec:
    """What a section may say: columns, which of them it must have, and lists of values."""

    columns: tuple[str, ...]
    needed: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


SECTIONS = {
    "wedding": _Spec(
        ("title", "partner_one", "partner_two", "phone", "email", "date", "time_zone", "ceremony", "coordinator",
         "coordinator_phone", "note")),
    "venue": _Spec(("name", "address", "phone", "contact", "access")),
    "timeline": _Spec(("title", "starts", "duration", "place", "critical", "who"), ("title", "starts"),
                      ("critical_words",)),
    "guests": _Spec(("id", "name", "given_name", "family_name", "household", "phone", "note"), ("id",)),
    "answers": _Spec(("guest", "status", "meal"), ("guest",), ("coming", "declined")),
    "diets": _Spec(("guest", "need", "severity", "details"), ("guest", "need"), ("allergy",)),
    "seats": _Spec(("guest", "at", "seat", "order"), ("guest", "at")),
    "vendors": _Spec(("name", "role", "contact", "phone", "email", "arrival", "status", "note"), ("name",),
                     ("not_booked",)),
    "payments": _Spec(("what", "payee", "amount", "currency", "due", "status"), ("amount", "due"),
                      ("settled", "draft")),
    "documents": _Spec(("title", "kind", "date"), ("title",)),
    "plans": _Spec(("weather", "no_show", "power")),
}  # fmt: skip
"""What a pack can show, by the section that says where it is."""


@dataclass(frozen=True)
class Path:
    """How to come from a row to a value: the references to follow, the last column, and a member of its JSON."""

    steps: tuple[str, ...]
    column: str
    member: str | None = None

    def __str__(self) -> str:
        return ".".join((*self.steps, self.column)) + (f":{self.member}" if self.member else "")


@dataclass(frozen=True)
class Section:
    """Where one part of the pack stands."""

    table: TableName
    columns: Mapping[str, tuple[Path, ...]]
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def among(self, name: str, value: str | None) -> bool:
        """Whether a value is one of a list, however it is written."""
        return value is not None and value.casefold() in self.lists.get(name, frozenset())


PackMap = Mapping[str, Section]


def parse_pack(data: Mapping[str, Any], root: TableName | None = None) -> PackMap:
    """The sections that rules give. `wedding` and `venue` stand in the wedding's own row where they name no table.

    Raises RulesInvalid, which names what is wrong and the nearest spelling.
    """
    _require_known(data, SECTIONS, "[pack]")
    return {name: _section(name, entry, root) for name, entry in data.items()}


def _section(name: str, entry: Any, root: TableName | None) -> Section:
    where, spec = f"[pack.{name}]", SECTIONS[name]
    if not isinstance(entry, dict):
        raise RulesInvalid(f"{where} is not a table of settings.", remedy=f"Write it as {where} and lines below it.")
    _require_known(entry, ("table", *spec.columns, *spec.lists), where)
    if "table" not in entry and (root is None or name not in ("wedding", "venue", "plans")):
        raise RulesInvalid(f"{where} names no table.", remedy='Add table = "schema.table".')
    if lacking := [column for column in spec.needed if column not in entry]:
        raise RulesInvalid(f"{where} lacks {', '.join(lacking)}.", remedy="Say which column has it.")
    return Section(
        table=parse_table(entry["table"]) if "table" in entry else root or TableName("", ""),
        columns={key: _paths(entry[key], f"{where} {key}") for key in spec.columns if key in entry},
        lists={key: _words(entry[key], f"{where} {key}") for key in spec.lists if key in entry},
    )


def _paths(given: Any, where: str) -> tuple[Path, ...]:
    return tuple(_path(text, where) for text in (given if isinstance(given, list) else [given]))


def _path(text: Any, where: str) -> Path:
    if not isinstance(text, str) or not _PATH.match(text):
        raise RulesInvalid(
            f"{where} is not the name of a column.", remedy="Write it as column, reference.column or column:member."
        )
    names, _, member = text.partition(":")
    *steps, column = names.split(".")
    return Path(tuple(steps), column, member or None)


def _words(given: Any, where: str) -> frozenset[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise RulesInvalid(f"{where} is not a list of values.", remedy='Write it as ["one", "another"].')
    return frozenset(one.casefold() for one in given)


def _require_known(entry: Mapping[str, Any], known: Any, where: str) -> None:
    for key in entry:
        if key not in known:
            raise RulesInvalid(f"{where} has no key {key!r}.", remedy=did_you_mean(key, known))
