"""What destroys rows takes another person in Dagster, where the policy says so; and the way without one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from wedsync_dr.approval import deciding, use
from wedsync_dr.approval.request import Person
from wedsync_dr.approval.standing import Phase
from wedsync_dr.defs.resources import Protection
from wedsync_dr.model import ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.plan import make_plan
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.restore.terms import Terms
from wedsync_dr_tests.defs.conftest import NOW, Operator, failure_of

ANNA, BERT = Person("anna"), Person("bert")


@pytest.fixture
def strict(protected: Operator) -> Operator:
    """An operator whose policy wants two people."""
    path = protected.vault.parent / "policy.toml"
    path.write_text("[approvals]\nrequired = true\n")
    settings = replace(protected.protection.settings(), policy=path)
    protected.protection = Protection(lambda: settings, lambda: NOW)
    return protected


def wrong(operator: Operator) -> ScopeId:
    """The wedding of tomorrow, after somebody renamed its guests."""
    wedding = operator.tomorrow()
    operator.sql("UPDATE guests SET given_name = 'Mallory' WHERE wedding_id = %s", wedding.key)
    return wedding


def ask(operator: Operator, wedding: ScopeId) -> str:
    source, archive = operator.protection.source(), operator.protection.archive()
    plan = make_plan(source, archive, resolve(archive, wedding), Terms(Mode.replace))
    asked = use.asked_now(source, archive, plan)
    how = {"request_id": "r1", "by": ANNA, "reason": "Mallory", "expires": timedelta(hours=1), "now": NOW}
    return deciding.ask(archive, asked, **how).request.id  # type: ignore[arg-type]


def test_a_replace_runs_once_on_another_persons_approval(strict: Operator) -> None:
    before = strict.look(wedding := strict.tomorrow())
    wrong(strict)
    form = {"plan_only": False, "confirm": wedding.id}
    refused = strict.restore(wedding, mode="replace", **form)
    assert failure_of(refused)[1]["error"] == "ApprovalNeeded"
    asked = {"request_id": ask(strict, wedding), "requested_by": "anna"}
    assert failure_of(strict.restore(wedding, **form, **asked))[1]["error"] == "ApprovalNeeded"
    deciding.approve(strict.protection.archive(), "r1", by=BERT, now=NOW)
    other = strict.weddings(1)[0]
    if other != wedding.id:
        assert (
            "is not for"
            in failure_of(strict.restore(replace(wedding, id=other), **form | {"confirm": other}, **asked))[0]
        )
    assert strict.restore(wedding, **form, **asked).success
    assert strict.look(wedding).scope_hash == before.scope_hash
    assert deciding.find(strict.protection.archive(), "r1").phase(NOW) is Phase.RESTORED
    assert failure_of(strict.restore(wedding, **form, **asked))[1]["error"] == "ApprovalStale"


def test_in_an_emergency_one_goes_alone_with_a_reason(strict: Operator) -> None:
    before = strict.look(wedding := strict.tomorrow())
    wrong(strict)
    form = {"id": wedding.id, "mode": "replace", "plan_only": False, "confirm": wedding.id, "requested_by": "anna"}
    assert failure_of(strict.run("emergency_restore", form))[1]["error"] == "ApprovalNeeded"
    result = strict.run("emergency_restore", form | {"reason": "nobody else answers the phone"})
    assert result.success
    assert strict.look(wedding).scope_hash == before.scope_hash
    alone = deciding.find(strict.protection.archive(), result.run_id).alone
    assert alone and (alone.by, alone.seen_by) == (ANNA, None)
