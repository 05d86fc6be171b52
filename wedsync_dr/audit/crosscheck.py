"""What Dagster says and what the ledger says of the same verifications, drills and runs: a difference is a finding."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from wedsync_dr.audit.document import Deviation, Row, Section, Table, table
from wedsync_dr.audit.events import run_in, within
from wedsync_dr.audit.material import CheckSeen, DagsterSide, Material
from wedsync_dr.audit.period import Period
from wedsync_dr.drill.report import EVENT as DRILLED
from wedsync_dr.drill.standing import NIGHTLY
from wedsync_dr.model import parse_utc, utc_text
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr.verification.record import EVENT as VERIFIED

INTACT, RESTORABLE, DRILL_JOB = "snapshots_intact", "restorable", "restore_drill"
BY_CHECK = f"dagster check {INTACT}"
NEAR = timedelta(hours=6)
"""How long a check may take: its entry in the ledger has the instant at which it began."""
_SLACK = timedelta(seconds=5)


def crosscheck(material: Material) -> Section:
    """The checks' history, and every difference from the ledger."""
    if material.dagster is None:
        alone = "This report was made without Dagster. Launch the job audit_report to compare its records, too."
        return Section("dagster", "What Dagster says and what the ledger says", ("A1.2",), (alone,))
    found = list(differences(material, material.dagster))
    text = (
        "Dagster keeps a history of its own, in another database than the vault. Each evaluation of snapshots_intact "
        "must have a verification in the ledger that says the same, and the reverse; restorable must agree with the "
        "drills; each drill run must have its entry, and each run that the ledger names must be known.",
    )
    tables = (_history(_of_period(material.dagster, material)), _differences(found))
    return Section("dagster", "What Dagster says and what the ledger says", ("A1.2",), text, tables,
                   deviations=tuple(found))  # fmt: skip


def differences(material: Material, side: DagsterSide) -> Iterator[Deviation]:
    """Where the two do not say the same."""
    verified = [one for one in material.entries if one.event == VERIFIED and _by_check(one)]
    evaluated = sorted((one for one in side.checks if one.check == INTACT), key=lambda one: one.at)
    yield from _of_verifications(verified, evaluated, material.period)
    drilled = [one for one in material.entries if one.event == DRILLED]
    yield from _of_restorable(drilled, [one for one in _of_period(side, material) if one.check == RESTORABLE])
    yield from _of_drill_runs(drilled, side, material.period)


def _by_check(entry: LedgerEntry) -> bool:
    return entry.body.get("requested_by") == BY_CHECK


def _of_period(side: DagsterSide, material: Material) -> list[CheckSeen]:
    return [one for one in side.checks if one.at in material.period]


def _of_verifications(
    verified: Sequence[LedgerEntry], evaluated: Sequence[CheckSeen], period: Period
) -> Iterator[Deviation]:
    """Each evaluation takes the newest entry before it that no other has taken; those of the period must have one."""
    left = list(verified)
    for one in evaluated:
        near = [entry for entry in left if -_SLACK <= one.at - parse_utc(entry.at) <= NEAR]
        if not near and one.at in period:
            yield Deviation(f"Dagster has {_evaluation(one)}, and the ledger has no verification of then.")
        if not near:
            continue
        entry = near[-1]
        left.remove(entry)
        if one.passed is bool(entry.body["findings"]) and one.at in period:
            what = f"Dagster has {_evaluation(one)}, and the ledger a verification"
            yield Deviation(
                f"{what} {'with' if entry.body['findings'] else 'without'} findings.", "", (entry.sequence,)
            )
    for entry in within(left, period):
        what = f"The ledger has a verification by {INTACT} of {entry.at[:16]}, and Dagster no evaluation of then."
        yield Deviation(what, "", (entry.sequence,))


def _evaluation(one: CheckSeen) -> str:
    return f"{one.check} {'passed' if one.passed else 'failed'} on {utc_text(one.at)[:16]} (run {one.run_id[:8]})"


def _of_restorable(drilled: Sequence[LedgerEntry], evaluated: Sequence[CheckSeen]) -> Iterator[Deviation]:
    """It passed although the last drill before it failed, or was too long ago."""
    for one in evaluated:
        before = [entry for entry in drilled if parse_utc(entry.at) <= one.at]
        if not one.passed:
            continue
        if not before or one.at - parse_utc(before[-1].at) > NIGHTLY:
            yield Deviation(f"Dagster has {_evaluation(one)}, and the ledger has no drill of the 36 hours before.")
        elif before[-1].body.get("problems"):
            yield Deviation(f"Dagster has {_evaluation(one)}, and the ledger's last drill before it failed.", "",
                            (before[-1].sequence,))  # fmt: skip


def _of_drill_runs(drilled: Sequence[LedgerEntry], side: DagsterSide, period: Period) -> Iterator[Deviation]:
    told = {run: entry for entry in drilled if (run := run_in(entry.body))}
    runs = {one.run_id: one for one in side.runs if one.job == DRILL_JOB}
    for run_id, one in runs.items():
        entry = told.get(run_id)
        if one.ended not in period:
            continue
        if entry is None and one.succeeded:
            yield Deviation(f"Dagster's run {run_id[:8]} of {DRILL_JOB} succeeded, and the ledger has no drill of it.")
        elif entry and one.succeeded is not bool(entry.body.get("ok")):
            yield Deviation(f"Dagster's run {run_id[:8]} of {DRILL_JOB} {'succeeded' if one.succeeded else 'failed'}, "
                            "and the ledger says otherwise.", "", (entry.sequence,))  # fmt: skip
    for entry in within(told.values(), period):
        run_id = run_in(entry.body)
        if run_id not in runs:
            yield Deviation(f"The ledger names run {run_id[:8]} for a drill, and Dagster does not know it.", "",
                            (entry.sequence,))  # fmt: skip


def _history(seen: Sequence[CheckSeen]) -> Table:
    names = sorted({one.check for one in seen})
    rows = []
    for name in names:
        mine = sorted((one for one in seen if one.check == name), key=lambda one: one.at)
        count = Counter(one.passed for one in mine)
        last = "passed" if mine[-1].passed else "failed"
        cells = (name, len(mine), count[True], count[False], last, utc_text(mine[-1].at), mine[-1].run_id)
        rows.append(Row(cells, wrong=last == "failed"))
    columns = (
        "asset check | evaluations:number | passed:number | failed:number | last result | last at:instant | its run:run"
    )
    return table("checks", "The asset checks' history, as Dagster has it", columns, rows,
                 nothing="Dagster remembers no evaluation of this period.")  # fmt: skip


def _differences(found: Sequence[Deviation]) -> Table:
    rows = [Row((one.what,), one.evidence, wrong=True) for one in found]
    return table("differences", "Differences", "what", rows, nothing="The two say the same.")
