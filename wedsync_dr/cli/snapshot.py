"""Taking snapshots."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import EVERY, example, json_option, some_scopes, the_scopes, with_close_matches
from wedsync_dr.cli.output import counted, note, print_json, print_table, say, size, took
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.errors import ScopeNotFound
from wedsync_dr.model import Kind, ScopeId, utc_text
from wedsync_dr.schedule.policy import URGENCY
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.batch import UNCHANGED, Batch, Failed, Taken
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive

_SHOWN = 20  # of a long batch, what a person reads


@click.command(epilog=example("wedsync-dr snapshot --wedding 6f1c7e42-… --vendor 0b5d…"))
@some_scopes
@click.option("--all", "everything", is_flag=True, help="Every wedding, every vendor, every platform table.")
@click.option("--changed", is_flag=True, help="Only what has changed: of the named scopes, else of all.")
@click.option(
    "--within-days",
    type=click.IntRange(0),
    metavar="N",
    help="With --changed: weddings of the next N days, and vendors.",
)
@json_option
def snapshot(
    wedding: tuple[str, ...],
    vendor: tuple[str, ...],
    platform: tuple[str, ...],
    everything: bool,
    changed: bool,
    within_days: int | None,
    as_json: bool,
) -> int:
    """Take snapshots of what the options name, all at one instant of the source.

    A scope whose rows have not changed is not stored again; the ledger records that its newest snapshot is still
    current. A scope that fails stops no other; the exit code is then 3.

    --changed does not even read the scopes whose fingerprints prove their newest snapshots current. --all reads
    everything, and reports changes that the fingerprints missed; the exit code is then 3, too.
    """
    named = the_scopes(wedding, vendor, platform)
    some = bool(named or platform)
    _check_usage(some, everything, changed, within_days)
    source, archive = at_hand.source(), at_hand.archive()
    if EVERY in platform:
        named += [scope for scope in _scopes_of(source) if scope.kind is Kind.PLATFORM and scope not in named]
    with shown_progress() as progress:
        batch = take(
            source,
            archive,
            named if some else None,
            now=at_hand.now(),
            requested_by=at_hand.requested_by(),
            progress=progress,
            policy=at_hand.policy(),
            changed_only=changed,
            within_days=within_days,
        )
    batch = _hinted(source, archive, batch)
    print_json(_batch_json(batch)) if as_json else _print_batch(batch)
    code = exits.joint_exit_code([failed.error for failed in batch.failed], succeeded=len(batch.taken))
    return exits.SOME_FAILED if batch.untrusted else code


def _check_usage(named: bool, everything: bool, changed: bool, within_days: int | None) -> None:
    if everything and (named or changed):
        raise click.UsageError("--all reads every scope: neither name scopes nor say --changed with it.")
    if not (everything or named or changed):
        raise click.UsageError(
            "Name scopes (--wedding ID, --vendor ID, --platform [TABLE]), or say --all or --changed."
        )
    if within_days is not None and (named or not changed):
        raise click.UsageError("--within-days chooses scopes itself: say it with --changed alone.")


def _scopes_of(source: Source) -> list[ScopeId]:
    with survey(source) as seen:
        return [info.scope for info in discover(seen.reader, seen.catalog, seen.ownership)]


def _hinted(source: Source, archive: Archive, batch: Batch) -> Batch:
    """Scopes that were not found get the ids that look like theirs."""
    if not any(isinstance(failed.error, ScopeNotFound) for failed in batch.failed):
        return batch
    known = {*_scopes_of(source), *(ref.scope for ref in archive.vault.snapshots())}
    return replace(batch, failed=tuple(_hinted_one(failed, known) for failed in batch.failed))


def _hinted_one(failed: Failed, known: Iterable[ScopeId]) -> Failed:
    if not isinstance(failed.error, ScopeNotFound):
        return failed
    return Failed(failed.scope, with_close_matches(failed.error, failed.scope, known))


def _batch_json(batch: Batch) -> dict[str, Any]:
    return {
        "snapshots": [_taken_json(taken) for taken in batch.taken if taken.status != UNCHANGED],
        "unchanged": batch.unchanged,
        "untrusted": [{"kind": scope.kind.value, "scope_id": scope.id} for scope in batch.untrusted],
        "notes": list(batch.notes),
        "failed": [_failed_json(failed) for failed in batch.failed],
        "seconds": round(batch.seconds, 3),
    }


def _failed_json(failed: Failed) -> dict[str, str]:
    return {
        "kind": failed.scope.kind.value,
        "scope_id": failed.scope.id,
        "error": str(failed.error),
        "code": type(failed.error).__name__,
        "remedy": failed.error.remedy,
    }


def _taken_json(taken: Taken) -> dict[str, Any]:
    return {
        "kind": taken.scope.kind.value,
        "scope_id": taken.scope.id,
        "snapshot_id": taken.snapshot_id,
        "taken_at": utc_text(taken.taken_at),
        "lsn": taken.lsn,
        "bytes": taken.bytes,
        "rows": taken.rows,
        "status": taken.status,
    }


def _urgency(taken: Taken) -> tuple[int, ScopeId]:
    return URGENCY.index(taken.tier) if taken.tier else len(URGENCY), taken.scope


def _print_batch(batch: Batch) -> None:
    stored = sorted((taken for taken in batch.taken if taken.status == "stored"), key=_urgency)
    if stored:
        rows = [(t.scope, t.tier or "", f"{t.rows:,}", size(t.bytes), t.snapshot_id) for t in stored[:_SHOWN]]
        print_table(("scope", "tier", "rows", "bytes", "snapshot"), rows, numbers=("rows", "bytes"))
    if len(stored) > _SHOWN:
        say(f"… and {len(stored) - _SHOWN:,} more; `wedsync-dr snapshots` lists them.")
    for failed in batch.failed:
        note(f"failed: {failed.scope}: {failed.error}")
        note(f"what to do: {failed.error.remedy}")
    for remark in batch.notes:
        note(remark)
    for scope in batch.untrusted:
        note(f"error: the rows of {scope} had changed and its fingerprint had not; its snapshot is stored now")
    total = sum(taken.bytes for taken in stored)
    unread = f" ({batch.unchanged:,} proven unchanged)" if batch.unchanged else ""
    say(
        f"{counted(len(stored), 'snapshot')} stored ({size(total)}), "
        f"{len(batch.taken) - len(stored):,} still current{unread}, "
        f"{len(batch.failed):,} failed, in {took(batch.seconds)}"
    )
