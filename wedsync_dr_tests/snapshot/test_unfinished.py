"""A batch whose writer died is given up; one that ends while somebody looks for dead ones is over, and not given up."""

from dataclasses import replace

from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.unfinished import close_unfinished
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger import Ledger, LedgerState
from wedsync_dr_tests import town

BATCH = "20261124T080000.000000Z-0a1b2c3d"


class Overtaken(Ledger):
    """Somebody else's batch ends as soon as it was seen to be open."""

    writer: Ledger | None = None

    def known(self) -> LedgerState:
        state = super().known()
        if self.writer and state.open_batches:
            self.writer.append("batch-finished", {"batch": BATCH, "failed": 0}, town.NOW)
            self.writer = None
        return state


def test_a_batch_that_nobody_writes_any_more_is_given_up(source: Source, archive: Archive) -> None:
    archive.ledger.append("batch-started", {"batch": BATCH, "requested_by": "test"}, town.NOW)
    assert close_unfinished(source, archive, town.NOW) == 1
    assert not archive.ledger.known().open_batches


def test_a_batch_that_ends_between_the_look_and_the_lock_is_not_given_up(source: Source, archive: Archive) -> None:
    archive.ledger.append("batch-started", {"batch": BATCH, "requested_by": "test"}, town.NOW)
    overtaken = Overtaken(archive.vault.store, archive.signer, archive.verifier)
    overtaken.writer = Ledger(archive.vault.store, archive.signer, archive.verifier)
    assert close_unfinished(source, replace(archive, ledger=overtaken), town.NOW) == 0
    assert [entry.event for entry in archive.ledger.entries()] == ["batch-started", "batch-finished"]
