"""Secrets and people's data never show: planted names are searched for wherever the tool writes."""

import json
import logging
from pathlib import Path

import pytest

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import RowClass
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import restore
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town
from wedsync_dr_tests.fixtures import archive, source, tmp_path

__all__ = ["archive", "source", "tmp_path"]

PLANTED = (town.SECRET_NAME, "client3@example.org", "Quackenbush")


def test_no_name_is_in_the_vault_the_keyring_or_a_plan(
    source: Source, archive: Archive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    batch = town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Somebody' WHERE wedding_id = 3")
    restored = restore(source, archive, town.wedding(3), mode=Mode.replace, apply=True, now=town.NOW, requested_by="t")
    shown = [
        repr(batch),
        repr(restored),
        json.dumps(restored.to_json()),
        repr(verify(archive)),
        caplog.text,
        repr(source),
    ]
    for path in [*(tmp_path / "vault").rglob("*"), *(tmp_path / "keyring").rglob("*")]:
        shown.append(path.name)
        if path.is_file():
            shown.append(path.read_bytes().decode("latin-1"))
    for text in shown:
        assert not any(name in text for name in PLANTED)


def test_no_key_is_in_any_representation(source: Source, archive: Archive) -> None:
    key = archive.keyring.newest(town.wedding(3), RowClass.PERSONAL, town.NOW)
    shown = " ".join(map(repr, (archive, archive.keyring, archive.signer, key, archive.ledger, vars(key).keys())))
    assert archive.signer.secret.hex() not in shown
    assert str(archive.signer.secret) not in shown
    assert "rrrrrrrr" not in shown


def test_errors_of_a_failed_restore_hold_no_row(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "DELETE FROM weddings WHERE id = 3", "DELETE FROM clients WHERE id = 3")
    town.run(source, "UPDATE clients SET email = 'client3@example.org' WHERE id = 4")
    with pytest.raises(DisasterRecoveryError) as refused:
        restore(source, archive, town.wedding(3), mode=Mode.replace, apply=True, now=town.NOW, requested_by="t")
    chain = [refused.value, refused.value.__cause__, refused.value.__context__]
    assert not any("client3" in repr(error) + str(error) for error in chain)
