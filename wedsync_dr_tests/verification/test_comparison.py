"""Snapshots beside the source: what has moved since, and whether that is older than promised."""

from datetime import timedelta

import pytest

from wedsync_dr.schedule.policy_file import parse_policy
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.comparison import compare_with_source
from wedsync_dr_tests import town


@pytest.mark.parametrize(("rpo", "late"), [("20 h", True), ("30 h", False)])
def test_whether_a_moved_scope_is_late_is_the_policy_s_to_say(
    source: Source, archive: Archive, rpo: str, late: bool
) -> None:
    taken = town.take_all(source, archive).taken[0].taken_at
    town.run(source, "UPDATE guests SET name = 'moved' WHERE wedding_id = 3")
    policy = parse_policy(f'[critical]\nrpo = "{rpo}"\ndays_before = 300\ndays_after = 300\n')
    found = compare_with_source(source, archive, now=taken + timedelta(hours=24), policy=policy)
    assert {moved.scope: moved.late for moved in found.moved}[town.wedding(3)] is late
