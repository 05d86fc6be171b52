"""Listing the snapshots that exist."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import EVERY, close_matches, example, json_option, some_scopes, the_scopes
from wedsync_dr.cli.output import age, note, print_json, print_table, say, size
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.errors import Damaged, FormatUnsupported, ObjectMissing
from wedsync_dr.model import Kind, Manifest, Progress, ScopeId, utc_text
from wedsync_dr.restore.resolve import none_of
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef


@click.command(epilog=example("wedsync-dr snapshots --wedding 6f1c7e42-…"))
@some_scopes
@json_option
def snapshots(wedding: tuple[str, ...], vendor: tuple[str, ...], platform: tuple[str, ...], as_json: bool) -> int:
    """List the snapshots in the vault, newest first: of the scopes that the options name, or of all.

    Listing reads manifests only. `wedsync-dr verify` says whether what they describe is intact.
    """
    archive = at_hand.archive()
    refs = list(_refs(archive, the_scopes(wedding, vendor, platform), EVERY in platform))
    with shown_progress() as progress:
        listed = list(_manifests(archive, refs, progress))
    listed.sort(key=lambda pair: (pair[0].taken_at, pair[0].scope), reverse=True)
    state = archive.ledger.known()
    readable = [manifest for _, manifest in listed if isinstance(manifest, Manifest)]
    damaged = [ref for ref, manifest in listed if manifest is None]
    if as_json:
        print_json(
            {
                "snapshots": [_manifest_json(m, state) for m in readable],
                "unreadable": [_ref_json(ref) for ref in damaged],
            }
        )
    else:
        _print_manifests(readable, state, at_hand.now())
        for ref in damaged:
            note(f"unreadable: {ref.scope} {ref.snapshot_id}; `wedsync-dr verify` says why")
    return exits.DONE


def _refs(archive: Archive, scopes: list[ScopeId], every_table: bool) -> Iterator[SnapshotRef]:
    if not scopes and not every_table:
        yield from archive.vault.snapshots()
    if every_table:
        yield from archive.vault.snapshots(kind=Kind.PLATFORM)
    for scope in scopes:
        with close_matches(scope, at_hand.known_scopes(archive)):
            yield from _refs_of(archive, scope)


def _refs_of(archive: Archive, scope: ScopeId) -> list[SnapshotRef]:
    found = list(archive.vault.snapshots(scope=scope))
    if not found:
        raise none_of(archive, scope)
    return found


def _manifests(
    archive: Archive, refs: list[SnapshotRef], progress: Progress
) -> Iterator[tuple[SnapshotRef, Manifest | None]]:
    for done, ref in enumerate(refs):
        progress("reading manifests", done, len(refs))
        try:
            yield ref, archive.vault.manifest(ref.scope, ref.snapshot_id, archive.verifier)
        except (Damaged, ObjectMissing, FormatUnsupported):
            yield ref, None


def _ref_json(ref: SnapshotRef) -> dict[str, Any]:
    return {"kind": ref.scope.kind.value, "scope_id": ref.scope.id, "snapshot_id": ref.snapshot_id}


def _manifest_json(manifest: Manifest, state: LedgerState) -> dict[str, Any]:
    return {
        "kind": manifest.scope.kind.value,
        "scope_id": manifest.scope.id,
        "snapshot_id": manifest.snapshot_id,
        "taken_at": utc_text(manifest.taken_at),
        "lsn": manifest.lsn,
        "tier": manifest.tier.value if manifest.tier else None,
        "bytes": manifest.bytes,
        "rows": manifest.rows,
        "safety": state.is_safety(manifest.scope, manifest.snapshot_id),
    }


def _print_manifests(manifests: list[Manifest], state: LedgerState, now: datetime) -> None:
    if not manifests:
        say("No snapshots. `wedsync-dr snapshot --all` takes them.")
        return
    if len({manifest.scope for manifest in manifests}) == 1:
        say(f"{manifests[0].scope}")
        print_table(_COLUMNS[:-1], [_row(manifest, state, now)[:-1] for manifest in manifests], numbers=_NUMBERS)
    else:
        print_table(_COLUMNS, [_row(manifest, state, now) for manifest in manifests], numbers=_NUMBERS)


_COLUMNS = ("taken at", "age", "tier", "rows", "bytes", "", "id", "scope")
_NUMBERS = ("age", "rows", "bytes")


def _row(manifest: Manifest, state: LedgerState, now: datetime) -> tuple[object, ...]:
    taken, tier = manifest.taken_at, manifest.tier or ""
    counts = f"{manifest.rows:,}", size(manifest.bytes)
    safety = "safety" if state.is_safety(manifest.scope, manifest.snapshot_id) else ""
    return utc_text(taken), age(now - taken), tier, *counts, safety, manifest.snapshot_id, manifest.scope
