"""What version 1 of the format wrote is read exactly, and each kind of damage to it is named."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from wedsync_dr.snapshot.opening import open_snapshot
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town
from wedsync_dr_tests.vectors.make import HERE, SCOPES, SUPPLEMENTS

ROWS = {
    "wedding/3": (29, "dd2a1ca938b66a383d1159783dd0d1a6d67d8e43bf71cb5d247e73f52ff1fa6f"),
    "vendor/1": (3, "fee734a6b1c2679261970548e738a5e5ac25c9d28545a7b69b41c9883917f76c"),
    "platform/public.venues": (3, "481f88d505b8181e4dcd09a4106e2053ccbb9229a511ee899e1fe833ddcb155f"),
}
BESIDE = {
    "platform/public.venues": (1, "1f09dbf6a0829657d1d521d260e37d5affc6fc89215106fc1759280d0898a1ed"),
    "vendor/2": (2, "5d10c9c49be1de168726e2d89a2a041264b205162985d13ce36fb73e2dfb22b5"),
    "vendor/~public.vendors~3": (1, "35be0987150cb7a6639051ec8cc525b5076eae448b0d566dd143de43b54b2106"),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    shutil.copytree(HERE, tmp_path / "v1")
    return tmp_path / "v1"


def test_every_vector_verifies() -> None:
    verification = verify(town.reopened(HERE))
    assert verification.findings == ()
    assert verification.checked == len(SCOPES)


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_the_rows_of_a_vector_are_those_that_were_sealed(scope: object) -> None:
    archive = town.reopened(HERE)
    manifest = archive.newest(scope)  # type: ignore[arg-type]
    assert manifest is not None
    snapshot = open_snapshot(archive, manifest)
    lines = sorted(line for table in snapshot.tables.values() for line in table.lines)
    assert (len(lines), hashlib.sha256(b"".join(lines)).hexdigest()) == ROWS[str(scope)]


def test_the_supplements_of_a_vector_are_those_that_were_sealed() -> None:
    assert verify(town.reopened(SUPPLEMENTS)).findings == ()
    beside = town.reopened(SUPPLEMENTS).supplements
    found = {}
    for ref in beside.vault.snapshots():
        snapshot = open_snapshot(beside, beside.vault.manifest(ref.scope, ref.snapshot_id, beside.verifier))
        lines = sorted(line for table in snapshot.tables.values() for line in table.lines)
        found[str(ref.scope)] = (len(lines), hashlib.sha256(b"".join(lines)).hexdigest())
    assert found == BESIDE


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "altered": lambda snapshot: _flip(snapshot / "personal-0.parquet"),
    "missing": lambda snapshot: (snapshot / "personal-0.parquet").unlink(),
    "unsigned": lambda snapshot: _flip(snapshot / "manifest.json"),
    "orphan-object": lambda snapshot: shutil.copy(snapshot / "personal-0.parquet", snapshot / "personal-9.parquet"),
    "key-missing": lambda snapshot: (
        snapshot.parents[3] / "../keyring/wedding/3/personal-1.json"
    ).resolve().unlink(),
}  # fmt: skip


@pytest.mark.parametrize("code", DAMAGE)
def test_damage_to_a_vector_is_named(home: Path, code: str) -> None:
    snapshot = next((home / "vault/snapshots/wedding/3").iterdir())
    DAMAGE[code](snapshot)
    assert {finding.code.value for finding in verify(town.reopened(home)).findings} == {code}
