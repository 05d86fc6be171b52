"""What is gone from the source is an alarm until somebody says that it was meant, and again when it comes and goes."""

import pytest

from wedsync_dr.errors import Conflict, ScopeNotFound
from wedsync_dr.model import ScopeId
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.absent import accept, look_for_vanished
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town

GONE = town.wedding(3)


def test_an_accepted_absence_is_no_alarm_until_the_wedding_was_seen_again(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    assert look_for_vanished(source, archive) == []
    town.run(source, "DELETE FROM weddings WHERE id = 3")
    assert look_for_vanished(source, archive) == [GONE]
    _accept(source, archive, GONE)
    assert look_for_vanished(source, archive) == []
    assert archive.newest(GONE)
    town.run(source, "INSERT INTO weddings VALUES (3)")
    town.take_all(source, archive)
    town.run(source, "DELETE FROM weddings WHERE id = 3")
    assert look_for_vanished(source, archive) == [GONE]


def test_what_is_there_or_was_never_known_cannot_be_accepted_as_gone(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    with pytest.raises(Conflict):
        _accept(source, archive, GONE)
    with pytest.raises(ScopeNotFound):
        _accept(source, archive, town.wedding(77))
    assert not archive.ledger.known().absences


def _accept(source: Source, archive: Archive, scope: ScopeId) -> None:
    accept(source, archive, scope, reason="contract ended", by="test", now=town.NOW)
