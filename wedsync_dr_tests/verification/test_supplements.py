"""Supplements are trusted as little as snapshots: each kind of damage to one is found and named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town

CAKE = ScopeId(Kind.VENDOR, "~public.vendors~3")


@pytest.fixture
def home(source: Source, archive: Archive, tmp_path: Path) -> Path:
    """A vault with two supplements of one vendor."""
    town.take_all(source, archive)
    for name in ("Big Cake", "Bigger Cake"):
        town.run(source, f"UPDATE vendors SET name = '{name}' WHERE id = 3", "UPDATE bookings SET price = price + 1")
        assert not take(source, archive, [town.wedding(3)], now=town.NOW, requested_by="test").failed
    return tmp_path


def findings(home: Path) -> set[tuple[str, str, str]]:
    return {(f.code.value, str(f.scope), f.object or "") for f in verify(town.reopened(home)).findings}


def supplements(home: Path) -> list[Path]:
    return sorted((home / f"vault/supplements/{CAKE}").iterdir())


def write(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    write(path, bytes(data))


def removed(home: Path) -> None:
    lines = [{"kind": "vendor", "id": CAKE.id, "snapshot_id": supplements(home)[0].name}]
    town.reopened(home).ledger.append("removed", {"snapshots": [], "supplements": lines}, town.NOW)


def unnamed(home: Path) -> None:
    """The ledger ends before the last supplement."""
    entries = sorted((home / "vault/ledger").iterdir())
    last = max(i for i, path in enumerate(entries) if json.loads(path.read_bytes())["event"] == "snapshots")
    for path in entries[last:]:
        path.unlink()
    shutil.rmtree(max((home / "vault/snapshots/wedding/3").iterdir()))


DAMAGE: dict[str, tuple[Callable[[Path], object], set[tuple[str, str]]]] = {
    "a flipped bit": (
        lambda home: flip(supplements(home)[1] / "personal-0.parquet"),
        {("altered", "supplement/personal-0.parquet")},
    ),
    "an object that is gone": (
        lambda home: (supplements(home)[1] / "personal-0.parquet").unlink(),
        {("missing", "supplement/personal-0.parquet")},
    ),
    "an older one's object": (
        lambda home: write(
            supplements(home)[1] / "personal-0.parquet", (supplements(home)[0] / "personal-0.parquet").read_bytes()
        ),
        {("swapped", "supplement/personal-0.parquet")},
    ),
    "an edited manifest": (
        lambda home: flip(supplements(home)[1] / "manifest.json"),
        {("unsigned", "supplement/manifest.json")},
    ),
    "a manifest that is gone": (
        lambda home: (supplements(home)[1] / "manifest.json").unlink(),
        {("missing", "supplement"), ("orphan-object", "supplement")},
    ),
    "all of it is gone": (lambda home: shutil.rmtree(supplements(home)[1]), {("missing", "supplement")}),
    "an object too many": (
        lambda home: shutil.copy(
            supplements(home)[1] / "personal-0.parquet", supplements(home)[1] / "personal-1.parquet"
        ),
        {("orphan-object", "supplement/personal-1.parquet")},
    ),
    "put back after its removal": (removed, {("older-than-ledger", "supplement")}),
    "named by no entry": (unnamed, {("not-in-ledger", "supplement")}),
}


def test_intact_supplements_are_read_and_have_no_findings(home: Path) -> None:
    verification = verify(town.reopened(home))
    assert verification.findings == ()
    assert verification.bytes == sum(path.stat().st_size for path in (home / "vault").rglob("*.parquet"))
    assert verification.checked == len(list((home / "vault").rglob("manifest.json")))


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_to_a_supplement_is_named(home: Path, damage: str) -> None:
    do, expected = DAMAGE[damage]
    do(home)
    assert findings(home) == {(code, str(CAKE), name) for code, name in expected}


def test_the_supplements_of_a_vendor_are_verified_with_it_alone(home: Path) -> None:
    flip(supplements(home)[0] / "personal-0.parquet")
    assert verify(town.reopened(home), [town.wedding(3)]).findings == ()
    assert [finding.scope for finding in verify(town.reopened(home), [CAKE]).findings] == [CAKE]


def test_supplements_alone_are_nothing_checked(home: Path) -> None:
    shutil.rmtree(home / f"vault/snapshots/{CAKE}")
    assert "nothing-checked" in {finding.code.value for finding in verify(town.reopened(home), [CAKE]).findings}
