"""The job that brings the whole platform back."""

from dataclasses import replace

import psycopg
import pytest

from wedsync_dr.defs.resources import Protection
from wedsync_dr_tests.defs.conftest import NOW, Operator, failure_of, outputs_of


@pytest.fixture
def empty(protected: Operator, other_database: str) -> tuple[Operator, str]:
    """An operator with a vault and an empty target; the source is gone."""
    settings = replace(protected.protection.settings(), target_url=other_database, source_url=None)
    protected.protection = Protection(lambda: settings, lambda: NOW)
    return protected, other_database


def count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row
        return int(row[0])


def test_the_plan_is_shown_and_nothing_is_written(empty: tuple[Operator, str]) -> None:
    operator, url = empty
    result = operator.run("restore_platform")
    assert result.success
    assert count(url, "pg_class WHERE relnamespace = 'public'::regnamespace") == 0
    assert "rebuild_platform" not in outputs_of(result)


def test_confirmed_it_rebuilds_the_platform_and_says_how(empty: tuple[Operator, str]) -> None:
    operator, url = empty
    name = url.rpartition("/")[2]
    form = {"ops": {"plan_platform": {"config": {"plan_only": False, "confirm": name}}}}
    result = operator.run("restore_platform", form)
    assert result.success
    assert count(url, "public.guests") == operator.sql("SELECT count(*) FROM guests")[0][0]
    said = outputs_of(result)["rebuild_platform"]
    assert said["rto"][0]["tier"] == "day_of"
    assert said["tables_proven"] > 50


def test_without_the_name_of_the_database_nothing_is_written(empty: tuple[Operator, str]) -> None:
    operator, url = empty
    result = operator.run("restore_platform", {"ops": {"plan_platform": {"config": {"plan_only": False}}}})
    assert "confirm" in failure_of(result)[0]
    assert count(url, "pg_class WHERE relnamespace = 'public'::regnamespace") == 0


def test_a_target_must_be_set(protected: Operator) -> None:
    what, metadata = failure_of(protected.run("restore_platform"))
    assert "WEDSYNC_TARGET_URL" in what
    assert "empty database" in metadata["remedy"]
