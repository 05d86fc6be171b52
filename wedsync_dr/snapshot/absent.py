"""What the vault knows and the source does not have any more."""

from collections.abc import Collection, Iterable
from datetime import datetime

from wedsync_dr.errors import Conflict, ScopeNotFound
from wedsync_dr.model import SCHEMA, ScopeId
from wedsync_dr.scope.discovery import present
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState


def present_scopes(source: Source) -> set[ScopeId]:
    """Every scope of the source at one instant. A source that cannot be read in full raises; it is never empty."""
    with survey(source) as seen:
        return present(seen.reader, seen.catalog, seen.ownership)


def vanished(held: Iterable[ScopeId], there: Collection[ScopeId], known: LedgerState) -> list[ScopeId]:
    """Of the scopes that have recovery points those that the source does not have, unless somebody accepted that."""
    return sorted(scope for scope in held if scope not in there and scope not in known.absences and scope != SCHEMA)


def look_for_vanished(source: Source, archive: Archive) -> list[ScopeId]:
    """The same of ledger and source as they are now. A source that cannot be read raises."""
    known = archive.ledger.known()
    return vanished(known.newest, present_scopes(source), known)


def accept(source: Source, archive: Archive, scope: ScopeId, *, reason: str, by: str, now: datetime) -> None:
    """From here on the scope's absence is no alarm, until it is seen again; its recovery points stay as they are.

    Raises ScopeNotFound where the vault has nothing of it, Conflict where the source has it.
    """
    if archive.vault.newest(scope) is None:
        raise ScopeNotFound(
            f"The vault has no snapshot of {scope}.", remedy="`wedsync-dr vanished` lists what is gone; check the id."
        )
    if scope in present_scopes(source):
        raise Conflict(f"{scope} is in the source.", remedy="Only what is gone can be accepted; check the id.")
    terms = {"kind": scope.kind.value, "id": scope.id, "reason": reason, "by": by}
    archive.ledger.append("absence-accepted", terms, now)
