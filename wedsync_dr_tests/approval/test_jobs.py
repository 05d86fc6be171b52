"""What Dagster's restore jobs do about approvals: refuse, obey the request, or go alone and say why."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from wedsync_dr.approval import deciding, use
from wedsync_dr.approval.standing import Phase
from wedsync_dr.definitions import defs
from wedsync_dr.defs.resources import Protection
from wedsync_dr.model import ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.plan import make_plan
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.restore.terms import Terms
from wedsync_dr.schedule.policy import DEFAULT, Approvals, Policy
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import Settings
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.approval.requests import ANNA, BERT
from wedsync_dr_tests.defs.conftest import failure_of
from wedsync_dr_tests.town import NOW


@dataclass(frozen=True)
class TownsProtection(Protection):
    """The town's source and archive, under a policy that wants two people."""

    there: tuple[Source, Archive] = field(kw_only=True)

    def source(self) -> Source:
        return self.there[0]

    def archive(self) -> Archive:
        return self.there[1]

    def policy(self) -> Policy:
        return Policy(DEFAULT.tiers, Approvals(required=True))


@pytest.fixture
def protection(protected: tuple[Source, Archive]) -> Protection:
    return TownsProtection(lambda: Settings.from_environ({}), lambda: NOW, there=protected)


def run(protection: Protection, job: str, **form: Any) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return defs.resolve_job_def(job).execute_in_process(
            run_config=form, instance=instance, resources={"protection": protection}, raise_on_error=False
        )


def error_of(result: dg.ExecuteInProcessResult) -> tuple[str, str]:
    what, metadata = failure_of(result)
    return str(metadata.get("error", "")), what


def spoiled(protection: Protection, number: int) -> tuple[ScopeId, dict[str, list[str]]]:
    """A wedding whose guests somebody renamed, and everything as it was before."""
    before = town.state(protection.source(), "outbox")
    town.run(protection.source(), f"UPDATE guests SET name = 'wrong' WHERE wedding_id = {number}")
    return town.wedding(number), before


def ask(protection: Protection, wedding: ScopeId) -> str:
    source, archive = protection.source(), protection.archive()
    plan = make_plan(source, archive, resolve(archive, wedding), Terms(Mode.replace))
    asked, lasts = use.asked_now(source, archive, plan), timedelta(hours=1)
    deciding.ask(archive, asked, request_id=f"r{wedding.id}", by=ANNA, reason="wrong", expires=lasts, now=NOW)
    return f"r{wedding.id}"


def test_a_job_does_what_another_person_approved_and_nothing_else(protection: Protection) -> None:
    wedding, before = spoiled(protection, 3)
    form = {"wedding": wedding.id, "plan_only": False, "confirm": wedding.id}
    assert error_of(run(protection, "restore_wedding", mode="replace", **form))[0] == "ApprovalNeeded"
    asked = {"request_id": ask(protection, wedding), "requested_by": "anna"}
    assert error_of(run(protection, "restore_wedding", **form, **asked))[0] == "ApprovalNeeded"
    deciding.approve(protection.archive(), asked["request_id"], by=BERT, now=NOW)
    other = {"wedding": "4", "plan_only": False, "confirm": "4"}
    assert "is not for" in error_of(run(protection, "restore_wedding", **other, **asked))[1]
    assert run(protection, "restore_wedding", **form, **asked).success, "its form says neither mode nor snapshot"
    assert town.state(protection.source(), "outbox") == before
    assert deciding.find(protection.archive(), asked["request_id"]).phase(NOW) is Phase.RESTORED
    assert error_of(run(protection, "restore_wedding", **form, **asked))[0] == "ApprovalStale"


def test_in_an_emergency_one_goes_alone_with_a_reason(protection: Protection) -> None:
    wedding, before = spoiled(protection, 5)
    form = {"id": wedding.id, "mode": "replace", "plan_only": False, "confirm": wedding.id, "requested_by": "anna"}
    assert error_of(run(protection, "emergency_restore", **form))[0] == "ApprovalNeeded"
    assert town.state(protection.source(), "outbox") != before
    result = run(protection, "emergency_restore", **form, reason="nobody else answers the phone")
    assert result.success
    assert town.state(protection.source(), "outbox") == before
    alone = deciding.find(protection.archive(), result.run_id).alone
    assert alone
    assert (alone.by.subject, alone.seen_by) == ("anna", None)
