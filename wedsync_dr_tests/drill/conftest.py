"""A scratch server for drills: the tests' own."""

from collections.abc import Iterator

import pytest

from wedsync_dr.drill.scratch import Scratch
from wedsync_dr.embedded.server import Server
from wedsync_dr_tests.fixtures import archive, source, tmp_path

__all__ = ["archive", "source", "tmp_path"]


@pytest.fixture
def scratch(server: Server) -> Iterator[Scratch]:
    made = Scratch(server.url())
    yield made
    made.close()
