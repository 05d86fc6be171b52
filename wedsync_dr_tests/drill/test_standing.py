"""What drills prove, and when they prove nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from wedsync_dr.drill.standing import KEPT, NIGHTLY, proofs
from wedsync_dr.model import Tier, utc_text
from wedsync_dr_tests.town import NOW

TIERS = {Tier.DAY_OF, Tier.NORMAL}


def entry(at: datetime, *tiers: Tier, problems: tuple[str, ...] = (), equal: bool = True) -> Mapping[str, Any]:
    results = [
        {
            "kind": "wedding",
            "scope_id": str(number),
            "snapshot_id": "a",
            "tier": tier.value,
            "seconds": 0.2,
            "target_seconds": 300.0,
            "equal": equal,
        }
        for number, tier in enumerate(tiers)
    ]
    return {"drilled_at": utc_text(at), "results": results, "problems": list(problems)}


def what(*drills: Mapping[str, Any]) -> list[str]:
    return [problem for problem, _ in proofs(drills, TIERS, NOW).problems]


def test_last_nights_drill_of_every_tier_is_proof() -> None:
    found = proofs([entry(NOW - timedelta(hours=9), *TIERS)], TIERS, NOW)
    assert found.problems == ()
    assert [one.tier for one in found.tiers] == [Tier.DAY_OF, Tier.NORMAL]


def test_no_drill_is_no_proof() -> None:
    assert what() == ["No drill has ever run."]


def test_a_night_without_a_drill_is_named() -> None:
    assert any("hours ago" in problem for problem in what(entry(NOW - NIGHTLY - timedelta(minutes=1), *TIERS)))
    assert what(entry(NOW - NIGHTLY, *TIERS)) == []


def test_a_tier_that_no_drill_restored_lately_is_named() -> None:
    long_ago = entry(NOW - KEPT - timedelta(minutes=1), Tier.NORMAL)
    assert ["normal" in problem for problem in what(long_ago, entry(NOW, Tier.DAY_OF))] == [True]
    assert what(entry(NOW - KEPT, Tier.NORMAL), entry(NOW, Tier.DAY_OF)) == []


def test_what_the_last_drill_found_stands_until_the_next_one() -> None:
    failed = entry(NOW - timedelta(hours=2), *TIERS, problems=("wedding/1: damaged",), equal=False)
    assert what(failed) == ["wedding/1: damaged"]
    assert what(failed, entry(NOW - timedelta(hours=1), *TIERS)) == []


def test_a_drill_that_could_not_run_is_a_problem() -> None:
    broken = {"drilled_at": utc_text(NOW), "problems": ["No server."], "ok": False}
    assert what(entry(NOW - timedelta(hours=20), *TIERS), broken) == ["No server."]
