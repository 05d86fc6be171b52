"""The whole platform back, on the command line."""

from collections.abc import Iterator

import psycopg
import pytest

from wedsync_dr.embedded.server import Server
from wedsync_dr_tests.cli.conftest import EMMA, SECRET_NAME, Desk, damage


@pytest.fixture
def target(server: Server) -> Iterator[str]:
    """The URL of an empty database."""
    server.create_database("rebuilt")
    yield server.url("rebuilt")
    server.drop_database("rebuilt")


def guests(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT * FROM guests ORDER BY id").fetchall()


def test_a_plan_says_what_would_come_and_what_to_do_next(ready: Desk, target: str) -> None:
    text = ready.done("restore", "--everything", "--target", target)
    assert "oldest recovery point" in text
    assert "Nothing was changed; add --apply to do it." in text
    document = ready.json("restore", "--everything", "--target", target)
    assert (document["applied"], document["plan"]["scopes"], document["plan"]["order"]) == (False, 8, "urgent")


def test_applied_it_is_the_same_platform_and_the_document_says_how(ready: Desk, target: str) -> None:
    document = ready.json("restore", "--everything", "--target", target, "--apply")
    assert guests(target) == ready.guests()
    assert (document["applied"], document["verified"]) == (True, True)
    assert set(document) == {
        "plan", "applied", "verified", "waves", "rto", "fallbacks", "dangling", "refusals", "unproven", "tables",
        "seconds",
    }  # fmt: skip
    assert set(document["waves"][0]) == {"name", "scopes", "rows", "seconds", "usable_at"}
    assert SECRET_NAME not in str(document)


def test_people_read_when_each_wave_was_usable(ready: Desk, target: str) -> None:
    text = ready.done("restore", "--everything", "--target", target, "--apply", "--order", "fast")
    assert "usable since" in text
    assert "RTO" in text
    assert "proven equal" in text


def test_a_wedding_that_cannot_come_back_ends_with_three(ready: Desk, target: str) -> None:
    damage(ready.objects()[0])
    document = ready.json("restore", "--everything", "--target", target, "--apply", code=3)
    assert [one["scope_id"] for one in document["fallbacks"]] == [EMMA]
    assert (document["fallbacks"][0]["snapshot_id"], document["verified"]) == (None, True)


def test_a_target_with_tables_is_refused_with_a_remedy(ready: Desk) -> None:
    document = ready.json("restore", "--everything", "--target", ready.url, "--apply", code=5)
    assert document["code"] == "TargetUnfit"
    assert "CREATE DATABASE" in document["remedy"]


@pytest.mark.parametrize(
    "options", [[], ["--target", "postgresql://localhost/x", "--wedding", EMMA], ["--tables", "guests"]]
)
def test_what_makes_no_sense_beside_everything_is_misuse(ready: Desk, options: list[str]) -> None:
    assert ready.run("restore", "--everything", *options).exit_code == 2
