"""Which linked rows their owners' newest snapshots hold as they are now, told without opening one of them."""

from collections.abc import Container, Iterator, Mapping

from wedsync_dr.model import Horizon, ScopeId, TableName
from wedsync_dr.snapshot.links import LinkKey, Values
from wedsync_dr.snapshot.owners import LinkOwners
from wedsync_dr.source.horizon import Ages
from wedsync_dr.vault.archive import Archive

Wanted = Mapping[LinkKey, set[Values]]
_MOST_GROUNDS = 100  # of one row; what stands on more of them is not worth the questions


class Held:
    """Judges rows at the instant of a batch. A row that is not certainly held is not.

    Held is what the batch itself takes; and a row that has not changed since the newest snapshot of its owner, whose
    owner then was the same because nothing has changed that decides it.
    """

    def __init__(
        self,
        archive: Archive,
        ages: Ages,
        owners: LinkOwners,
        *,
        protected: Container[TableName],
        batch: Container[ScopeId],
    ) -> None:
        self._archive, self._ages, self._owners = archive, ages, owners
        self._protected, self._batch = protected, batch
        self._state = archive.ledger.known()
        self._horizons: dict[ScopeId, Horizon | None] = {}

    def lacking(self, links: Wanted) -> dict[LinkKey, set[Values]]:
        """Those of the links whose rows exist and are not held."""
        self._owners.look_up(links)
        waiting = [(key, value) for key, values in links.items() for value in values]
        lacking: dict[LinkKey, set[Values]] = {}
        while waiting:
            unknown: dict[LinkKey, set[Values]] = {}
            verdicts = [(link, self._is_held(*link, unknown)) for link in waiting]
            for (key, value), held in verdicts:
                if held is False:
                    lacking.setdefault(key, set()).add(value)
            waiting = [link for link, held in verdicts if held is None]
            self._owners.look_up(unknown)
        return lacking

    def _is_held(self, key: LinkKey, value: Values, unknown: dict[LinkKey, set[Values]]) -> bool | None:
        """None where something must be asked first, which is then added to `unknown`."""
        row = self._owners.row(key, value)
        if row is None or row.owner in self._batch or key[0] not in self._protected:
            return True
        horizon = self._horizon(row.owner)
        return horizon is not None and self._is_settled(key, value, horizon, unknown, set())

    def _is_settled(
        self,
        key: LinkKey,
        value: Values,
        horizon: Horizon,
        unknown: dict[LinkKey, set[Values]],
        seen: set[tuple[LinkKey, Values]],
    ) -> bool | None:
        """Whether a row and all that decides whose it is are what they were at the horizon."""
        if (key, value) in seen:
            return True
        seen.add((key, value))
        if not self._owners.knows(key, value):
            unknown.setdefault(key, set()).add(value)
            return None
        row = self._owners.row(key, value)
        if row is None or not self._ages.settled(row.xmin, horizon) or len(seen) > _MOST_GROUNDS:
            return False
        further = list(self._further(key[0], row.grounds))
        if None in further:
            return False
        verdicts = [self._is_settled(*link, horizon, unknown, seen) for link in further if link]
        return False if False in verdicts else None if None in verdicts else True

    def _further(self, table: TableName, values: tuple[Values | None, ...]) -> Iterator[tuple[LinkKey, Values] | None]:
        """The other rows that decide whose a row is; None for what cannot be known from rows."""
        grounds = self._owners.grounds(table)
        if grounds is None:
            yield None
            return
        for ground, value in zip(grounds, values, strict=True):
            if value is not None and not (ground.sure and ground.last):
                yield ((ground.target, ground.target_columns), value) if ground.sure else None

    def _horizon(self, owner: ScopeId) -> Horizon | None:
        """What was settled when the owner's newest snapshot held what the source held; None without such a one."""
        if owner not in self._horizons:
            self._horizons[owner] = self._believed_horizon(owner)
        return self._horizons[owner]

    def _believed_horizon(self, owner: ScopeId) -> Horizon | None:
        known = self._state.horizons.get(owner)
        if known is None:
            return None
        snapshot_id, horizon = known
        return horizon if self._archive.keeps(owner, snapshot_id, self._state) else None
