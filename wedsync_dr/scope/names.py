"""Names of tables and columns as a person writes them: `public.guests.wedding_id`, `"Odd Schema"."T"."c"`."""

import re
from dataclasses import dataclass

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import TableName

_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


@dataclass(frozen=True, order=True)
class ColumnName:
    """A column of a table."""

    table: TableName
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


def parse_table(text: str) -> TableName:
    """`schema.table`, with either part quoted as in SQL if need be."""
    parts = _parts(text)
    if len(parts) != 2:
        raise RulesInvalid(f"{text!r} does not name a table.", remedy="Write it with its schema: public.guests.")
    return TableName(*parts)


def parse_column(text: str) -> ColumnName:
    """`schema.table.column`, with any part quoted as in SQL if need be."""
    parts = _parts(text)
    if len(parts) != 3:
        raise RulesInvalid(f"{text!r} does not name a column.", remedy="Write it in full: public.guests.wedding_id.")
    return ColumnName(TableName(parts[0], parts[1]), parts[2])


def parse_name(text: str) -> TableName | ColumnName:
    """A table or a column, by the number of its parts."""
    return parse_column(text) if len(_parts(text)) == 3 else parse_table(text)


def _parts(text: str) -> list[str]:
    parts, position = [], 0
    while position <= len(text):
        match = _PART.match(text, position)
        if not match:
            return []
        parts.append(match[1].replace('""', '"') if match[1] else match[2])
        position = match.end()
        if position == len(text):
            return parts
        if text[position] != ".":
            return []
        position += 1
    return []
