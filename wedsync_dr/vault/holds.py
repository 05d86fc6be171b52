"""Legal holds: entries in the ledger, so that who held what, why and how long is evidence."""

from datetime import date, datetime

from wedsync_dr.errors import ScopeNotFound
from wedsync_dr.model import ScopeId
from wedsync_dr.vault.archive import Archive


def hold(archive: Archive, scope: ScopeId, *, reason: str, until: date | None, by: str, now: datetime) -> None:
    """From here on nothing of the scope is removed, until a day (that day included) or until it is released.

    A second hold takes the place of the first. Raises ScopeNotFound where the vault has nothing of the scope: a hold on
    a mistyped id would protect nobody.
    """
    if archive.vault.newest(scope) is None:
        raise ScopeNotFound(
            f"The vault has no snapshot of {scope}.", remedy="`wedsync-dr snapshots` lists what there is; check the id."
        )
    terms = {"reason": reason, "by": by, "until": until.isoformat() if until else None}
    archive.ledger.append("held", _line(scope) | terms, now)


def release(archive: Archive, scope: ScopeId, *, reason: str, by: str, now: datetime) -> None:
    """End a hold. Raises ScopeNotFound where there is none."""
    if scope not in archive.ledger.known().holds:
        raise ScopeNotFound(f"There is no hold on {scope}.", remedy="`wedsync-dr hold` lists the holds.")
    archive.ledger.append("released", _line(scope) | {"reason": reason, "by": by}, now)


def _line(scope: ScopeId) -> dict[str, str | None]:
    return {"kind": scope.kind.value, "id": scope.id}
