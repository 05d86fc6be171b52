"""Where Dagster and the ledger do not say the same, it is a finding."""

from dataclasses import replace
from datetime import datetime, timedelta

from wedsync_dr.audit.crosscheck import BY_CHECK, INTACT, RESTORABLE, crosscheck, differences
from wedsync_dr.audit.material import CheckSeen, DagsterSide, Material, RunSeen
from wedsync_dr.model import utc_text
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr_tests.audit.conftest import PERIOD, RUN, on

RUN_ID = RUN.split()[-1]


def verified(at: datetime, *, findings: bool = False) -> LedgerEntry:
    body = {"requested_by": BY_CHECK, "whole": True, "findings": {"altered": 1} if findings else {}, "scopes": []}
    return LedgerEntry(7, utc_text(at), "verified", body, "", "")


def drilled(at: datetime, *problems: str) -> LedgerEntry:
    body = {"ok": not problems, "problems": list(problems), "requested_by": RUN}
    return LedgerEntry(8, utc_text(at), "drilled", body, "", "")


def found(
    material: Material, entries: list[LedgerEntry], *checks: CheckSeen, runs: tuple[RunSeen, ...] = ()
) -> list[str]:
    told = replace(material, entries=tuple(entries))
    return [one.what for one in differences(told, DagsterSide(checks, runs))]


def intact(at: datetime, *, passed: bool = True) -> CheckSeen:
    return CheckSeen(INTACT, at, passed, "r" * 36)


def test_two_that_say_the_same_differ_in_nothing(material: Material) -> None:
    entries = [verified(on(1, 4)), verified(on(2, 4), findings=True)]
    assert not found(material, entries, intact(on(1, 4, 20)), intact(on(2, 4, 1), passed=False))


def test_an_evaluation_that_the_ledger_does_not_know_is_a_finding(material: Material) -> None:
    (what,) = found(material, [], intact(on(1, 4)))
    assert "the ledger has no verification" in what


def test_a_verification_that_dagster_does_not_know_is_a_finding(material: Material) -> None:
    (what,) = found(material, [verified(on(1, 4))])
    assert "Dagster no evaluation" in what


def test_a_check_that_passed_beside_a_verification_with_findings_is_a_finding(material: Material) -> None:
    (what,) = found(material, [verified(on(1, 4), findings=True)], intact(on(1, 4, 1)))
    assert "with findings" in what


def test_a_check_that_ended_after_midnight_of_the_last_day_is_no_finding(material: Material) -> None:
    assert not found(material, [verified(PERIOD.end - timedelta(minutes=1))], intact(PERIOD.end + timedelta(minutes=9)))


def test_restorable_that_passed_without_a_drill_or_after_a_failed_one_is_a_finding(material: Material) -> None:
    passed = CheckSeen(RESTORABLE, on(5, 4), True, "r" * 36)
    run = (RunSeen("restore_drill", RUN_ID, True, on(5, 3)),)
    assert not found(material, [drilled(on(5, 3))], passed, runs=run)
    assert "no drill of the 36 hours" in found(material, [], passed)[0]
    failed = (RunSeen("restore_drill", RUN_ID, False, on(5, 3)),)
    assert "last drill before it failed" in found(material, [drilled(on(5, 3), "bad")], passed, runs=failed)[0]


def test_a_drill_run_and_its_entry_must_both_be_there_and_agree(material: Material) -> None:
    good = RunSeen("restore_drill", RUN_ID, True, on(5, 3))
    assert "no drill of it" in found(material, [], runs=(good,))[0]
    assert "Dagster does not know it" in found(material, [drilled(on(5, 3))])[0]
    assert "says otherwise" in found(material, [drilled(on(5, 3), "bad")], runs=(good,))[0]


def test_a_report_without_dagster_says_so(material: Material) -> None:
    assert "without Dagster" in crosscheck(replace(material, dagster=None)).text[0]
    assert crosscheck(replace(material, dagster=DagsterSide())).tables[0].nothing.startswith("Dagster remembers no")
