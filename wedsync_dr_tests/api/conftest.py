from collections.abc import Iterator
from itertools import count

import pytest

from wedsync_dr.embedded.server import Server
from wedsync_dr_tests.api.running import Running, running

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Running]:
    """The running API of one module's tests, after a snapshot of everything."""
    name = f"api_{next(_NUMBERS)}"
    server.create_database(name)
    with running(server.url(name)) as api:
        yield api
    server.drop_database(name)
