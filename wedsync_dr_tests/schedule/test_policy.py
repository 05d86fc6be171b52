"""The policy file: what it changes, what it leaves, and what it may not say."""

from datetime import timedelta
from pathlib import Path

import pytest

from wedsync_dr.errors import PolicyInvalid
from wedsync_dr.model import Tier
from wedsync_dr.schedule.policy import DEFAULT, Approvals, Priority, Retention
from wedsync_dr.schedule.policy_file import load_policy, parse_policy

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def test_without_a_file_the_built_in_numbers_hold() -> None:
    assert load_policy(None) is DEFAULT
    assert parse_policy("") == DEFAULT


def test_a_file_changes_what_it_names_and_nothing_else() -> None:
    policy = parse_policy('[imminent]\nrpo = "20 min"\ndays_before = 10\npriority = "NORMAL"\n')
    changed, before = policy.of(Tier.IMMINENT), DEFAULT.of(Tier.IMMINENT)
    assert (changed.rpo, changed.days_before, changed.priority) == (timedelta(minutes=20), 10, Priority.NORMAL)
    assert (changed.rto, changed.cadence, changed.run_priority) == (before.rto, before.cadence, before.run_priority)
    assert policy.of(Tier.DAY_OF) == DEFAULT.of(Tier.DAY_OF)
    assert (policy.tier_in(10), DEFAULT.tier_in(10)) == (Tier.IMMINENT, Tier.CRITICAL)


def test_two_people_are_binding_where_the_file_says_so() -> None:
    assert not DEFAULT.approvals.required
    found = parse_policy('[approvals]\nrequired = true\nemergency_expires = "5 min"\n').approvals
    assert found == Approvals(True, timedelta(hours=24), timedelta(minutes=5))
    with pytest.raises(PolicyInvalid, match="neither"):
        parse_policy('[approvals]\nrequired = "yes"\n')


def test_retention_is_one_for_all_tiers_unless_a_tier_has_its_own() -> None:
    policy = parse_policy(
        '[retention]\nyearly = 3\npersonal = "2 y"\n[settled.retention]\nhourly = "1 d"\nyearly = 9\n'
    )
    common = Retention(yearly=3, personal=timedelta(days=732))
    assert policy.of(Tier.DAY_OF).retention == common
    assert policy.of(Tier.SETTLED).retention == Retention(
        hourly=timedelta(days=1), yearly=9, personal=timedelta(days=732)
    )


def test_a_rule_of_retention_may_reach_back_to_nothing() -> None:
    none = parse_policy('[retention]\nevery = "0 h"\nhourly = "0 d"\ndaily = "0 d"\nyearly = 0\n').of(None).retention
    assert (none.every, none.hourly, none.daily, none.yearly) == (timedelta(), timedelta(), timedelta(), 0)


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("[day_of", "not TOML", "Mend"),
        ("[dayof]", "'dayof'", "'day_of'"),
        ('[day_of]\nrpoo = "5 min"', "'rpoo'", "'rpo'"),
        ("[normal]\ndays_before = 90", "'days_before'", "Known are"),
        ("[retention]\nweakly = 3", "'weakly'", "'weekly'"),
        ("[normal.retention]\nweakly = 3", "[normal.retention]", "'weekly'"),
        ("day_of = 5", "day_of is not a table", "[day_of]"),
        ('[day_of]\nrpo = "5 minutes"', "[day_of] rpo", '"15 min"'),
        ("[day_of]\nrpo = 5", "[day_of] rpo", '"15 min"'),
        ('[day_of]\nrpo = "0 min"', "[day_of] rpo", '"15 min"'),
        ('[day_of]\nrpo = "2 min"', "looked at less often", "cadence"),
        ("[day_of]\nrun_priority = true", "run_priority", "Write"),
        ("[day_of]\ndays_before = -1", "days_before", "0 or more"),
        ('[normal]\npriority = "CRITICL"', "not a priority", "'CRITICAL'"),
        ('[retention]\npersonal = "0 d"', "personal", '"15 min"'),
        ("[retention]\nminimum = 0", "minimum", "1 or more"),
        ("[imminent]\ndays_before = 30", "[critical] reaches no further", "larger days_before"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(text: str, what: str, remedy: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(text)
    assert what in str(refused.value)
    assert remedy in refused.value.remedy


def test_a_policy_file_that_is_not_there_or_no_text_is_an_error_and_never_the_default(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match=r"policy\.toml cannot be read"):
        load_policy(tmp_path / "policy.toml")
    (tmp_path / "policy.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyInvalid, match="not UTF-8"):
        load_policy(tmp_path / "policy.toml")


def test_the_runbook_s_example_is_a_policy_and_its_table_is_the_default() -> None:
    section = RUNBOOK.read_text(encoding="utf-8").split("### WEDSYNC_POLICY", 1)[1].split("\n### ", 1)[0]
    policy = parse_policy(section.split("```toml\n", 1)[1].split("```", 1)[0])
    assert policy.of(Tier.SETTLED).retention == Retention(hourly=timedelta(days=2))
    assert policy.of(Tier.DAY_OF) == DEFAULT.of(Tier.DAY_OF)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| `")]
    for tier, before, after, rpo, rto, cadence, run_priority, priority in rows:
        name = tier.strip("`")
        window = [f"days_before = {before}", f"days_after = {after}"] if before.isdigit() else []
        lines = [f'rpo = "{rpo}"', f'rto = "{rto}"', f'cadence = "{cadence}"', f"run_priority = {run_priority}"]
        said = parse_policy("\n".join([f"[{name}]", *lines, f'priority = "{priority}"', *window]))
        assert said == DEFAULT, name
    assert [row[0].strip("`") for row in rows] == [tier.value for tier in DEFAULT.tiers]
