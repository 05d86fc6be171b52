"""What changed in a scope since an instant, or between two, field by field."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import (
    InstantType,
    as_of_option,
    close_matches,
    example,
    json_option,
    one_scope,
    table_names,
    tables_option,
    the_scope,
)
from wedsync_dr.cli.output import note, print_json, print_table, say
from wedsync_dr.cli.plan import print_plan, row_named
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.model import Manifest, ScopeId, utc_text
from wedsync_dr.restore.changes import ADDED, CHANGED, REMOVED, RowChange, between, since
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.resolve import RecoveryPoint, resolve
from wedsync_dr.restore.run import restore
from wedsync_dr.vault.archive import Archive

_SHOWN = 200  # changed rows that a person reads


@click.command(epilog=example("wedsync-dr diff --wedding 6f1c7e42-… --as-of 2026-11-24T08:30:00Z --tables guests"))
@one_scope
@as_of_option
@click.option("--to", type=InstantType(), metavar="T", help="Up to this instant, from the vault alone; else up to now.")
@tables_option
@click.option("--values", is_flag=True, help="Show what stood in the fields before and after, not only which differ.")
@json_option
def diff(
    wedding: str | None,
    vendor: str | None,
    platform: str | None,
    as_of: datetime | None,
    to: datetime | None,
    tables: tuple[str, ...],
    values: bool,
    as_json: bool,
) -> int:
    """Show field by field how the rows of one scope changed since its newest recovery point at or before --as-of.

    Rows are named by their keys, with the columns that differ; --values shows the values too. Without --to the rows are
    compared with the database as it is, and the plan is the one of a restore with --mode replace. Nothing is changed.
    """
    if as_of and to and to < as_of:
        raise click.UsageError("--to is before --as-of; name the earlier instant with --as-of.")
    scope, archive = the_scope(wedding, vendor, platform), at_hand.archive()
    with close_matches(scope, at_hand.known_scopes(archive)):
        if to:
            return _between(archive, scope, as_of, to, table_names(tables), values=values, as_json=as_json)
        return _since(archive, scope, as_of, table_names(tables), values=values, as_json=as_json)


def _since(
    archive: Archive, scope: ScopeId, as_of: datetime | None, tables: Sequence[str], *, values: bool, as_json: bool
) -> int:
    with shown_progress() as progress:
        plan = restore(
            at_hand.source(),
            archive,
            scope,
            as_of=as_of,
            mode=Mode.replace,
            tables=tables,
            now=at_hand.now(),
            requested_by=at_hand.requested_by(),
            progress=progress,
        ).plan
    changes = list(since(plan.changes, plan.live))
    if as_json:
        print_json(plan.to_json() | {"changes": _changes(changes, values=values)})
        return exits.DONE
    print_plan(plan)
    _print_changes(changes, values=values)
    say("Nothing was changed; a restore with --mode replace would turn this back.")
    return exits.DONE


def _between(
    archive: Archive,
    scope: ScopeId,
    as_of: datetime | None,
    to: datetime,
    tables: Sequence[str],
    *,
    values: bool,
    as_json: bool,
) -> int:
    if as_of is None:
        raise click.UsageError("--to needs --as-of: the instant to begin with.")
    points = [resolve(archive, scope, moment) for moment in (as_of, to)]
    for point in points:
        _refused(point)
    before, after = (point.snapshot(archive) for point in points)
    changes = list(between(before, after, tables))
    counts: dict[str, Counter[str]] = {}
    for change in changes:
        counts.setdefault(str(change.head.table), Counter())[change.what] += 1
    if as_json:
        ends = {"from": _end(before.manifest), "to": _end(after.manifest)}
        listed = [{"table": table} | {what: count[what] for what in _WHAT} for table, count in counts.items()]
        shown = {"scope": {"kind": scope.kind.value, "scope_id": scope.id}} | ends
        print_json(shown | {"tables": listed, "changes": _changes(changes, values=values)})
        return exits.DONE
    say(f"{scope} from {utc_text(before.manifest.taken_at)} to {utc_text(after.manifest.taken_at)}")
    print_table(("table", *_WHAT), [(t, *(c[what] for what in _WHAT)) for t, c in counts.items()], numbers=_WHAT)
    _print_changes(changes, values=values)
    return exits.DONE


_WHAT = (ADDED, REMOVED, CHANGED)


def _refused(point: RecoveryPoint) -> None:
    for snapshot_id, findings in point.refused:
        note(f"refused: {snapshot_id} is damaged ({findings[0].code.value}); using an older one")


def _end(manifest: Manifest) -> dict[str, str]:
    return {"snapshot_id": manifest.snapshot_id, "taken_at": utc_text(manifest.taken_at)}


def _changes(changes: Sequence[RowChange], *, values: bool) -> list[dict[str, Any]]:
    return [change.to_json(values=values) for change in changes]


def _print_changes(changes: Sequence[RowChange], *, values: bool) -> None:
    for change in changes[:_SHOWN]:
        for line in _lines(change.to_json(values=values)):
            say(line)
    if len(changes) > _SHOWN:
        say(f"and {len(changes) - _SHOWN:,} more rows; --json lists all")


def _lines(change: Mapping[str, Any]) -> Iterator[str]:
    columns = f": {', '.join(change['columns'])}" if change["columns"] else ""
    yield f"{change['change']} {row_named(change['table'], change['key'])}{columns}"
    for column, (before, after) in change.get("values", {}).items():
        yield f"  {column}: {_shown(before)} → {_shown(after)}"


def _shown(value: str | None) -> str:
    return "∅" if value is None else value
