"""Fingerprints of scopes: for each, one number that is another one as soon as one of its rows is.

A fingerprint is the sum (`source.changes`) of all row versions that a scope owns, over all tables. It is kept in two
parts: of tables that have moved of late (hot), and of all others (cold), so that a look at a source that goes on as it
did asks whose the rows are in the hot tables alone.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.lines import Ints, Lines
from wedsync_dr.source.changes import Horizon, Versions, horizon_of, moved_tables, table_sums

_NO_SUMS = np.zeros(0, np.uint64)
_NO_TABLE = TableName("", "")
_PLATFORM = f"{Kind.PLATFORM.value}/".encode()


@dataclass(frozen=True)
class Fingerprints:
    """The fingerprints of every scope that has rows, at one instant. `scopes` are distinct texts of scope ids."""

    horizon: Horizon
    rules: str
    tables: dict[TableName, int]
    hot: frozenset[TableName]
    scopes: pa.StringArray = field(repr=False)
    cold_sums: Ints = field(repr=False)
    hot_sums: Ints = field(repr=False)

    @property
    def sums(self) -> Ints:
        """One for each of `scopes`."""
        whole: Ints = self.cold_sums ^ self.hot_sums
        return whole

    def of(self, scopes: pa.StringArray) -> Ints:
        """The fingerprints of these scopes; 0 for one that has no rows."""
        at = pc.index_in(scopes, value_set=self.scopes)
        found: Ints = pa.array(self.sums, pa.uint64()).take(at).fill_null(0).to_numpy()
        return found

    def comparable(self, other: "Fingerprints") -> bool:
        """Whether a scope that has the same fingerprint in both surely has the same rows in both."""
        return self.rules == other.rules and self.horizon.comparable(other.horizon)


def fingerprints(seen: Survey, before: Fingerprints | None) -> Fingerprints:
    """The fingerprints at the instant of the survey, each read anew where `before` does not prove it.

    Read before the rows that they are to stand for: what a TRUNCATE takes away in between, unseen by any snapshot, they
    still have, so that the scope counts as changed next time.
    """
    horizon, rules = horizon_of(seen.reader, seen.catalog), _rules(seen.ownership)
    if before and (before.rules != rules or not before.horizon.comparable(horizon)):
        before = None
    if before and before.horizon.same(horizon):
        return before
    protected = frozenset(seen.catalog.tables) - seen.ownership.left_out
    read = seen.ownership.static.read(seen.reader.instant.taken_at.date())
    versions = Versions(seen.reader, seen.catalog, horizon)
    tables = table_sums(seen.reader, versions, [seen.catalog.tables[name] for name in sorted(read)])
    look = _Look(seen, versions, protected)
    if before is None:
        return _put_together(horizon, rules, tables, frozenset(), look)
    touched = seen.ownership.static.leading(moved_tables(before.tables, tables))
    if touched <= before.hot:
        return _again(replace(before, horizon=horizon, tables=tables), look if touched else None)
    return _put_together(horizon, rules, tables, before.hot | touched, look)


def changed(before: Fingerprints, after: Fingerprints) -> frozenset[ScopeId]:
    """The scopes that may have other rows than before, among them new and vanished ones: all that are not proven to
    have the same."""
    if not before.comparable(after):
        return _scopes(pa.concat_arrays([before.scopes, after.scopes]))
    at = pc.index_in(after.scopes, value_set=before.scopes)
    known = at.is_valid().to_numpy(zero_copy_only=False)
    places = at.fill_null(0).to_numpy()
    same = known & (before.sums[places] == after.sums if len(before.scopes) else known)
    gone = pc.invert(pc.is_in(before.scopes, value_set=after.scopes))
    return _scopes(after.scopes.filter(pa.array(~same))) | _scopes(before.scopes.filter(gone))


def parse_scope(text: str) -> ScopeId:
    """The inverse of `str`."""
    kind, _, name = text.partition("/")
    return ScopeId(Kind(kind), name)


def _scopes(texts: pa.StringArray) -> frozenset[ScopeId]:
    return frozenset(map(parse_scope, texts.to_pylist()))


def _rules(ownership: ResolvedOwnership) -> str:
    """What the rules say today: what is left out has an end."""
    return " ".join([ownership.rules.digest, *sorted(map(str, ownership.left_out))])


def _put_together(
    horizon: Horizon, rules: str, tables: dict[TableName, int], hot: frozenset[TableName], look: "_Look"
) -> Fingerprints:
    cold_scopes, cold = look.at(look.protected - hot)
    hot_scopes, hot_sums = look.at(look.protected & hot)
    scopes, (cold, hot_sums) = _joined((cold_scopes, cold), (hot_scopes, hot_sums))
    return Fingerprints(horizon, rules, tables, hot, scopes, cold, hot_sums)


def _again(before: Fingerprints, look: "_Look | None") -> Fingerprints:
    """The same with its hot tables read again; with `look` None nothing has moved."""
    if look is None:
        return before
    cold = (before.scopes, before.cold_sums)
    scopes, (cold_sums, hot_sums) = _joined(cold, look.at(look.protected & before.hot))
    kept = (cold_sums != 0) | (hot_sums != 0)
    return replace(before, scopes=scopes.filter(pa.array(kept)), cold_sums=cold_sums[kept], hot_sums=hot_sums[kept])


def _joined(
    first: tuple[pa.StringArray, Ints], second: tuple[pa.StringArray, Ints]
) -> tuple[pa.StringArray, tuple[Ints, Ints]]:
    """All scopes of both, and the sums that each of the two has for them."""
    scopes = pc.unique(pa.concat_arrays([first[0], second[0]]))
    return scopes, (_spread(first, scopes), _spread(second, scopes))


def _spread(found: tuple[pa.StringArray, Ints], scopes: pa.StringArray) -> Ints:
    sums = np.zeros(len(scopes), np.uint64)
    sums[pc.index_in(found[0], value_set=scopes).to_numpy()] = found[1]
    return sums


@dataclass(frozen=True)
class _Look:
    """Asks whose the row versions of tables are."""

    seen: Survey
    versions: Versions
    protected: frozenset[TableName]

    def at(self, tables: Collection[TableName]) -> tuple[pa.StringArray, Ints]:
        """The owners of the rows of some tables, and what each one's rows add up to."""
        owners: list[pa.Array] = []
        sums: list[Ints] = [_NO_SUMS]
        for table in sorted(tables):
            if text := self._ask(table):
                lines = Lines(text)
                owners.append(_named(table, lines.field(0)))
                sums.append(lines.field(1).cast(pa.string()).cast(pa.int64()).to_numpy().view(np.uint64))
        encoded = pa.chunked_array(owners, pa.binary()).combine_chunks().dictionary_encode()
        totals = np.zeros(len(encoded.dictionary), np.uint64)
        np.bitwise_xor.at(totals, encoded.indices.to_numpy(), np.concatenate(sums))
        scopes = [self._scope(owner) for owner in encoded.dictionary.to_pylist()]
        return pa.array(scopes, pa.string()), totals

    def _scope(self, owner: bytes) -> str:
        if owner.startswith(_PLATFORM):
            return owner.decode()
        return str(self.seen.ownership.owner(_NO_TABLE, owner))

    def _ask(self, table: TableName) -> bytes:
        sql = self.seen.ownership.select_by_owner(table, self.versions.sum_sql(table))
        try:
            return b"".join(bytes(line) for line in self.seen.reader.copy(sql))
        except DisasterRecoveryError as error:
            raise error.at(str(table)) from None


def _named(table: TableName, owners: pa.BinaryArray) -> pa.Array:
    """Owner texts, and for the rows that are nobody's the table's scope: no owner text begins like it."""
    platform = pa.scalar(str(ScopeId.of_table(table)).encode(), pa.binary())
    return pc.if_else(pc.equal(owners, b""), platform, owners)
