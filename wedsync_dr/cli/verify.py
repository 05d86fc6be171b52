"""Verification on the command line."""

import time
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import EVERY, example, json_option, some_scopes, the_scopes
from wedsync_dr.cli.output import counted, print_json, print_table, say, size, took
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.model import Finding, Kind
from wedsync_dr.verification.record import verify_on_record
from wedsync_dr.verification.verify import Verification


@click.command(epilog=example("wedsync-dr verify --wedding 6f1c7e42-… --json"))
@some_scopes
@json_option
def verify(wedding: tuple[str, ...], vendor: tuple[str, ...], platform: tuple[str, ...], as_json: bool) -> int:
    """Read every byte of the snapshots that the options name, or of the whole vault, and of the ledger.

    It never stops at the first finding. The ledger keeps the result, where the vault can be written. Exit code 0 means
    that everything was read and is intact, 4 that there are findings; nothing to check is a finding. docs/runbook.md
    says what to do about each code.
    """
    archive = at_hand.archive()
    scopes = the_scopes(wedding, vendor, platform)
    if EVERY in platform:
        tables = {ref.scope for ref in archive.vault.snapshots(kind=Kind.PLATFORM)}
        scopes += sorted(tables - set(scopes))
    started = time.monotonic()
    with shown_progress() as progress:
        done = verify_on_record(
            archive,
            scopes if scopes or platform else None,
            now=at_hand.now(),
            requested_by=at_hand.requested_by(),
            progress=progress,
        )
    print_json(_as_json(done)) if as_json else _print(done, time.monotonic() - started)
    return exits.FINDINGS if done.findings else exits.DONE


def _as_json(done: Verification) -> dict[str, Any]:
    return {"checked": done.checked, "bytes": done.bytes, "findings": [finding_json(f) for f in done.findings]}


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "code": finding.code.value,
        "kind": finding.scope.kind.value if finding.scope else None,
        "scope_id": finding.scope.id if finding.scope else None,
        "snapshot_id": finding.snapshot_id,
        "object": finding.object,
        "detail": finding.detail,
    }


def print_findings(findings: tuple[Finding, ...]) -> None:
    """A table of findings for people, and where to read on."""
    rows = [(f.code.value, f.scope or "", f.snapshot_id or "", f.object or "", f.detail) for f in findings]
    print_table(("finding", "scope", "snapshot", "object", "detail"), rows)
    codes = sorted({finding.code.value for finding in findings})
    say(f"What to do: docs/runbook.md, under {', '.join(codes)}")


def _print(done: Verification, seconds: float) -> None:
    if done.findings:
        print_findings(done.findings)
    verdict = counted(len(done.findings), "finding") if done.findings else "intact"
    say(f"{counted(done.checked, 'snapshot')} ({size(done.bytes)}) and the ledger read in {took(seconds)}: {verdict}")
