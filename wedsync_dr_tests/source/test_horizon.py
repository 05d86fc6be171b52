"""A row is called old only where that is certain, whatever its number has been through."""

from dataclasses import replace

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.model import Horizon
from wedsync_dr.source.horizon import Ages, ages_of
from wedsync_dr.source.session import open_reader

EPOCH = 2**32
THEN = Horizon("server", "shape", 5000)
NOW = Ages(replace(THEN, xmin=6000), 6010)


@given(
    written=st.integers(3, 2**36),
    then=st.integers(3, 2**36),
    running=st.integers(0, 1000),
    since=st.integers(0, 2**34),
)
def test_a_row_that_is_called_settled_was_written_before_the_horizon(
    written: int, then: int, running: int, since: int
) -> None:
    """`written` and `then` are numbers that never wrap; the row tells only the lower half of its own."""
    xmax = max(written, then + running) + 1 + since
    ages = Ages(Horizon("server", "shape", max(then, xmax - running - 1)), xmax)
    if ages.settled(written % EPOCH, Horizon("server", "shape", then)):
        assert written < then


@given(back=st.integers(1, 2**31), ahead=st.integers(0, 2**31 - 2), epoch=st.integers(1, 5))
def test_a_row_that_was_written_before_the_horizon_is_settled_until_numbers_come_round(
    back: int, ahead: int, epoch: int
) -> None:
    then = epoch * EPOCH + 2**31
    written = then - back
    ages = Ages(Horizon("server", "shape", then + ahead), then + ahead)
    assert ages.settled(written % EPOCH, Horizon("server", "shape", then)) == (written % EPOCH > 2)


@pytest.mark.parametrize("xmin", [0, 1, 2])
def test_numbers_that_stand_for_no_transaction_settle_nothing(xmin: int) -> None:
    assert not NOW.settled(xmin, THEN)


@pytest.mark.parametrize(
    "earlier", [replace(THEN, server="other"), replace(THEN, shape="other"), replace(THEN, xmin=6001)]
)
def test_another_servers_past_another_shapes_and_the_future_settle_nothing(earlier: Horizon) -> None:
    assert NOW.settled(4999, THEN)
    assert not NOW.settled(4999, earlier)


def test_a_copy_of_a_database_on_the_same_server_is_another_one(database: str, other_database: str) -> None:
    with open_reader(database) as one, open_reader(database) as again, open_reader(other_database) as other:
        assert ages_of(one, "s").horizon.server == ages_of(again, "s").horizon.server
        assert ages_of(one, "s").horizon.server != ages_of(other, "s").horizon.server


def test_a_row_of_a_transaction_that_is_still_open_elsewhere_is_not_settled_by_it(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as first, psycopg.connect(database) as second:
        first.execute("CREATE TABLE public.t (a int)")
        second.execute("INSERT INTO public.t VALUES (1)")
        first.execute("INSERT INTO public.t VALUES (2)")
        with open_reader(database) as reader:
            then = ages_of(reader, "s").horizon
        second.commit()
        first.execute("INSERT INTO public.t VALUES (3)")
        with open_reader(database) as reader:
            ages = ages_of(reader, "s")
            found = reader.rows('SELECT a, "xmin"::text::bigint FROM public.t ORDER BY a')
            assert [ages.settled(xmin, then) for _, xmin in found] == [False, False, False]
            assert all(ages.settled(xmin, ages.horizon) for _, xmin in found)
