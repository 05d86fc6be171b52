"""The ledger: one unbroken chain from any number of writers, and no way to change it unnoticed."""

import json
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import Damaged, VaultUnavailable
from wedsync_dr.model import FindingCode
from wedsync_dr.vault.ledger import BEGINNING, Ledger
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.manifests import signed
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr.vault.store import ObjectInfo, ObjectStore
from wedsync_dr_tests.vault.batches import NOW, WEDDINGS, new_archive, snapshot_id, take_batch

SIGNER = Signer(bytes(range(32)))


def ledger_of(store: ObjectStore, signer: Signer = SIGNER) -> Ledger:
    return Ledger(store, signer, Verifier(SIGNER.public))


def chain(length: int) -> MemoryStore:
    store = MemoryStore()
    ledger = ledger_of(store)
    for number in range(length):
        ledger.append("restored", {"number": number}, NOW)
    return store


def key(number: int) -> str:
    return f"ledger/{number:012d}.json"


def rewrite(store: MemoryStore, number: int, data: bytes) -> None:
    store.delete(key(number))
    store.put(key(number), data)


def codes(store: ObjectStore) -> list[tuple[FindingCode, str | None]]:
    return [(finding.code, finding.object) for finding in ledger_of(store).check()]


def append_many(root: Path, name: str) -> None:
    ledger = ledger_of(LocalStore(root))
    for number in range(20):
        ledger.append("restored", {"by": name, "number": number}, NOW)


def test_each_entry_holds_the_digest_of_the_one_before() -> None:
    entries = list(ledger_of(chain(4)).entries())
    assert [entry.sequence for entry in entries] == [0, 1, 2, 3]
    assert [entry.previous for entry in entries] == [BEGINNING, *(entry.digest for entry in entries[:-1])]
    assert [entry.body for entry in entries] == [{"number": number} for number in range(4)]


def test_entries_can_be_read_from_a_number_on() -> None:
    assert [entry.sequence for entry in ledger_of(chain(5)).entries(3)] == [3, 4]
    assert list(ledger_of(chain(5)).entries(5)) == []


def test_an_intact_chain_has_no_findings() -> None:
    assert codes(MemoryStore()) == []
    assert codes(chain(12)) == []


def test_two_processes_that_append_at_once_make_one_unbroken_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_many, args=(tmp_path, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    store = LocalStore(tmp_path)
    assert codes(store) == []
    bodies = [entry.body for entry in ledger_of(store).entries()]
    for name in ("a", "b"):
        assert [body["number"] for body in bodies if body["by"] == name] == list(range(20))


def test_threads_that_share_a_ledger_make_one_unbroken_chain() -> None:
    store = MemoryStore()
    ledger = ledger_of(store)
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda number: ledger.append("restored", {"number": number}, NOW), range(40)))
    assert codes(store) == []
    assert sorted(entry.body["number"] for entry in ledger.entries()) == list(range(40))


def test_appending_reads_nothing_again() -> None:
    store = chain(30)
    reads: list[str] = []

    class Recording:
        put, stat, list, delete = store.put, store.stat, store.list, store.delete

        def get(self, key: str) -> bytes:
            reads.append(key)
            return store.get(key)

    ledger = ledger_of(Recording())
    for number in range(5):
        ledger.append("restored", {"number": number}, NOW)
    assert reads == [key(29)]
    assert codes(store) == []


@given(st.integers(0, 7), st.data())
@settings(max_examples=60, deadline=None)
def test_every_edited_entry_is_found(number: int, data: st.DataObject) -> None:
    store = chain(8)
    original = store.get(key(number))
    entry = json.loads(original)
    field = data.draw(st.sampled_from(sorted(entry)))
    entry[field] = data.draw(st.sampled_from(["", "x", 99, None, {}, entry["signature"][:-4]]))
    rewrite(store, number, json.dumps(entry).encode())
    assert (FindingCode.LEDGER_BROKEN, key(number)) in codes(store)


def test_an_entry_signed_by_another_key_is_found() -> None:
    store = chain(3)
    entry = json.loads(store.get(key(2)))
    del entry["signature"]
    rewrite(store, 2, signed(entry, Signer(bytes(32))))
    assert codes(store) == [(FindingCode.LEDGER_BROKEN, key(2))]


Change = Callable[[MemoryStore], None]


def cut_in_the_middle(store: MemoryStore) -> None:
    store.delete(key(3))


def swap(store: MemoryStore) -> None:
    third, fourth = store.get(key(3)), store.get(key(4))
    rewrite(store, 3, fourth)
    rewrite(store, 4, third)


def replay(store: MemoryStore) -> None:
    store.put(key(6), store.get(key(3)))


def another_history(store: MemoryStore) -> None:
    other = MemoryStore()
    ledger = ledger_of(other)
    for number in range(6):
        ledger.append("restored", {"other": number}, NOW)
    rewrite(store, 3, other.get(key(3)))


def garbage_at_the_end(store: MemoryStore) -> None:
    store.put(key(6), b"\xff")


def cut_at_the_beginning(store: MemoryStore) -> None:
    store.delete(key(0))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (cut_in_the_middle, [4]),
        (swap, [3, 4]),
        (replay, [6]),
        (another_history, [3, 4]),
        (garbage_at_the_end, [6]),
        (cut_at_the_beginning, [1]),
    ],
)
def test_a_changed_chain_is_found_and_the_place_named(change: Change, named: list[int]) -> None:
    store = chain(6)
    change(store)
    assert codes(store) == [(FindingCode.LEDGER_BROKEN, key(number)) for number in named]


def test_a_gap_says_which_entries_are_missing() -> None:
    store = chain(9)
    for number in (0, 4, 5):
        store.delete(key(number))
    details = [finding.detail for finding in ledger_of(store).check()]
    assert details == ["Entries 0 to 0 are missing.", "Entries 4 to 5 are missing."]


@pytest.mark.parametrize("change", [cut_in_the_middle, swap, replay, garbage_at_the_end, cut_at_the_beginning])
def test_reading_a_changed_chain_stops_with_an_error(change: Change) -> None:
    store = chain(6)
    change(store)
    with pytest.raises(Damaged):
        list(ledger_of(store).entries())


@pytest.mark.parametrize("change", [cut_in_the_middle, swap, replay, garbage_at_the_end, cut_at_the_beginning])
def test_appending_after_damage_hides_nothing_of_it(change: Change) -> None:
    store = chain(6)
    change(store)
    before = codes(store)
    for number in range(2):
        ledger_of(store).append("restored", {"later": number}, NOW)
    assert codes(store) == before


def test_a_file_with_a_high_number_does_not_stop_the_ledger() -> None:
    store = chain(3)
    store.put(key(999_999_999_999), b"garbage")
    ledger = ledger_of(store)
    ledger.known()
    ledger.append("batch-started", {"batch": "b"}, NOW)
    assert store.stat(key(3))
    assert ledger.known().open_batches == {"b"}
    assert codes(store) == [(FindingCode.LEDGER_BROKEN, key(999_999_999_999))]


def test_a_foreign_file_in_the_ledger_is_found() -> None:
    store = chain(2)
    store.put("ledger/notes.txt", b"")
    store.put("ledger/0000000000010.json", b"")
    found = codes(store)
    assert found == [(FindingCode.FOREIGN_FILE, name) for name in ("ledger/0000000000010.json", "ledger/notes.txt")]


def test_a_ledger_that_cannot_be_listed_is_a_finding() -> None:
    class Gone(MemoryStore):
        def list(self, prefix: str) -> Iterator[ObjectInfo]:
            raise VaultUnavailable("Gone.", remedy="Mount it.")

    assert codes(Gone()) == [(FindingCode.UNREADABLE, None)]


def test_a_ledger_whose_end_was_cut_off_no_longer_believes_its_snapshots() -> None:
    store = MemoryStore()
    archive = new_archive(store)
    take_batch(archive, 1)
    take_batch(archive, 2)
    for number in (5, 4, 3):
        store.delete(key(number))
    state = Ledger(store, archive.signer, archive.verifier).known()
    assert {snapshot for _, snapshot in state.snapshots} == {snapshot_id(1)}


def test_a_ledger_can_be_sent_to_another_process(tmp_path: Path) -> None:
    ledger = ledger_of(LocalStore(tmp_path))
    ledger.append("restored", {}, NOW)
    ledger.known()
    copy = pickle.loads(pickle.dumps(ledger))  # noqa: S301
    copy.append("restored", {}, NOW)
    ledger.append("restored", {}, NOW)
    assert [entry.sequence for entry in copy.entries()] == [0, 1, 2]
    assert codes(LocalStore(tmp_path)) == []


def test_an_unreadable_entry_does_not_hide_the_others() -> None:
    store = MemoryStore()
    archive = new_archive(store)
    for number in (1, 2, 3):
        take_batch(archive, number)
    rewrite(store, 4, b"{}")  # names the snapshots of the second batch
    state = Ledger(store, archive.signer, archive.verifier).known()
    assert {snapshot for _, snapshot in state.snapshots} == {snapshot_id(1), snapshot_id(3)}
    assert all(state.expected(state.snapshots[scope, snapshot_id(3)]) for scope in WEDDINGS)


def test_a_reader_that_stays_open_notices_that_the_vault_is_another_one() -> None:
    store, older = MemoryStore(), MemoryStore()
    for place in (store, older):
        ledger_of(place).append("batch-started", {"batch": f"of {id(place)}"}, NOW)
    ledger_of(store).append("batch-started", {"batch": "second"}, NOW)
    reader = ledger_of(store)
    assert reader.known().open_batches == {f"of {id(store)}", "second"}
    for info in list(store.list("ledger/")):
        store.delete(info.key)
    for info in older.list("ledger/"):
        store.put(info.key, older.get(info.key))
    assert reader.known().open_batches == {f"of {id(older)}"}
