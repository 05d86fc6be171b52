"""Values as the text that COPY reads."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

NULL = r"\N"


def text(value: str) -> str:
    """A text value, whatever is in it."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def array(values: Iterable[str | None]) -> str:
    """A one-dimensional array of texts."""
    return text("{" + ",".join("NULL" if value is None else _quoted(value) for value in values) + "}")


def matrix(rows: Sequence[Sequence[str]]) -> str:
    """A two-dimensional array of texts."""
    return text("{" + ",".join("{" + ",".join(map(_quoted, row)) + "}" for row in rows) + "}")


def composite(fields: Iterable[str | None]) -> str:
    """A row value."""
    return text("(" + ",".join("" if field is None else _quoted(field) for field in fields) + ")")


def document(value: Any) -> str:
    """A JSON value."""
    return text(json.dumps(value, ensure_ascii=False))


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Rows:
    """Lines for COPY, by table, and the running numbers of serial columns."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = defaultdict(list)
        self._numbers: Counter[str] = Counter()

    def add(self, table: str, *fields: object) -> None:
        """One row: every column that is not generated, in the table's order, each as text that COPY reads."""
        self.lines[table].append("\t".join(map(str, fields)))

    def next_number(self, table: str) -> int:
        """1, 2, 3 … for each table."""
        self._numbers[table] += 1
        return self._numbers[table]

    def take(self) -> dict[str, list[str]]:
        """The lines so far; the next ones start anew."""
        taken, self.lines = self.lines, defaultdict(list)
        return taken
