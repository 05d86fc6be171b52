"""The auditors' report as Dagster makes it: what Dagster remembers stands beside what the ledger says."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from wedsync_dr.audit.crosscheck import BY_CHECK
from wedsync_dr.definitions import defs
from wedsync_dr.defs import reports
from wedsync_dr.defs.resources import Protection, clock
from wedsync_dr.verification.record import verify_on_record
from wedsync_dr_tests.defs.conftest import Operator, failure_of


def _report(operator: Operator, out: Path, **form: object) -> dg.ExecuteInProcessResult:
    today = clock().date().isoformat()
    form = {"first": today, "last": today, "out": str(out), **form}
    return operator.run("audit_report", {"ops": {"write_report": {"config": form}}})


def _of(out: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a table of the report."""
    parts = json.loads((out / "figures.json").read_text())["sections"]
    return next(table["rows"] for part in parts for table in part["tables"] if table["name"] == name)


def test_a_report_has_the_checks_history_and_every_difference_from_the_ledger(
    protected: Operator, tmp_path: Path
) -> None:
    protected.protection = Protection(protected.protection.settings)
    protected.run("evidence")
    verify_on_record(protected.protection.archive(), now=clock(), requested_by=BY_CHECK)
    done = _report(protected, tmp_path / "out")
    assert done.success
    assert {"snapshots_intact", "restorable"} <= {row["asset check"] for row in _of(tmp_path / "out", "checks")}
    (row,) = _of(tmp_path / "out", "differences")
    assert "Dagster no evaluation" in row["what"], "the run's own verification has its evaluation"
    (seen,) = [event for event in done.all_events if event.event_type is dg.DagsterEventType.ASSET_OBSERVATION]
    assert str(tmp_path / "out") in str(seen.event_specific_data)


def test_a_day_that_is_none_is_refused_with_the_next_step(protected: Operator, tmp_path: Path) -> None:
    result = _report(protected, tmp_path / "out", first="soon")
    assert not result.success
    assert "not a day" in failure_of(result)[0]
    assert not (tmp_path / "out").exists()


def test_the_history_of_every_check_is_in_the_report() -> None:
    assert set(reports.KEYS) == set(defs.resolve_asset_graph().asset_check_keys)


def test_the_report_of_the_month_before_is_made_on_the_first() -> None:
    assert reports.monthly.cron_schedule == "0 4 1 * *"
    assert reports.monthly.default_status is dg.DefaultScheduleStatus.RUNNING
    assert all(field.description for field in reports.ReportForm.model_fields.values())
