"""What is wrong is said: with real databases and vaults, and with what the ledger may say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from wedsync_dr.alerts.alert import Alert, AlertCode, Severity
from wedsync_dr.alerts.conditions import judge
from wedsync_dr.alerts.health import Health, Lane, look
from wedsync_dr.alerts.places import Places
from wedsync_dr.alerts.space import Space
from wedsync_dr.approval import standing
from wedsync_dr.approval.request import to_body
from wedsync_dr.errors import NotInitialised
from wedsync_dr.model import Kind, ScopeId, Tier, utc_text
from wedsync_dr.schedule.due import Candidate
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.facts import Named
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.verification.record import verify_on_record
from wedsync_dr_tests import town
from wedsync_dr_tests.approval.requests import WHY, request
from wedsync_dr_tests.town import NOW

EMMA, ZOE = ScopeId(Kind.WEDDING, "emma"), ScopeId(Kind.WEDDING, "zoe")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def places(source: Source, archive: Archive, **more: Any) -> Places:
    return Places(lambda: source, lambda: archive, **more)


def codes(health: Health) -> list[str]:
    return [alert.code.value for alert in judge(health).alerts]


def of(health: Health, code: AlertCode) -> list[Alert]:
    return [alert for alert in judge(health).alerts if alert.code is code]


def well(*more: Candidate, **state: Any) -> Health:
    """Two weddings, drilled and verified last night, that nothing is wrong with."""
    found = [
        Candidate(EMMA, Tier.DAY_OF, current_until=NOW - timedelta(minutes=2)),
        Candidate(ZOE, Tier.NORMAL, current_until=NOW - HOUR),
    ]
    restored = [
        {"kind": "wedding", "scope_id": "emma", "snapshot_id": "a", "tier": tier.value, "seconds": 0.2,
         "target_seconds": 300.0, "equal": True, "problem": ""}
        for tier in (Tier.DAY_OF, Tier.NORMAL)
    ]  # fmt: skip
    known: dict[str, Any] = {
        "snapshots": {(EMMA, "a"): Named("d", "b"), (ZOE, "a"): Named("d", "b")},
        "newest": {EMMA: "a", ZOE: "a"},
        "current": {EMMA: utc_text(NOW), ZOE: utc_text(NOW)},
        "drills": [{"drilled_at": utc_text(NOW - 6 * HOUR), "problems": [], "results": restored}],
        "verifications": [verified()],
    }
    return Health(NOW, DEFAULT, (*found, *more), LedgerState(**(known | state)), space=Space(100, 50))


def verified(findings: dict[str, int] | None = None, scopes: Sequence[str] = (), ago: timedelta = HOUR) -> Any:
    at = utc_text(NOW - ago)
    return {"verified_at": at, "whole": True, "checked": 2, "findings": findings or {}, "scopes": list(scopes)}


def test_where_all_is_well_there_is_no_alert() -> None:
    assert judge(well()) == judge(replace(well(), space=None))
    assert codes(well()) == []


def test_an_objective_that_is_missed_names_weddings_the_worst_first_since_when() -> None:
    late = [
        Candidate(ScopeId(Kind.WEDDING, str(n)), Tier.DAY_OF, current_until=NOW - n * HOUR, changed=None)
        for n in (1, 3, 2)
    ]
    (alert,) = of(well(*late), AlertCode.OBJECTIVE_MISSED)
    assert alert.subjects == ("wedding/3", "wedding/2", "wedding/1")
    assert alert.since == NOW - 3 * HOUR + timedelta(minutes=5)
    assert alert.title == "3 weddings (day_of) past the objective of 5 min; the longest for 2 h."
    assert (alert.severity, alert.part) == (Severity.ERROR, "wedding.day_of")


def test_a_wedding_that_can_wait_is_a_warning() -> None:
    late = Candidate(ScopeId(Kind.WEDDING, "1"), Tier.NORMAL, current_until=NOW - 2 * DAY)
    assert [alert.severity for alert in of(well(late), AlertCode.OBJECTIVE_MISSED)] == [Severity.WARNING]


def test_an_unchanged_wedding_is_within_its_objective_from_when_that_was_proven() -> None:
    lanes = {lane.name: lane for lane in well().lanes}
    assert lanes["wedding day_of"] == Lane(
        Kind.WEDDING, Tier.DAY_OF, timedelta(minutes=5), 1, oldest=NOW - timedelta(minutes=2)
    )
    assert (lanes["wedding day_of"].within, lanes["wedding critical"].scopes) == (1, 0)


def test_a_wedding_without_a_recovery_point_has_until_its_objective_before_people_are_told() -> None:
    (alert,) = of(well(Candidate(ScopeId(Kind.WEDDING, "new"), Tier.DAY_OF)), AlertCode.UNPROTECTED)
    assert (alert.subjects, alert.patience) == (("wedding/new",), timedelta(minutes=5))


def test_a_vault_without_any_snapshot_is_never_well() -> None:
    empty = Health(NOW, DEFAULT, well().candidates, LedgerState())
    assert "nothing-protected" in codes(empty)
    assert "drill-missing" in codes(empty)
    assert "verification-missing" in codes(empty)


def test_a_source_without_a_wedding_is_never_well() -> None:
    assert [alert.part for alert in of(replace(well(), candidates=()), AlertCode.NOTHING_PROTECTED)] == ["weddings"]


def test_what_vanished_is_named_by_kind_and_a_wedding_is_an_error() -> None:
    gone = replace(well(), candidates=tuple(one for one in well().candidates or () if one.scope != EMMA))
    (alert,) = of(gone, AlertCode.VANISHED)
    assert (alert.subjects, alert.severity) == (("wedding/emma",), Severity.ERROR)


@pytest.mark.parametrize(("used", "severity"), [(84, []), (85, ["warning"]), (95, ["error"])])
def test_a_vault_that_is_nearly_full_is_told(used: int, severity: list[str]) -> None:
    found = of(replace(well(), space=Space(100, 100 - used)), AlertCode.VAULT_SPACE)
    assert [alert.severity.value for alert in found] == severity


def test_a_failed_drill_is_an_error_with_its_first_problem_and_its_scopes() -> None:
    results = [{"kind": "wedding", "scope_id": "zoe", "snapshot_id": "a", "tier": "normal", "seconds": 1.0,
                "target_seconds": 9.0, "equal": False, "problem": "damaged"}]  # fmt: skip
    drill = {"drilled_at": utc_text(NOW - HOUR), "problems": ["wedding/zoe a: damaged", "b"], "results": results}
    (alert,) = of(well(drills=[drill]), AlertCode.DRILL_FAILED)
    assert alert.title == "The last drill failed: wedding/zoe a: damaged (and 1 more)"
    assert (alert.subjects, alert.since) == (("wedding/zoe",), NOW - HOUR)


def test_a_night_without_a_drill_and_a_tier_without_one_are_told() -> None:
    old = {"drilled_at": utc_text(NOW - 2 * DAY), "problems": [], "results": []}
    assert [alert.part for alert in of(well(drills=[old]), AlertCode.DRILL_MISSING)] == ["last", "tiers"]
    assert [alert.title for alert in of(well(drills=[]), AlertCode.DRILL_MISSING)] == ["No drill has ever run."]


def test_findings_stand_until_the_whole_vault_was_read_again() -> None:
    found = well(verifications=[verified({"altered": 2}, ["wedding/zoe"])])
    (alert,) = of(found, AlertCode.VERIFICATION_FINDINGS)
    assert alert.title == "Verification found damage in the vault: altered (2)."
    assert (alert.subjects, alert.since) == (("wedding/zoe",), NOW - HOUR)
    assert codes(well(verifications=[verified(ago=9 * DAY)])) == ["verification-missing"]


def test_a_channel_that_is_mute_is_told_while_it_is_configured() -> None:
    mute = well(mute_channels={"1 (mail at host)": {"at": utc_text(NOW), "why": "It is broken."}})
    assert codes(mute) == []
    assert codes(replace(mute, channels=frozenset({"1 (mail at host)"}))) == ["channel-failed"]


def test_a_new_platform_is_judged_and_a_snapshot_of_everything_is_what_it_needs(
    source: Source, archive: Archive, tmp_path: Path
) -> None:
    before = look(places(source, archive, vault=tmp_path), DEFAULT, NOW)
    assert "nothing-protected" in codes(before)
    town.take_all(source, archive)
    verify_on_record(archive, now=NOW, requested_by="test")
    after = look(places(source, archive, vault=tmp_path), DEFAULT, NOW)
    assert set(codes(after)) == {"drill-missing"}
    assert after.snapshots > 0
    assert after.space is not None
    town.run(source, "DELETE FROM weddings WHERE id = 3")
    gone = look(places(source, archive), DEFAULT, NOW)
    assert gone.vanished == (town.wedding(3),)
    assert [alert.subjects for alert in of(gone, AlertCode.VANISHED)] == [("wedding/3",)]


def test_a_source_that_cannot_be_read_is_an_alert_and_what_it_would_tell_is_unknown(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    elsewhere = replace(source, url="postgresql://nobody@127.0.0.1:1/nowhere")
    judged = judge(look(places(elsewhere, archive), DEFAULT, NOW))
    assert [alert.code.value for alert in judged.alerts] == ["source-unreadable", "verification-missing"]
    assert {AlertCode.OBJECTIVE_MISSED, AlertCode.VANISHED} <= judged.unknown
    assert AlertCode.VERIFICATION_MISSING not in judged.unknown


def test_a_vault_that_cannot_be_opened_is_an_alert_and_the_rest_is_unknown(source: Source) -> None:
    def closed() -> Archive:
        raise NotInitialised("There is no vault.", remedy="Mount its disk.")

    judged = judge(look(Places(lambda: source, closed), DEFAULT, NOW))
    (alert,) = judged.alerts
    assert (alert.code.value, alert.what_to_do) == ("vault-unreadable", "Mount its disk.")
    assert AlertCode.SOURCE_UNREADABLE in judged.unknown


def alone(*more: tuple[str, dict[str, Any]]) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """One responder went alone an hour ago."""
    at, by = utc_text(NOW - HOUR), {"subject": "anna", "token": ""}
    asked = request(at=NOW - 2 * HOUR, expires=NOW + HOUR)
    requested = (standing.REQUESTED, to_body(asked) | {"at": utc_text(asked.at)})
    went = (standing.ALONE, {"request": asked.id, "by": by, "at": at, "reason": WHY})
    return {asked.id: [requested, went, *more]}


def test_who_went_alone_is_told_for_a_day_or_until_another_person_has_seen_it() -> None:
    (told,) = of(well(requests=alone()), AlertCode.RESTORE_ALONE)
    assert (told.severity, told.subjects, told.since) == (Severity.ERROR, ("wedding/3",), NOW - HOUR)
    assert WHY not in told.title
    later = replace(well(requests=alone()), at=NOW + DAY)
    assert not of(later, AlertCode.RESTORE_ALONE)
    for who, is_told in (("anna", True), ("bert", False)):
        seen = {"request": "r1", "by": {"subject": who, "token": ""}, "at": utc_text(NOW)}
        assert bool(of(well(requests=alone((standing.SEEN, seen))), AlertCode.RESTORE_ALONE)) is is_told
