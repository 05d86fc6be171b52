"""The `when` of a reference: a condition on the columns of one row, put where that row stands in a larger statement."""

import re

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import quoted
from wedsync_dr.scope.rules import Reference
from wedsync_dr.source.catalog import Table

HERE = "\x00here"
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_$]*|\s+|.""", re.DOTALL)


def qualified(reference: Reference, table: Table) -> str:
    """The condition with each of the table's columns marked as a column of the row that the walk is at."""
    out = []
    for token in _TOKEN.findall(reference.when or ""):
        name = token[1:-1].replace('""', '"') if token.startswith('"') else token
        known = name in table.column and not token.startswith("'")
        out.append(f"{HERE}.{quoted(name)}" if known else token)
    condition = "".join(out)
    if ";" in condition or HERE not in condition:
        raise RulesInvalid(
            f"[[reference]] from {reference.source}: `when` names no column of {table.name}.",
            remedy="Write a condition on its columns: when = \"entity_type = 'wedding'\".",
        )
    return condition
