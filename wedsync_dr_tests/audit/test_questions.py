"""One page each: every restore, whether a wedding could be restored on a day, whether it is erased."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from wedsync_dr.audit.document import Page
from wedsync_dr.audit.material import KeyFact, Material
from wedsync_dr.audit.period import Period
from wedsync_dr.audit.questions import erasure_page, restores_page
from wedsync_dr.audit.recoverable import clean, point_at, recoverable_page
from wedsync_dr.audit.render import html, text
from wedsync_dr.model import Finding, FindingCode, ScopeId, utc_text
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr_tests import town
from wedsync_dr_tests.audit.conftest import FIRST, on


def entry(number: int, event: str, at: str, body: Mapping[str, object]) -> LedgerEntry:
    return LedgerEntry(number, at, event, dict(body), "", "")


def verified(number: int, at: str, *scopes: ScopeId) -> LedgerEntry:
    findings = {"altered": len(scopes)} if scopes else {}
    body = {"whole": True, "findings": findings, "scopes": [str(one) for one in scopes], "checked": 3, "bytes": 9}
    return entry(number, "verified", at, body)


def cell(page: Page, name: str, what: str) -> object:
    rows = next(one for one in page.tables if one.name == name).rows
    return next(row.cells[1] for row in rows if row.cells[0] == what)


def test_the_restores_of_a_period_are_on_one_page_and_one_without_approval_is_not_well(material: Material) -> None:
    page = restores_page(material)
    assert page.verdict == "2 restores, 1 of them without an approval by somebody else"
    assert not page.good
    assert b"lea approved a restore" in html(page)
    quiet = restores_page(replace(material, period=Period(FIRST, FIRST)))
    assert quiet.good
    assert "Nothing was restored" in quiet.verdict


def test_a_wedding_that_a_drill_restored_could_be_restored(material: Material) -> None:
    page = recoverable_page(material, town.wedding(3), on(7).date())
    assert page.verdict.startswith("Doubtful"), "a flipped bit was found the day before, and mended"
    drilled = next(
        line for line in _drilled(material) if line["newest"] and line["kind"] == "wedding" and line["scope_id"] != "3"
    )
    other = recoverable_page(material, town.wedding(int(str(drilled["scope_id"]))), on(8).date())
    assert other.verdict.startswith("Yes: a drill restored")
    assert other.good


def _drilled(material: Material) -> list[dict[str, object]]:
    return [line for one in material.entries if one.event == "drilled" for line in one.body["results"]]


def test_before_its_first_snapshot_nothing_could_be_restored(material: Material) -> None:
    page = recoverable_page(material, town.wedding(3), FIRST - timedelta(days=9))
    assert page.verdict == "No: there was no recovery point"


@pytest.mark.parametrize(
    ("readings", "begin"),
    [
        ([], "Not proven"),
        ([verified(9, utc_text(on(40)))], "Yes: the recovery point was there"),
        ([verified(9, utc_text(on(40)), town.wedding(1))], "No: what was sealed"),
        ([verified(9, utc_text(on(40)), town.wedding(2))], "Yes"),
        ([verified(8, utc_text(on(0, 1))), verified(9, utc_text(on(40)), town.wedding(1))], "Doubtful"),
    ],
)
def test_the_verdict_follows_who_read_the_recovery_point(
    material: Material, readings: list[LedgerEntry], begin: str
) -> None:
    page = recoverable_page(replace(material, entries=(_named(0), *readings)), town.wedding(1), on(1).date())
    assert page.verdict.startswith(begin)


def _named(number: int) -> LedgerEntry:
    lines = [{"kind": "wedding", "id": "1", "snapshot_id": "20261101T000000.000000Z-00000001", "manifest": ""}]
    body = {"batch": "b", "taken_at": utc_text(on(0)), "stored": lines, "current": []}
    return entry(number, "snapshots", utc_text(on(0)), body)


def test_a_reading_with_more_findings_than_it_names_proves_nothing() -> None:
    many = verified(1, "", *(town.wedding(number) for number in range(2, 102)))
    assert not clean(many, town.wedding(1))
    assert clean(verified(1, "", town.wedding(2)), town.wedding(1))


def test_what_was_removed_by_then_was_no_recovery_point_and_what_went_later_was() -> None:
    line = {"kind": "wedding", "id": "1", "snapshot_id": "20261101T000000.000000Z-00000001"}
    gone = entry(5, "removed", utc_text(on(3)), {"snapshots": [line]})
    assert point_at([_named(0), gone], town.wedding(1), utc_text(on(4))) is None
    point = point_at([_named(0), gone], town.wedding(1), utc_text(on(2)))
    assert point and point.removed == utc_text(on(3))


def test_where_the_ledger_is_not_whole_no_answer_is_good(material: Material) -> None:
    quiet = replace(material, period=Period(FIRST, FIRST))
    torn = replace(quiet, chain=(Finding(FindingCode.LEDGER_BROKEN, "Entry 7 is missing."),))
    assert restores_page(quiet).good
    assert not restores_page(torn).good
    assert "Entry 7 is missing." in "".join(text(restores_page(torn)))


def test_an_erasure_that_did_not_happen_is_not_proven(material: Material) -> None:
    page = erasure_page(material, town.wedding(3))
    assert page.verdict == "Not erased: no erasure of it is in the ledger"
    assert cell(page, "erasure", "in the source now") == "yes"
    assert "legal hold: none" in "\n".join(text(page))


def test_an_erasure_is_proven_by_the_ledger_and_by_keys_that_are_gone(material: Material) -> None:
    scope = town.wedding(3)
    erased = entry(10**6, "erased", utc_text(on(20)), {"kind": "wedding", "id": "3", "by": "anna"})
    with_key = replace(material, entries=(*material.entries, erased))
    assert "still has keys" in erasure_page(with_key, scope).verdict
    keys = tuple(KeyFact(one.scope, one.key_id, None) if one.scope == scope else one for one in material.keys)
    assert erasure_page(replace(with_key, keys=keys), scope).good
