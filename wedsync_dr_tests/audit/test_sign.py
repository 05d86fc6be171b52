"""Whatever is changed in a report is found, with nothing but the public key."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wedsync_dr.audit.publish import publish
from wedsync_dr.audit.sign import MANIFEST, PAGE, check_path, sealed, signed_manifest
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import Damaged, KeyRefused
from wedsync_dr_tests.audit.conftest import Month

SIGNER = Signer.new()
PEM = Verifier(SIGNER.public).pem


@pytest.fixture(scope="module")
def made(month: Month, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Verifier]:
    """A report's folder, and the owner's key; to be copied."""
    home = tmp_path_factory.mktemp("made")
    own = month.copy(home)
    publish(own.archive, own.gather(), home / "out")
    return home / "out", Verifier.from_pem(own.archive.verifier.pem)


@pytest.fixture
def folder(made: tuple[Path, Verifier], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "copy"))


def test_what_nobody_touched_holds(made: tuple[Path, Verifier], folder: Path) -> None:
    for path in (folder, folder / MANIFEST, folder / PAGE, folder / "batches.csv"):
        checked = check_path(path, made[1])
        assert checked.ok
        assert checked.fingerprint == made[1].fingerprint
        assert checked.statement["period"]


def test_each_file_that_is_changed_missing_or_new_is_named(made: tuple[Path, Verifier], folder: Path) -> None:
    (folder / "batches.csv").write_bytes((folder / "batches.csv").read_bytes() + b"x")
    (folder / "drills.csv").unlink()
    (folder / "more.csv").write_text("x")
    faults = {one.file: one.what for one in check_path(folder, made[1]).faults}
    assert set(faults) == {"batches.csv", "drills.csv", "more.csv"}


def test_a_manifest_that_was_signed_by_somebody_else_does_not_hold(made: tuple[Path, Verifier], folder: Path) -> None:
    other = Verifier(SIGNER.public)
    assert [one.file for one in check_path(folder, other).faults] == [MANIFEST]
    entry = json.loads((folder / MANIFEST).read_text())
    entry["files"] = []
    (folder / MANIFEST).write_text(json.dumps(entry))
    assert not check_path(folder, made[1]).ok


def test_without_the_owner_s_key_nothing_is_well(folder: Path) -> None:
    checked = check_path(folder, None)
    assert not checked.faults
    assert not checked.vouched
    assert not checked.ok


def test_a_folder_without_its_manifest_is_unfinished(made: tuple[Path, Verifier], folder: Path) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(Damaged):
        check_path(folder, made[1])


def test_a_page_without_a_seal_is_refused(tmp_path: Path) -> None:
    (tmp_path / PAGE).write_text("<html></html>")
    with pytest.raises(Damaged):
        check_path(tmp_path / PAGE, Verifier(SIGNER.public))


def test_the_manifest_of_a_report_is_not_taken_for_the_seal_of_a_page(tmp_path: Path) -> None:
    page = sealed(b"<html></html>", SIGNER, {})
    (tmp_path / PAGE).write_bytes(page.replace(b"wedsync-dr page", b"wedsync-dr report"))
    with pytest.raises(Damaged):
        check_path(tmp_path / PAGE, Verifier(SIGNER.public))


def test_a_name_that_leads_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / MANIFEST).write_bytes(signed_manifest({"../secret": b"s"}, SIGNER, {}))
    assert [one.what for one in check_path(folder, Verifier(SIGNER.public)).faults] == ["it is missing"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_byte_of_a_page_goes_unnoticed(tmp_path: Path, data: st.DataObject) -> None:
    page = bytearray(sealed(b"<html><p>100 %</p></html>", SIGNER, {"period": "p"}))
    place = data.draw(st.integers(0, len(page) - 1))
    page[place] ^= data.draw(st.integers(1, 255))
    (tmp_path / PAGE).write_bytes(bytes(page))
    try:
        checked = check_path(tmp_path / PAGE, Verifier(SIGNER.public))
    except Damaged:
        return
    assert not checked.ok


def test_a_public_key_survives_its_file_and_nothing_else_passes_for_one() -> None:
    assert Verifier.from_pem(PEM) == Verifier(SIGNER.public)
    for other in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", SIGNER.public):
        with pytest.raises(KeyRefused):
            Verifier.from_pem(other)
