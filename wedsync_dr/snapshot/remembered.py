"""What is remembered from batch to batch, sealed, in the vault: fingerprints, and which snapshots they stand for.

It can be lost at any time: then every scope counts as changed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wedsync_dr.encryption.scratch import ScratchKey
from wedsync_dr.errors import DisasterRecoveryError, KeyMissing, ObjectMissing
from wedsync_dr.model import Instant, Kind, RowClass, ScopeId, TableName
from wedsync_dr.snapshot.fingerprints import Fingerprints
from wedsync_dr.snapshot.lines import Ints
from wedsync_dr.source.changes import Horizon
from wedsync_dr.vault.archive import Archive

FORMAT = 1
CHANGES = ScopeId(Kind.SCHEMA, "changes")
"""Whose key seals what is remembered; it has no snapshots."""
_CLASS = RowClass.BUSINESS
_HEAD = b"wedsync_dr"
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True)
class Stands:
    """Fingerprints of scopes, each of an instant at which a snapshot held exactly the rows, and which one did."""

    scopes: pa.StringArray
    fingerprints: Ints
    snapshots: pa.StringArray

    @classmethod
    def of(cls, prints: Fingerprints, held: Mapping[ScopeId, str]) -> "Stands":
        """These snapshots hold what their scopes had when they were looked at."""
        scopes = pa.array(map(str, held), pa.string())
        return cls(scopes, prints.of(scopes), pa.array(held.values(), pa.string()))

    def then(self, later: "Stands") -> "Stands":
        """These, but where later ones are known those."""
        kept = pc.invert(pc.is_in(self.scopes, value_set=later.scopes))
        return Stands(
            pa.concat_arrays([self.scopes.filter(kept), later.scopes]),
            np.concatenate([self.fingerprints[kept.to_numpy(zero_copy_only=False)], later.fingerprints]),
            pa.concat_arrays([self.snapshots.filter(kept), later.snapshots]),
        )


_NOTHING = Stands(pa.array([], pa.string()), np.zeros(0, np.uint64), pa.array([], pa.string()))


@dataclass(frozen=True)
class Remembered:
    """The last look at the whole source, and for each scope what its newest snapshot stood for, as far as known."""

    prints: Fingerprints
    stands: Stands = field(repr=False)

    def standing(self, now: Fingerprints, scopes: Sequence[ScopeId]) -> list[str | None]:
        """For each scope the snapshot whose rows it has still; None where that is not proven."""
        if not self.prints.comparable(now) or not len(self.stands.scopes):
            return [None] * len(scopes)
        texts = pa.array(map(str, scopes), pa.string())
        at = pc.index_in(texts, value_set=self.stands.scopes)
        places = at.fill_null(0).to_numpy()
        same = at.is_valid().to_numpy(zero_copy_only=False) & (self.stands.fingerprints[places] == now.of(texts))
        found = self.stands.snapshots.take(pa.array(places))
        standing: list[str | None] = pc.if_else(pa.array(same), found, pa.scalar(None, pa.string())).to_pylist()
        return standing

    def to_bytes(self) -> bytes:
        """The inverse of `from_bytes`."""
        prints = self.prints
        head = {
            "format": FORMAT,
            "horizon": asdict(prints.horizon),
            "rules": prints.rules,
            "tables": [[table.schema, table.name, total] for table, total in sorted(prints.tables.items())],
            "hot": [[table.schema, table.name] for table in sorted(prints.hot)],
        }
        rows = len(prints.scopes)
        others = self.stands.scopes.filter(pc.invert(pc.is_in(self.stands.scopes, value_set=prints.scopes)))
        scopes = pa.concat_arrays([prints.scopes, others])
        at = pc.index_in(scopes, value_set=self.stands.scopes)
        missing = pa.nulls(len(others), pa.uint64())
        columns = {
            "scope": scopes,
            "cold": pa.concat_arrays([pa.array(prints.cold_sums, pa.uint64()), missing]),
            "hot": pa.concat_arrays([pa.array(prints.hot_sums, pa.uint64()), missing]),
            "stood": pa.array(self.stands.fingerprints, pa.uint64()).take(at),
            "snapshot": self.stands.snapshots.take(at).dictionary_encode(),
        }
        return _packed(pa.table(columns).replace_schema_metadata({_HEAD: json.dumps(head | {"rows": rows})}))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Remembered | None":
        """None where another format was written."""
        columns = pa.ipc.open_stream(data).read_all()
        head = json.loads(columns.schema.metadata[_HEAD])
        if head["format"] != FORMAT:
            return None
        looked_at = columns.slice(0, head["rows"])
        prints = Fingerprints(
            horizon=Horizon(**head["horizon"]),
            rules=head["rules"],
            tables={TableName(schema, name): total for schema, name, total in head["tables"]},
            hot=frozenset(TableName(*names) for names in head["hot"]),
            scopes=looked_at["scope"].combine_chunks(),
            cold_sums=looked_at["cold"].to_numpy(),
            hot_sums=looked_at["hot"].to_numpy(),
        )
        known = columns.filter(pc.is_valid(columns["stood"])).combine_chunks()
        snapshots = known["snapshot"].cast(pa.string()).combine_chunks()
        return cls(prints, Stands(known["scope"].combine_chunks(), known["stood"].to_numpy(), snapshots))


def remember(
    archive: Archive, batch: str, at: Instant, now: Fingerprints, before: Remembered | None, held: Mapping[ScopeId, str]
) -> None:
    """Store that these snapshots hold what their scopes had at the instant of `now`; for others, what stood stands.

    Raises what stood in the way; the snapshots are not touched by it.
    """
    stands = before.stands if before and before.prints.comparable(now) else _NOTHING
    stands = stands.then(Stands.of(now, held))
    archive.keyring.newest(CHANGES, _CLASS, at.taken_at)
    archive.vault.put_changes(batch, _key(archive, batch).seal(Remembered(now, stands).to_bytes(), "changes", batch))


def recall(archive: Archive) -> tuple[Remembered | None, str]:
    """What the last batch remembered; or None, and why everything counts as changed."""
    batch = archive.vault.newest_changes()
    if batch is None:
        return None, "No fingerprints are stored yet: every scope counts as changed."
    try:
        sealed = archive.vault.get_changes(batch)
        found = Remembered.from_bytes(_key(archive, batch).open(sealed, "changes", batch))
    except (ObjectMissing, KeyMissing):
        found = None
    except DisasterRecoveryError as error:
        if error.transient:
            raise
        found = None
    note = "" if found else f"The fingerprints of the batch {batch} cannot be read: every scope counts as changed."
    return found, note


def _key(archive: Archive, batch: str) -> ScratchKey:
    key = archive.keyring.key(CHANGES, f"{_CLASS.value}-1")
    return ScratchKey(key.file_key(CHANGES, batch, "changes"))


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_COMPRESSED) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
