"""Values as SQL literals, for statements without parameters (COPY). Sessions have standard_conforming_strings on."""

from collections.abc import Iterable, Sequence


def literal(value: str | None) -> str:
    """A text as a literal; None as NULL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def array(values: Iterable[str | None], kind: str = "pg_catalog.text") -> str:
    """An array of a type, from the text form of its elements. It is one constant, however many they are."""
    cast = "" if kind == "pg_catalog.text" else f"::{kind}[]"
    return f"{literal('{' + ','.join(map(_element, values)) + '}')}::pg_catalog.text[]{cast}"


def _element(value: str | None) -> str:
    return "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def one_of(columns: Sequence[str], types: Sequence[str], values: Sequence[Sequence[str | None]]) -> str:
    """The condition that columns have one of some values, given in text form."""
    if len(columns) == 1:
        return f"{columns[0]} = ANY ({array((value[0] for value in values), types[0])})"
    arrays = ", ".join(f"pg_catalog.unnest({array(column)})" for column in zip(*values, strict=True))
    names = [f"v{i}" for i in range(len(columns))]
    casts = ", ".join(f"{name}::{kind}" for name, kind in zip(names, types, strict=True))
    return f"({', '.join(columns)}) IN (SELECT {casts} FROM ROWS FROM ({arrays}) AS v ({', '.join(names)}))"
