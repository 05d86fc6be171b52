"""Fixtures around the town: its database, and a vault of its own."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town


@pytest.fixture
def source(database: str) -> Source:
    """The town in a database of its own."""
    return town.build(database)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: a vault syncs every file it writes."""
    memory = Path("/dev/shm")  # noqa: S108
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as directory:
        yield Path(directory)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An empty vault and its keyring, in `tmp_path`."""
    return town.new_archive(tmp_path)
