"""The report of the month: its figures are those of ledger, vault and source, and what went wrong stands in it."""

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from wedsync_dr.audit.document import Page, Section, Table
from wedsync_dr.audit.drills import drills
from wedsync_dr.audit.integrity import integrity
from wedsync_dr.audit.items import ITEMS
from wedsync_dr.audit.keeping import retention
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.period import Period
from wedsync_dr.audit.population import failures
from wedsync_dr.audit.publish import publish
from wedsync_dr.audit.render import csv_file, figures, html
from wedsync_dr.audit.report import report
from wedsync_dr.audit.sign import MANIFEST, PAGE
from wedsync_dr.errors import ObjectExists
from wedsync_dr.model import utc_text
from wedsync_dr.schedule.policy import Policy
from wedsync_dr.schedule.retention import Removal, RetentionPlan, Role
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr_tests import town
from wedsync_dr_tests.audit.conftest import FIRST, MADE, PERIOD, RUN, TOKEN, Month, on


@pytest.fixture(scope="module")
def page(material: Material) -> Page:
    return report(material)


def section(page: Page, name: str) -> Section:
    return next(one for one in page.sections if one.id == name)


def table(page: Page, name: str) -> Table:
    return next(one for one in page.tables if one.name == name)


def column(page: Page, name: str, wanted: str) -> list[object]:
    found = table(page, name)
    place = [one.name for one in found.columns].index(wanted)
    return [row.cells[place] for row in found.rows]


def told(page: Page, name: str) -> dict[bool, list[str]]:
    """What a section found, by whether it is closed."""
    found = section(page, name).deviations
    return {closed: [one.what for one in found if bool(one.closed) is closed] for closed in (True, False)}


def test_the_population_is_every_batch_that_began_in_the_period(page: Page, material: Material) -> None:
    began = [
        one.body["batch"] for one in material.entries if one.event == "batch-started" and one.at >= FIRST.isoformat()
    ]
    assert column(page, "batches", "batch") == began
    assert sum(int(str(count)) for count in column(page, "batches_by_day", "batches")) == len(began)


def test_a_day_without_a_batch_is_an_open_finding(page: Page) -> None:
    (what,) = told(page, "population")[False]
    assert (FIRST + timedelta(days=10)).isoformat() in what


def test_a_failed_batch_is_closed_by_the_next_good_one(page: Page) -> None:
    (what,) = told(page, "failures")[True]
    assert "2 scopes failed" in what
    assert not told(page, "failures")[False]


def test_a_drill_and_a_verification_that_met_damage_are_closed_by_the_next_that_did_not(page: Page) -> None:
    assert "wedding/3" in told(page, "drills")[True][0]
    assert "altered (1) in wedding/3" in told(page, "integrity")[True][0]
    assert not told(page, "drills")[False]


def test_what_came_before_closes_nothing(material: Material) -> None:
    def entry(number: int, event: str, *, good: bool) -> LedgerEntry:
        drilled = {"ok": good, "problems": [] if good else ["bad"]}
        read = {"whole": True, "findings": {} if good else {"altered": 1}, "scopes": [], "checked": 1, "bytes": 1}
        body: dict[str, Any] = drilled if event == "drilled" else read
        return LedgerEntry(number, utc_text(on(number)), event, body, "", "")

    for event, make in (("drilled", drills), ("verified", integrity)):
        before, bad, after = (entry(number, event, good=number != 2) for number in (1, 2, 3))
        assert [one.closed for one in make(replace(material, entries=(before, bad))).deviations if one.evidence] == [""]
        (closed,) = [one for one in make(replace(material, entries=(before, bad, after))).deviations if one.evidence]
        assert closed.closed.startswith(utc_text(on(3))[:10])


def test_a_failed_batch_is_not_closed_by_the_one_before_it(material: Material) -> None:
    def batch(number: int, failed: int) -> list[LedgerEntry]:
        at, name = utc_text(on(number)), {"batch": f"b{number}"}
        return [LedgerEntry(2 * number, at, "batch-started", name, "", ""),
                LedgerEntry(2 * number + 1, at, "batch-finished", name | {"failed": failed}, "", "")]  # fmt: skip

    told = replace(material, entries=(*batch(1, 0), *batch(2, 3)))
    assert [one.closed for one in failures(told).deviations] == [""]
    mended = replace(told, entries=(*told.entries, *batch(3, 0)))
    assert "batch b3" in failures(mended).deviations[0].closed


def test_what_is_kept_too_long_or_was_removed_too_early_is_an_open_finding(material: Material) -> None:
    ref = SnapshotRef(town.wedding(1), f"{on(1):%Y%m%dT%H%M%S}.000000Z-00000001")
    late = RetentionPlan((), (Removal(ref, Role.POINT, "old"),))
    assert "Kept too long: 1 snapshot" in retention(replace(material, overdue=late)).deviations[0].what
    line = {"kind": "wedding", "id": "1", "snapshot_id": ref.snapshot_id}
    for hours, early in ((47, True), (49, False)):
        gone = LedgerEntry(1, utc_text(on(1, hours)), "removed", {"snapshots": [line]}, "", "")
        found = retention(replace(material, entries=(gone,))).deviations
        assert any("before they were 2 d old: 1 snapshot" in one.what for one in found) is early


def test_weeks_without_a_verification_are_an_open_finding(page: Page) -> None:
    assert any("was not verified for" in what for what in told(page, "integrity")[False])


def test_the_day_without_a_batch_shows_in_the_objective_of_the_normal_tier(page: Page) -> None:
    days = dict(zip(column(page, "objectives_by_day", "day"), column(page, "objectives_by_day", "normal"), strict=True))
    kept = {str(day): share for day, share in days.items()}
    assert kept[on(9).date().isoformat()] == pytest.approx(1)
    assert kept[on(10).date().isoformat()] == pytest.approx(2 / 24, abs=0.01)
    assert kept[on(11).date().isoformat()] == pytest.approx(22 / 24, abs=0.01)


def test_the_oldest_that_a_newest_one_became_is_two_days_where_a_night_was_left_out(page: Page) -> None:
    names, name = column(page, "objectives_by_tier", "tier"), "oldest that a newest one became"
    assert dict(zip(names, column(page, "objectives_by_tier", name), strict=True))["normal"] == 48 * 3600


def test_every_restore_stands_with_who_approved_it(page: Page) -> None:
    approvals = dict(zip(column(page, "restores", "scope"), column(page, "restores", "approved by"), strict=True))
    assert "lea approved a restore" in str(approvals["wedding/4"])
    assert "nobody else approved it" in str(approvals["wedding/1"])
    assert column(page, "restores", "Dagster run")[0] == RUN.split()[-1]
    assert column(page, "decisions_without_restore", "event") == ["restore-refused"]


def test_an_event_that_nobody_knows_is_shown_without_what_it_holds(page: Page) -> None:
    assert "token-created" in column(page, "deeds", "event")
    assert column(page, "calls", "times") == [6]


def test_holds_and_removals_stand_with_reason_and_who(page: Page) -> None:
    assert column(page, "holds", "scope") == ["wedding/2"]
    assert column(page, "hold_events", "event") == ["held", "held", "released"]
    assert column(page, "removals", "who") == ["Dagster"] * len(column(page, "removals", "who"))
    assert not told(page, "retention")[False]


def test_every_table_is_covered_or_excepted(page: Page) -> None:
    assert len(column(page, "tables", "table")) == len(town.TABLES)
    assert set(column(page, "tables", "standing")) == {"covered"}


def test_keys_have_an_age(page: Page, material: Material) -> None:
    assert sum(int(str(count)) for count in column(page, "keys", "keys")) == len(material.keys) + 1
    assert min(int(str(days)) for days in column(page, "keys", "oldest, days")) >= 29


def test_each_of_the_twenty_items_stands_in_a_section_that_is_there(page: Page) -> None:
    assert len(ITEMS) == 20
    assert {item[2] for item in ITEMS} <= {one.id for one in page.sections}


def test_open_findings_make_the_verdict(page: Page) -> None:
    assert not page.good
    assert "are open" in page.verdict
    assert len(page.figures) == 5


def test_a_period_of_which_nothing_is_recorded_is_not_well(month: Month) -> None:
    before = Period(FIRST - timedelta(days=60), FIRST - timedelta(days=40))
    empty = report(month.gather(before))
    assert not empty.good
    assert empty.verdict == "Nothing is recorded of this period"


def test_a_source_that_is_down_is_said_and_hides_nothing_else(month: Month) -> None:
    down = replace(month, source=replace(month.source, url="postgresql://nobody@127.0.0.1:1/none"))
    page = report(down.gather())
    assert page.verdict == "Incomplete: a part could not be read"
    assert "SourceUnreachable" in page.reasons[0]
    assert column(page, "verifications", "findings")


def test_every_reference_leads_to_an_entry_whose_digest_is_that_of_its_file(page: Page, month: Month) -> None:
    text = html(page).decode()
    ids, links = set(re.findall(r'id="e(\d+)"', text)), set(re.findall(r'href="#e(\d+)"', text))
    assert links
    assert links == ids
    for row in page.evidence:
        data = (month.home / "vault" / "ledger" / f"{row.cells[0]:012d}.json").read_bytes()
        assert hashlib.sha256(data).hexdigest() == row.cells[3]


def test_every_figure_is_in_a_file_and_in_the_json(page: Page) -> None:
    listed = {one["name"]: one["rows"] for part in figures(page)["sections"] for one in part["tables"]}
    for one in page.tables:
        rows = list(csv.reader(io.StringIO(csv_file(one).decode())))
        assert len(rows) == len(one.rows) + 1
        assert len(listed[one.name]) == len(one.rows)
    assert len({one.name for one in page.tables}) == len(page.tables)
    json.dumps(figures(page))


def test_a_reason_that_a_spreadsheet_would_run_is_text_in_the_file(page: Page) -> None:
    (_, row) = csv.reader(io.StringIO(csv_file(table(page, "holds")).decode()))
    assert "'=1+1" in row


def test_the_folder_has_no_name_of_a_person_and_no_token(month: Month, tmp_path: Path) -> None:
    own = month.copy(tmp_path)
    done = publish(own.archive, own.gather(), tmp_path / "out")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    for secret in (town.SECRET_NAME, "Quackenbush", TOKEN, "client3@example.org", own.archive.signer.secret.hex()):
        assert secret.encode() not in everything
    assert set(done.files) == {path.name for path in (tmp_path / "out").iterdir()}


def test_the_ledger_names_the_manifest_that_was_written(month: Month, tmp_path: Path) -> None:
    own = month.copy(tmp_path)
    done = publish(own.archive, own.gather(), tmp_path / "out")
    entry = list(own.archive.ledger.entries())[done.entry]
    assert entry.event == "reported"
    assert entry.body["manifest"] == hashlib.sha256((tmp_path / "out" / MANIFEST).read_bytes()).hexdigest()
    assert entry.body["period"] == PERIOD.to_json()
    with pytest.raises(ObjectExists):
        publish(own.archive, own.gather(), tmp_path / "out")


def test_a_policy_that_changed_since_the_last_report_is_a_finding(month: Month, tmp_path: Path) -> None:
    own = month.copy(tmp_path)
    publish(own.archive, own.gather(), tmp_path / "out")
    later = own.gather(now=MADE + timedelta(days=1))
    assert not section(report(later), "changes").deviations
    tiers = {tier: replace(one, run_priority=one.run_priority + 1) for tier, one in later.policy.tiers.items()}
    changed = replace(later, policy=Policy(tiers))
    assert "policy changed" in section(report(changed), "changes").deviations[0].what


def test_a_page_asks_for_nothing_and_runs_nothing(page: Page) -> None:
    text = html(page).decode()
    assert not re.search(r"<script|javascript:|\bsrc=|https?://|url\(|@import|<link", text)
    assert PAGE.endswith(".html")
