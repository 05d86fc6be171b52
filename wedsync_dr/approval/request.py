"""What is asked for before a restore may run: by whom, on which plan, until when. Values, and how the ledger has
them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from wedsync_dr.model import Kind, ScopeId, utc_text

EVERYTHING = "everything"


@dataclass(frozen=True)
class Person:
    """Who does something: the name that authentication gives, and the id of the token that was shown, if any."""

    subject: str
    token: str = ""

    def is_same(self, other: "Person") -> bool:
        """Whether both may be one human: the same name, however it is typed and wherever it is known from, or the same
        token."""
        same_token = bool(self.token) and self.token == other.token
        return same_token or self.name == other.name

    @property
    def name(self) -> str:
        """Without where the name is known from."""
        known_from, colon, name = self.subject.partition(":")
        return (name if colon and known_from in ("token", "oidc") else self.subject).strip().casefold()


@dataclass(frozen=True)
class Hours:
    """From when to when a wedding is under way."""

    start: datetime
    end: datetime

    def hold(self, at: datetime) -> bool:
        """Whether an instant lies in them, both ends included."""
        return self.start <= at <= self.end


@dataclass(frozen=True)
class TableTouch:
    """How many rows of a table a plan would change."""

    table: str
    insert: int
    update: int
    delete: int


@dataclass(frozen=True)
class Preview:
    """What an approver looks at: counts and names of tables. `newest_change_lost` is when the newest of the rows that
    would be updated or deleted was last changed, where its table says so.
    """

    weddings: int
    vendors: int
    tables: tuple[TableTouch, ...]
    newest_change_lost: datetime | None = None
    rows: int = 0

    @property
    def inserted(self) -> int:
        return sum(touch.insert for touch in self.tables) or self.rows

    @property
    def updated(self) -> int:
        return sum(touch.update for touch in self.tables)

    @property
    def deleted(self) -> int:
        return sum(touch.delete for touch in self.tables)

    def to_json(self) -> dict[str, Any]:
        """The shape in the ledger and on the command line."""
        lost = self.newest_change_lost
        return {
            "weddings": self.weddings,
            "vendors": self.vendors,
            "inserted": self.inserted,
            "updated": self.updated,
            "deleted": self.deleted,
            "newest_change_lost": utc_text(lost) if lost else None,
            "tables": [asdict(touch) for touch in self.tables],
        }


@dataclass(frozen=True)
class Asked:
    """What exactly is asked for: the plan's digest binds an approval to it. `scope` is None for the whole platform.

    Of a selection of rows only the number is kept, as keys may be names; who applies it names them again.
    """

    scope: ScopeId | None
    mode: str
    snapshot_id: str
    plan: str
    preview: Preview
    approvals: int
    tables: tuple[str, ...] = ()
    rows: int = 0
    consent: tuple[str, ...] = ()
    as_of: datetime | None = None
    hours: tuple[Hours, ...] = ()

    @property
    def name(self) -> str:
        """The scope, or `everything`."""
        return str(self.scope) if self.scope else EVERYTHING

    def needed(self, at: datetime) -> int:
        """How many others must approve, if it is carried out then."""
        return 2 if self.approvals and any(hours.hold(at) for hours in self.hours) else self.approvals


@dataclass(frozen=True)
class Request:
    """What was asked for, by whom, why, and until when an approval of it can be used."""

    id: str
    asked: Asked
    requester: Person
    reason: str
    at: datetime
    expires: datetime
    emergency: bool = False


def to_body(request: Request) -> dict[str, Any]:
    """A request as the ledger has it."""
    asked = request.asked
    scope = {"kind": asked.scope.kind.value, "id": asked.scope.id} if asked.scope else {EVERYTHING: True}
    hours = [[utc_text(span.start), utc_text(span.end)] for span in asked.hours]
    return {
        "request": request.id,
        **scope,
        "mode": asked.mode,
        "snapshot_id": asked.snapshot_id,
        "plan": asked.plan,
        "preview": asked.preview.to_json(),
        "approvals": asked.approvals,
        "tables": list(asked.tables),
        "rows": asked.rows,
        "consent": list(asked.consent),
        "as_of": utc_text(asked.as_of) if asked.as_of else None,
        "hours": hours,
        "by": asdict(request.requester),
        "reason": request.reason,
        "emergency": request.emergency,
        "expires": utc_text(request.expires),
    }


def from_body(body: Mapping[str, Any], at: datetime) -> Request:
    """The inverse of `to_body`, with the instant of the entry."""
    asked = Asked(
        scope=None if body.get(EVERYTHING) else ScopeId(Kind(body["kind"]), body["id"]),
        mode=body["mode"],
        snapshot_id=body["snapshot_id"],
        plan=body["plan"],
        preview=_preview(body["preview"]),
        approvals=body["approvals"],
        tables=tuple(body["tables"]),
        rows=body["rows"],
        consent=tuple(body["consent"]),
        as_of=instant_from(body["as_of"]) if body["as_of"] else None,
        hours=tuple(Hours(instant_from(start), instant_from(end)) for start, end in body["hours"]),
    )
    person, expires = Person(**body["by"]), instant_from(body["expires"])
    return Request(body["request"], asked, person, body["reason"], at, expires, body["emergency"])


def instant_from(text: str) -> datetime:
    """An instant as the ledger has it; lists read thousands, and this is ten times as fast as `parse_utc`."""
    return datetime.fromisoformat(text)


def _preview(body: Mapping[str, Any]) -> Preview:
    lost = body["newest_change_lost"]
    tables = tuple(TableTouch(**touch) for touch in body["tables"])
    rows = 0 if tables else body["inserted"]
    return Preview(body["weddings"], body["vendors"], tables, instant_from(lost) if lost else None, rows)
