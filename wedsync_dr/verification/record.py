"""What a verification found, kept in the ledger, so that somebody can be told and the last one is known."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from wedsync_dr.errors import VaultUnavailable
from wedsync_dr.model import Progress, ScopeId, silent, utc_text
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import Verification, verify

EVENT = "verified"
_NAMED = 100  # scopes


def verify_on_record(
    archive: Archive,
    scopes: Sequence[ScopeId] | None = None,
    *,
    now: datetime,
    requested_by: str,
    progress: Progress = silent,
) -> Verification:
    """Verify as `verify` does, and add the result to the ledger. A vault that cannot be written is verified all the
    same.
    """
    done = verify(archive, scopes, progress=progress)
    said = {"verified_at": utc_text(now), "requested_by": requested_by, "whole": scopes is None}
    try:
        archive.ledger.append(EVENT, said | outcome(done), now)
    except VaultUnavailable:
        return done
    return done


def outcome(done: Verification) -> dict[str, Any]:
    """What a ledger keeps of a verification: counts, codes and ids."""
    found_in = sorted({str(finding.scope) for finding in done.findings if finding.scope})
    return {
        "checked": done.checked,
        "bytes": done.bytes,
        "findings": dict(sorted(Counter(finding.code.value for finding in done.findings).items())),
        "scopes": found_in[:_NAMED],
    }
