"""What would have to change, table by table. Pure: two states go in, changes come out."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from wedsync_dr.model import TableName
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.sealed_rows import TableHead

Lines = Sequence[bytes]


class Mode(Enum):
    """How far a restore goes: `merge` inserts what is missing; `replace` makes the scope's rows exactly the snapshot's;
    `copy` is a merge into another database."""

    merge = "merge"
    replace = "replace"
    copy = "copy"


@dataclass(frozen=True)
class TableChange:
    """What changes in one table. Lines are COPY text in the order of the head's columns."""

    head: TableHead
    inserts: tuple[bytes, ...] = field(default=(), repr=False)
    updates: tuple[bytes, ...] = field(default=(), repr=False)
    deletes: tuple[bytes, ...] = field(default=(), repr=False)
    kept_different: int = 0

    @property
    def table(self) -> TableName:
        return self.head.table

    @property
    def empty(self) -> bool:
        return not (self.inserts or self.updates or self.deletes)

    @property
    def written(self) -> tuple[bytes, ...]:
        return self.inserts + self.updates


def change_of(mode: Mode, head: TableHead, sealed: Lines, live: Lines) -> TableChange:
    """From the live rows of a scope to the sealed ones, in one table."""
    if not head.key:
        return _keyless(mode, head, sealed, live)
    width = len(head.key)
    wanted = {split_key(line, width): line for line in sealed}
    present = {split_key(line, width): line for line in live}
    differing = [line for key, line in wanted.items() if key in present and present[key] != line]
    return TableChange(
        head,
        inserts=tuple(line for key, line in wanted.items() if key not in present),
        updates=tuple(differing) if mode is Mode.replace else (),
        deletes=tuple(line for key, line in present.items() if key not in wanted) if mode is Mode.replace else (),
        kept_different=0 if mode is Mode.replace else len(differing),
    )


def _keyless(mode: Mode, head: TableHead, sealed: Lines, live: Lines) -> TableChange:
    """Rows without a key are themselves; how often each stands there counts."""
    wanted, present = Counter(sealed), Counter(live)
    missing, surplus = wanted - present, present - wanted
    return TableChange(
        head,
        inserts=tuple(missing.elements()),
        deletes=tuple(surplus.elements()) if mode is Mode.replace else (),
    )


def expected_after(mode: Mode, change: TableChange, sealed: Lines, live: Lines) -> Counter[bytes]:
    """The rows that the scope must have in this table when the change is done."""
    return Counter(sealed) if mode is Mode.replace else Counter(live) + Counter(change.inserts)


def fingerprint(changes: Iterable[TableChange], live: Mapping[TableName, Lines]) -> str:
    """Identifies what a plan was made from; another one means that rows moved."""
    state = hashlib.sha256()
    for change in changes:
        state.update(change.head.columns_json.encode())
        for lines in (change.inserts, change.updates, change.deletes, sorted(live.get(change.table, ()))):
            state.update(hashlib.sha256(b"".join(lines)).digest())
    return state.hexdigest()


def null_fields(lines: Iterable[bytes], positions: Sequence[int]) -> list[bytes]:
    """The rows with some fields NULL."""
    changed = []
    for line in lines:
        fields = line[:-1].split(b"\t")
        for position in positions:
            fields[position] = b"\\N"
        changed.append(b"\t".join(fields) + b"\n")
    return changed
