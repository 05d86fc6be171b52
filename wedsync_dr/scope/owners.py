"""Owners as SQL writes them: a letter for the kind, the number of the root table, a colon, the key's parts.

`w0:<key>` is a row of the first wedding root. Parts of a composite key are joined by the unit separator; in such a part
a separator of its own is written `\\u`, a backslash twice. A platform row has no owner text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wedsync_dr.errors import MalformedId
from wedsync_dr.model import Kind, ScopeId, TableName, encode_id, quoted
from wedsync_dr.scope.rules import Rules
from wedsync_dr.source.catalog import Catalog
from wedsync_dr.source.copytext import text_of

SEPARATOR = "\x1f"
_ESCAPED = re.compile(r"\\[\\u]")
_MEANING = {"\\\\": "\\", "\\u": SEPARATOR}
_LETTER = {Kind.WEDDING: "w", Kind.VENDOR: "v"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"-?[0-9]{1,20}")
_BITS = {"bigint": 63, "integer": 31, "smallint": 15}
_COMPARABLE = {"uuid", *_BITS}
_KIND = {letter: kind for kind, letter in _LETTER.items()}


@dataclass(frozen=True)
class Root:
    """A root table: its kind, its place among the roots of the kind, and its key.

    `native` names the key's type where scopes of the kind can be compared by the key itself.
    """

    table: TableName
    kind: Kind
    number: int
    key: tuple[str, ...]
    native: str | None

    @property
    def prefix(self) -> str:
        return f"{self.number}:"

    def key_sql(self, alias: str) -> str:
        """The key as text."""
        parts = [f"{alias}.{quoted(name)}::pg_catalog.text" for name in self.key]
        if len(parts) == 1:
            return parts[0]
        return " || E'\\x1f' || ".join(
            f"replace(replace({p}, E'\\\\', E'\\\\\\\\'), E'\\x1f', E'\\\\u')" for p in parts
        )

    def key_text(self, parts: Sequence[str]) -> str:
        """The key as `key_sql` gives it, from its parts."""
        if len(parts) == 1:
            return parts[0]
        return SEPARATOR.join(part.replace("\\", "\\\\").replace(SEPARATOR, "\\u") for part in parts)

    def key_parts(self, text: str) -> list[str]:
        """The inverse of `key_text`."""
        if len(self.key) == 1:
            return [text]
        return [_ESCAPED.sub(lambda found: _MEANING[found[0]], part) for part in text.split(SEPARATOR)]

    def scope_sql(self, alias: str) -> str:
        """The scope of a root row as text without the kind's letter; comparable whatever the roots' key types."""
        return f"('{self.prefix}' || {self.key_sql(alias)}) COLLATE \"C\""


class Owners:
    """Between owner texts and scope ids."""

    def __init__(self, catalog: Catalog, rules: Rules) -> None:
        self.roots: dict[TableName, Root] = {}
        self._known: dict[bytes, ScopeId] = {}
        for kind, tables in rules.roots.items():
            for number, name in enumerate(tables):
                table = catalog.tables[name]
                types = [table.column[key].base_type for key in table.primary_key]
                native = types[0] if number == 0 and len(types) == 1 and types[0] in _COMPARABLE else None
                self.roots[name] = Root(name, kind, number, table.primary_key, native)

    def of_kind(self, kind: Kind) -> list[Root]:
        return sorted((root for root in self.roots.values() if root.kind is kind), key=lambda root: root.number)

    def scope(self, table: TableName, owner: bytes) -> ScopeId:
        """The owner of a row of `table` from the COPY text of its owner column."""
        if not owner:
            return ScopeId.of_table(table)
        known = self._known.get(owner)
        if known is None:
            known = self._known[owner] = self._scope(owner)
        return known

    def _scope(self, owner: bytes) -> ScopeId:
        text = text_of(owner) or ""
        number, _, key = text[1:].partition(":")
        kind = _KIND[text[0]]
        root = self.of_kind(kind)[int(number)]
        parts = [encode_id(part) for part in root.key_parts(key)]
        if root.number:
            parts = ["", encode_id(str(root.table)), *parts]
        return ScopeId(kind, "~".join(parts))

    def text(self, scope: ScopeId) -> str:
        """The owner text of a wedding or vendor."""
        root, parts = self.root_and_key(scope)
        return f"{_LETTER[scope.kind]}{root.prefix}{root.key_text(parts)}"

    def root_and_key(self, scope: ScopeId) -> tuple[Root, list[str]]:
        """The root table that a scope's id is a key of, and the key's parts."""
        roots = self.of_kind(scope.kind)
        parts = [ScopeId(scope.kind, part).key for part in scope.id.removeprefix("~").split("~") if part]
        if not scope.id.startswith("~"):
            if roots and len(parts) == len(roots[0].key):
                return roots[0], parts
        elif (root := next((r for r in roots if r.number and str(r.table) == parts[0]), None)) and (
            len(parts) == len(root.key) + 1
        ):
            return root, parts[1:]
        raise MalformedId(
            f"{scope.id!r} is not the id of a {scope.kind.value} of this source.",
            remedy="Use the id as `wedsync-dr scopes` or `wedsync-dr snapshots` print it.",
        )

    def possible(self, scope: ScopeId) -> bool:
        """Whether a row of this source could have the id: as many parts as the key, and of its type."""
        if scope.kind not in _LETTER:
            return True
        try:
            root, parts = self.root_and_key(scope)
        except MalformedId:
            return False
        return root.native is None or _fits(root.native, parts[0])

    @staticmethod
    def letter(kind: Kind) -> str:
        return _LETTER[kind]


def _fits(native: str, text: str) -> bool:
    """Whether PostgreSQL prints some value of the type like this."""
    if native == "uuid":
        return _UUID.fullmatch(text) is not None
    return _NUMBER.fullmatch(text) is not None and -(2 ** _BITS[native]) <= int(text) < 2 ** _BITS[native]
