"""The whole system on the wire, for those who are bound to no organization."""

from datetime import datetime

from wedsync_dr.api.view import View
from wedsync_dr.api.wire import Wire
from wedsync_dr.model import parse_utc, utc_text
from wedsync_dr.snapshot.batch import began
from wedsync_dr.vault.ledger_state import LedgerState


class Space(Wire):
    """The disk of the vault, in bytes."""

    total: int
    free: int


class UnderWay(Wire):
    """A batch of snapshots or a restore that has not ended."""

    what: str
    since: str


class LastDrill(Wire):
    """The last drill; without problems all of it held."""

    at: str
    restored: int
    problems: list[str]


class LastVerification(Wire):
    """The last reading of the whole vault, and what it and those of parts since then found."""

    at: str
    checked: int
    findings: int


class SystemStatus(Wire):
    """What is known of everything. Null: it was never done, or could not be read; `unknown` names what for that reason
    nobody can say."""

    snapshots: int | None
    vanished: int | None
    holds: int | None
    under_way: list[UnderWay]
    last_drill: LastDrill | None
    last_verification: LastVerification | None
    space: Space | None
    unknown: list[str]


def system_status(view: View) -> SystemStatus:
    """All of it."""
    health = view.health
    known = health.ledger
    readable = health.candidates is not None
    return SystemStatus(
        snapshots=len(view.listing) if known else None,
        vanished=len(health.vanished) if known and readable else None,
        holds=len(known.holds) if known else None,
        under_way=_under_way(known) if known else [],
        last_drill=_last_drill(known) if known else None,
        last_verification=_last_verification(known) if known else None,
        space=Space(total=health.space.total, free=health.space.free) if health.space else None,
        unknown=sorted(code.value for code in view.judged.unknown),
    )


def _under_way(known: LedgerState) -> list[UnderWay]:
    batches = [("a batch of snapshots", began(batch)) for batch in list(known.open_batches)]
    restores = [(f"restore of {scope}", parse_utc(at)) for scope, at in list(known.restoring.items())]
    found: list[tuple[str, datetime]] = sorted((*batches, *restores), key=lambda one: one[1])
    return [UnderWay(what=what, since=utc_text(since)) for what, since in found]


def _last_drill(known: LedgerState) -> LastDrill | None:
    if not known.drills:
        return None
    last = known.drills[-1]
    return LastDrill(at=last["drilled_at"], restored=len(last.get("results", ())), problems=last["problems"])


def _last_verification(known: LedgerState) -> LastVerification | None:
    whole = [body for body in known.verifications if body["whole"]]
    if not whole:
        return None
    found = sum(sum(body["findings"].values()) for body in known.verifications)
    return LastVerification(at=whole[0]["verified_at"], checked=whole[0]["checked"], findings=found)
