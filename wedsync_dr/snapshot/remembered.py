"""What is remembered from batch to batch, sealed, in the vault: fingerprints, and which snapshots they stand for.

It can be lost at any time: then every scope counts as changed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

import pyarrow as pa

from wedsync_dr.encryption.scratch import ScratchKey
from wedsync_dr.errors import DisasterRecoveryError, KeyMissing, ObjectMissing
from wedsync_dr.model import Instant, Kind, RowClass, ScopeId, TableName
from wedsync_dr.snapshot.fingerprints import Fingerprints
from wedsync_dr.source.changes import Horizon
from wedsync_dr.vault.archive import Archive

FORMAT = 1
CHANGES = ScopeId(Kind.SCHEMA, "changes")
"""Whose key seals what is remembered; it has no snapshots."""
_CLASS = RowClass.BUSINESS
_HEAD = b"wedsync_dr"
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True)
class Stand:
    """A scope's fingerprint at an instant at which this snapshot held exactly its rows."""

    fingerprint: int
    snapshot_id: str


@dataclass(frozen=True)
class Remembered:
    """The last look at the whole source, and for each scope what its newest snapshot stood for, as far as known."""

    prints: Fingerprints
    stands: Mapping[str, Stand] = field(repr=False)

    def unmoved(self, now: Fingerprints, scopes: Iterable[ScopeId]) -> dict[ScopeId, str]:
        """Those of the scopes that have the rows of a snapshot still, and which one's."""
        if not self.prints.comparable(now):
            return {}
        found = _by_scope(now)
        stands = ((scope, self.stands.get(str(scope))) for scope in scopes)
        return {
            scope: stand.snapshot_id
            for scope, stand in stands
            if stand and stand.fingerprint == found.get(str(scope), 0)
        }

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
        others = pa.array(self.stands.keys() - set(prints.scopes.to_pylist()), pa.string())
        scopes = pa.concat_arrays([prints.scopes, others])
        stands = [self.stands.get(scope) for scope in scopes.to_pylist()]
        columns = {
            "scope": scopes,
            "cold": pa.concat_arrays([pa.array(prints.cold_sums, pa.uint64()), pa.nulls(len(others), pa.uint64())]),
            "hot": pa.concat_arrays([pa.array(prints.hot_sums, pa.uint64()), pa.nulls(len(others), pa.uint64())]),
            "stood": pa.array([stand and stand.fingerprint for stand in stands], pa.uint64()),
            "snapshot": pa.array([stand and stand.snapshot_id for stand in stands], pa.string()).dictionary_encode(),
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
        rows = zip(*(columns[name].to_pylist() for name in ("scope", "stood", "snapshot")), strict=True)
        return cls(prints, {scope: Stand(stood, snapshot) for scope, stood, snapshot in rows if snapshot})


def remember(
    archive: Archive, batch: str, at: Instant, now: Fingerprints, before: Remembered | None, held: Mapping[ScopeId, str]
) -> None:
    """Store that these snapshots hold what their scopes had at the instant of `now`; for others, what stood stands.

    Raises what stood in the way; the snapshots are not touched by it.
    """
    found = _by_scope(now)
    stands = dict(before.stands) if before and before.prints.comparable(now) else {}
    for scope, snapshot_id in held.items():
        stands[str(scope)] = Stand(found.get(str(scope), 0), snapshot_id)
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


def _by_scope(prints: Fingerprints) -> dict[str, int]:
    return dict(zip(prints.scopes.to_pylist(), prints.sums.tolist(), strict=True))


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_COMPRESSED) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
