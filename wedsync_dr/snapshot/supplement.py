"""Supplements: linked rows that their owners' newest snapshots do not hold as they are now, sealed beside a batch.

With them a snapshot is complete at its own instant. Each row lies under its own owner's keys, so whoever erases the
owner erases it; a supplement is no recovery point of the owner, and nothing is ever compared with it.
"""

from collections.abc import Container, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Manifest, ScopeId, TableName
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.arrange import Piece, arrange
from wedsync_dr.snapshot.batch import BatchFacts, Failed
from wedsync_dr.snapshot.held import Held, Wanted
from wedsync_dr.snapshot.layout import Layouts
from wedsync_dr.snapshot.limits import LIMITS, Limits
from wedsync_dr.snapshot.links import LinkKey, Links, Values, links_of
from wedsync_dr.snapshot.owners import LinkOwners
from wedsync_dr.snapshot.previous import newest_believed, require_keys
from wedsync_dr.snapshot.seal import Opened, Sealer
from wedsync_dr.snapshot.split import ROWS
from wedsync_dr.source.order import restore_order
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import nth_id

Lacking = dict[TableName, dict[bytes, ScopeId]]
"""Whole rows with their owners, by table."""


@dataclass(frozen=True)
class Supplements:
    """Seals what some of a batch's scopes link to and no newest snapshot holds. The manifests are not written here.

    `batch` are the scopes that the batch takes: it holds their rows anyway.
    """

    archive: Archive
    facts: BatchFacts
    owners: LinkOwners
    seen: Survey
    plan: Layouts
    puts: Executor
    batch: Container[ScopeId] = field(repr=False)
    limits: Limits = LIMITS

    def make(self, links: Wanted, nth: int) -> tuple[list[Manifest], list[Failed]]:
        """The supplements that the links ask for, one for each owner, and the owners that can have none, and why.

        `nth` is another number for each call of a batch.
        """
        rows = self._gather(links)
        if not rows:
            return [], []
        facts = replace(self.facts, snapshot_id=nth_id(self.facts.snapshot_id, nth))
        sealer = Sealer(self.archive.supplements, facts, self.owners, self.puts, self.limits)
        opened, failed = self._open(sorted({owner for found in rows.values() for owner in found.values()}))
        made = {one.scope: sealer.finish(one) for one in self._filled(opened, rows, sealer)}
        failed |= (broken := sealer.settle())
        for one in opened:
            if one.scope in broken:
                sealer.drop(one)
        results = [Failed(scope, error.at("supplement")) for scope, error in sorted(failed.items())]
        return [manifest for scope, manifest in made.items() if manifest and scope not in failed], results

    def _gather(self, links: Wanted) -> Lacking:
        """Everything lacking, and what that refers to, until nothing new is found."""
        held = Held(self.archive, self.facts.ages, self.owners, protected=self.plan, batch=self.batch)
        gathered: Lacking = {}
        asked: dict[LinkKey, set[Values]] = {}
        waiting: dict[LinkKey, set[Values]] = dict(links)
        while waiting:
            lacking = held.lacking(_without(waiting, asked))
            for key, values in waiting.items():
                asked.setdefault(key, set()).update(values)
            new = self._fetch(lacking, gathered)
            waiting = self._links(new) if new else {}
        return gathered

    def _fetch(self, lacking: Wanted, gathered: Lacking) -> Lacking:
        """The whole rows, in one message; those that are new are added to what was gathered."""
        statements = [
            self.seen.ownership.select_matching(table, columns, sorted(values), self.plan[table].head.names)
            for (table, columns), values in lacking.items()
        ]
        new: Lacking = {}
        for (table, _), lines in zip(lacking, self.seen.reader.copies(statements), strict=True):
            known = gathered.setdefault(table, {})
            for owner, _, line in (line.partition(b"\t") for line in lines):
                if line not in known:
                    known[line] = new.setdefault(table, {})[line] = self.seen.ownership.owner(table, owner)
        return new

    def _links(self, rows: Lacking) -> dict[LinkKey, set[Values]]:
        """What the rows refer to outside themselves."""
        wanted: dict[LinkKey, set[Values]] = {}
        owners = sorted({owner for found in rows.values() for owner in found.values()})
        for links in self._links_by_place(self._pieces(rows, owners), owners).values():
            for key, values in links.items():
                wanted.setdefault(key, set()).update(values)
        return wanted

    def _links_by_place(self, pieces: Sequence[Piece], owners: Sequence[ScopeId]) -> Links:
        return links_of(pieces, 0, np.zeros(len(owners), bool)) if pieces else {}

    def _pieces(self, rows: Lacking, owners: Sequence[ScopeId]) -> list[Piece]:
        """The rows of the owners, in restore order, sorted by the owner's place among them."""
        places = {owner: place for place, owner in enumerate(owners)}
        pieces = []
        for table in restore_order(self.seen.catalog):
            found = sorted((places[owner], line) for line, owner in rows.get(table, {}).items() if owner in places)
            if found:
                columns = [pa.array([p for p, _ in found], pa.int32()), pa.array([r for _, r in found], pa.binary())]
                pieces.append(Piece.of(self.plan[table], pa.RecordBatch.from_arrays(columns, schema=ROWS)))
        return pieces

    def _open(self, owners: Sequence[ScopeId]) -> tuple[list[Opened], dict[ScopeId, DisasterRecoveryError]]:
        """The owners whose keys can be opened or made; and why the others' cannot."""
        opened, failed = [], {}
        for owner in owners:
            try:
                require_keys(self.archive, owner, newest_believed(self.archive, owner))
            except DisasterRecoveryError as error:
                failed[owner] = error
            else:
                opened.append(Opened(owner, None, None))
        return opened, failed

    def _filled(self, opened: list[Opened], rows: Lacking, sealer: Sealer) -> list[Opened]:
        """Each owner with its rows and what they link to."""
        owners = [one.scope for one in opened]
        pieces = self._pieces(rows, owners)
        for place, found in arrange(pieces, lambda place, c: sealer.content_key(owners[place], c)).items():
            opened[place].take_in(found)
        for (place, row_class), links in self._links_by_place(pieces, owners).items():
            opened[place].links[row_class] = links
        return opened


def _without(links: Wanted, asked: Wanted) -> dict[LinkKey, set[Values]]:
    return {key: left for key, values in links.items() if (left := values - asked.get(key, set()))}
