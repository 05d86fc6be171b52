"""Every store keeps the contract: those that ship, and those that fail on purpose."""

from pathlib import Path

import pytest

from wedsync_dr.errors import VaultUnavailable
from wedsync_dr.vault.beneath import BeneathStore
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr.vault.store import ObjectStore
from wedsync_dr_tests.store_contract import FullStore, PowerCutStore, PowerLost, StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return MemoryStore()


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> ObjectStore:
        return LocalStore(tmp_path / "store")


class TestBeneathStore(StoreContract):
    @pytest.fixture
    def store(self) -> ObjectStore:
        around = MemoryStore()
        around.put("another/object", b"")
        return BeneathStore(around, "part")


class TestPowerCutStore(StoreContract):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return PowerCutStore(MemoryStore(), survives=10**6)


class TestFullStore(StoreContract):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return FullStore(MemoryStore(), room=10**9)


@pytest.mark.parametrize("lands", [True, False])
def test_after_the_power_cut_nothing_more_is_written(lands: bool) -> None:
    disk = MemoryStore()
    store = PowerCutStore(disk, survives=1, lands=lands)
    store.put("a", b"")
    with pytest.raises(PowerLost):
        store.put("b", b"")
    with pytest.raises(PowerLost):
        store.put("c", b"")
    assert [info.key for info in disk.list("")] == (["a", "b"] if lands else ["a"])


def test_a_full_store_refuses_and_keeps_what_it_has() -> None:
    store = FullStore(MemoryStore(), room=10)
    store.put("a", b"123456")
    with pytest.raises(VaultUnavailable):
        store.put("b", b"123456")
    assert [info.key for info in store.list("")] == ["a"]
