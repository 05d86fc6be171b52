"""When each scope was known to be current, from the ledger."""

from datetime import datetime

from wedsync_dr.model import Kind, ScopeId, parse_utc
from wedsync_dr.vault.archive import Archive


def current_instants(archive: Archive, since: datetime) -> dict[ScopeId, list[datetime]]:
    """The instants, in the order of time, at which batches since then found each scope's newest snapshot current."""
    found: dict[ScopeId, set[datetime]] = {}
    for entry in archive.ledger.readable():
        if entry.event != "snapshots" or (at := parse_utc(entry.body["taken_at"])) < since:
            continue
        for line in (*entry.body["stored"], *entry.body["current"]):
            found.setdefault(ScopeId(Kind(line["kind"]), line["id"]), set()).add(at)
    return {scope: sorted(instants) for scope, instants in found.items()}
