"""PostgreSQL's COPY text format, field by field (https://www.postgresql.org/docs/17/sql-copy.html, "Text Format")."""

import re
from collections.abc import Iterable

NULL = b"\\N"
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPES = str.maketrans({"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"})
_MEANING = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def text_of(field: bytes) -> str | None:
    """The value of a field that COPY TO wrote; None for NULL."""
    if field == NULL:
        return None
    if b"\\" in field:
        field = _ESCAPED.sub(lambda match: _MEANING.get(match[1], match[1]), field)
    return field.decode()


def field_of(text: str) -> bytes:
    """The field that COPY TO writes for a value."""
    return text.translate(_ESCAPES).encode()


def texts_of(fields: Iterable[bytes]) -> list[str | None]:
    """The values of many fields."""
    return [text_of(field) for field in fields]


_ESCAPES = str.maketrans({"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"})


def line_of(values: Iterable[object]) -> bytes:
    """A row as COPY TO would write it; None is NULL."""
    fields = (r"\N" if value is None else str(value).translate(_ESCAPES) for value in values)
    return ("\t".join(fields) + "\n").encode()


def values_of(line: bytes) -> list[str | None]:
    """The inverse of `line_of`."""
    return texts_of(line[:-1].split(b"\t"))
