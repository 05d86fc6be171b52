"""A platform that is used by people who do not wait."""

from pathlib import Path

import psycopg

import wedsync_dr.demo
from wedsync_dr.demo.churn import churn
from wedsync_dr.scope.rules import load_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr_tests.conftest import WEDDINGS

RULES = load_rules(Path(wedsync_dr.demo.__file__).with_name("rules.toml"))


def test_weddings_change_move_and_come_and_the_end_is_on_time(platform: str) -> None:
    heard: list[str] = []
    seen = churn(Source(platform, RULES), minutes=0.02, share=0.5, failures=0, seed="2", say=heard.append)
    assert seen.done["guests changed"] > 0
    assert seen.done["weddings added"] == seen.done["dates moved"] == len(heard)
    with psycopg.connect(platform) as connection:
        (count,) = connection.execute("SELECT count(*) FROM weddings").fetchone() or (0,)
    assert count == WEDDINGS + seen.done["weddings added"] - seen.done["weddings deleted"]
