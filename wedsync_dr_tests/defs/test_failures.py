"""Our errors, as Dagster hears them."""

import dagster as dg
import pytest

from wedsync_dr.defs.failures import problem_table, some_failed, told_to_dagster
from wedsync_dr.errors import Damaged, DisasterRecoveryError, ScopeNotFound, SourceUnreachable, VaultUnavailable
from wedsync_dr.model import Kind, ScopeId

EMMA = ScopeId(Kind.WEDDING, "emma")


def _told(error: Exception) -> dg.Failure:
    with pytest.raises(dg.Failure) as told, told_to_dagster():
        raise error
    return told.value


@pytest.mark.parametrize(("kind", "again"), [(SourceUnreachable, True), (VaultUnavailable, True), (Damaged, False)])
def test_dagster_tries_again_only_what_is_transient(kind: type[DisasterRecoveryError], again: bool) -> None:
    assert _told(kind("it happened", remedy="do this")).allow_retries is again


def test_a_failure_says_what_happened_and_what_to_do() -> None:
    failure = _told(Damaged("it happened", remedy="do this"))
    assert failure.description == "it happened"
    assert {name: value.value for name, value in failure.metadata.items()} == {"error": "Damaged", "remedy": "do this"}


def test_the_cause_of_an_error_stays_out_of_the_event_log() -> None:
    failure = _told(Damaged("it happened", remedy="do this"))
    assert failure.__cause__ is None
    assert failure.__suppress_context__


def test_an_error_that_is_not_ours_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), told_to_dagster():
        raise ZeroDivisionError


def test_a_batch_is_tried_again_only_where_every_failure_is_transient() -> None:
    passing, lasting = SourceUnreachable("a", remedy="b"), ScopeNotFound("a", remedy="b")
    assert some_failed([(EMMA, passing)]).allow_retries
    assert not some_failed([(EMMA, passing), (EMMA, lasting)]).allow_retries


def test_a_long_table_says_how_much_more_there_is() -> None:
    table = problem_table((EMMA, f"problem {number}", "look") for number in range(250))
    assert len(table.records) == 101
    assert "150 more" in str(table.records[-1].data["what"])
