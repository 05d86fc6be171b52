"""A client whom two weddings share is the platform's, until one of the weddings is lost."""

import pytest

from wedsync_dr.model import ScopeId, TableName
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import restore
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.town import NOW, run, state, wedding

_LOSE = "DELETE FROM weddings WHERE id IN (2, 3)"


@pytest.fixture
def shared(source: Source, archive: Archive) -> dict[str, list[str]]:
    """Weddings 2 and 3 have one client; everything is snapshotted so. Returns the state of then."""
    run(source, "UPDATE weddings SET client_id = 2 WHERE id = 3", "DELETE FROM clients WHERE id = 3")
    town.take_all(source, archive)
    return state(source)


def back(source: Source, archive: Archive, number: int) -> dict[str, int]:
    done = restore(source, archive, wedding(number), apply=True, now=NOW, requested_by="test")
    assert done.applied
    return done.applied.rows


@pytest.mark.parametrize("first", [2, 3])
@pytest.mark.parametrize("lost", [(_LOSE,), (_LOSE, "DELETE FROM clients WHERE id = 2")], ids=["kept", "lost"])
def test_both_weddings_and_their_client_come_back_in_any_order(
    source: Source, archive: Archive, shared: dict[str, list[str]], lost: tuple[str, ...], first: int
) -> None:
    run(source, "SET session_replication_role = replica; DELETE FROM documents WHERE wedding_id IN ('2', '3')", *lost)
    back(source, archive, first)
    back(source, archive, 5 - first)
    assert state(source, "outbox") == {name: rows for name, rows in shared.items() if name != "outbox"}


def test_one_of_the_two_comes_back_without_touching_the_client(
    source: Source, archive: Archive, shared: dict[str, list[str]]
) -> None:
    run(source, _LOSE)
    before = state(source)["clients"]
    assert back(source, archive, 2)["deleted"] == 0
    assert state(source)["clients"] == before


@pytest.mark.parametrize("mode", Mode)
def test_a_shared_client_comes_back_alone_although_it_is_its_vendor_s_without_the_weddings(
    source: Source, archive: Archive, other_database: str, mode: Mode
) -> None:
    run(source, "ALTER TABLE clients ADD vendor_id int REFERENCES vendors", "UPDATE clients SET vendor_id = 1")
    run(source, "UPDATE weddings SET client_id = 2 WHERE id = 3", "DELETE FROM clients WHERE id = 3")
    town.take_all(source, archive)
    before = state(source)["clients"]
    run(source, "SET session_replication_role = replica; " + _LOSE + "; DELETE FROM clients WHERE id = 2")
    elsewhere = other_database if mode is Mode.copy else None
    clients = ScopeId.of_table(TableName("public", "clients"))
    done = restore(source, archive, clients, mode=mode, target_url=elsewhere, apply=True, now=NOW, requested_by="test")
    assert done.applied
    assert done.applied.rows["inserted"] >= 1
    if mode is not Mode.copy:
        assert state(source)["clients"] == before
