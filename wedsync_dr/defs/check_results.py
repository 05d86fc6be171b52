"""How a check says what failed: a table that names the scope, what is wrong and what to do."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from wedsync_dr.defs.failures import Problem, problem_table
from wedsync_dr.defs.standing import Standing, is_urgent
from wedsync_dr.model import Finding, Kind, ScopeId, Tier
from wedsync_dr.restore.drifted import MEANS, Drifted
from wedsync_dr.restore.mapping import Fit


def result(
    problems: Sequence[Problem],
    figures: Mapping[str, int],
    tiers: Mapping[ScopeId, Tier | None] | None = None,
    *,
    urgent: bool | None = None,
) -> dg.AssetCheckResult:
    """Red with a table; a warning only where each failed scope is known to be of a tier that can wait, or where the
    caller says that it is not `urgent`."""
    known = tiers or {}
    if urgent is None:
        urgent = any(scope is None or is_urgent(known.get(scope)) for scope, _, _ in problems)
    metadata: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.int(figure) for name, figure in figures.items()}
    return dg.AssetCheckResult(
        passed=not problems,
        severity=dg.AssetCheckSeverity.ERROR if urgent else dg.AssetCheckSeverity.WARN,
        description=f"{len(problems)} problem(s), listed in `failures`." if problems else "As it should be.",
        metadata=metadata | ({"failures": problem_table(problems)} if problems else {}),
    )


def of_finding(finding: Finding) -> Problem:
    """A finding of verification; the runbook has a heading for its code."""
    place = f" (snapshot {finding.snapshot_id})" if finding.snapshot_id else ""
    what = f"{finding.code.value}: {finding.detail}{place}"
    remedy = f"docs/runbook.md, `{finding.code.value}`. Until then restores use the newest intact snapshot."
    return finding.scope, what, remedy


def of_drift(drifted: Drifted) -> Iterator[Problem]:
    """What is not as it was when the newest snapshots were taken, with what restores do about it."""
    if not drifted.compared:
        yield None, "The vault has no snapshot to compare with.", "Launch snapshot_wave with everything: true."
    for table in drifted.tables:
        if table.after is None:
            yield None, f"{table.before} is gone.", MEANS[Fit.DROPPED]
        elif table.after != table.before:
            yield None, f"{table.before} is called {table.after}.", MEANS[Fit.SAME]
    for table, column in drifted.columns():
        before, after = column.before or ("", ""), column.after or ("", "")
        name = f"{table.before}.{before[0] or after[0]}"
        why = f"{column.fit.value}: {column.why}" if column.why else f"is called {after[0]}"
        yield None, f"{name} {why}", MEANS[column.fit]


def gaps(seen: Standing) -> Iterator[Problem]:
    """What has no snapshot. What had one and has vanished is `weddings_vanished`'s to name."""
    if not any(scope.kind is Kind.WEDDING for scope in seen.present):
        yield None, "The source has no wedding at all.", "Check WEDSYNC_SOURCE_URL, and [roots] in the rules."
    if not seen.held:
        yield None, "The vault has no snapshot at all.", "Check WEDSYNC_VAULT_URL; else launch snapshot_wave."
    for scope in seen.unprotected():
        yield scope, "Has no snapshot.", "Materialize its partition, or launch snapshot_wave with everything: true."
