"""What a pack says: plain values, ready to be printed. Nothing of it shows in a representation."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from wedsync_dr.model import ScopeId


class Answer(StrEnum):
    """Whether a guest comes."""

    COMING = "coming"
    OPEN = "no answer"
    DECLINED = "not coming"


@dataclass(frozen=True, repr=False)
class Wedding:
    """The couple and their day."""

    title: str
    partners: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    day: date | None = None
    ceremony: datetime | None = None
    coordinator: str = ""
    coordinator_phone: str = ""
    note: str = ""

    @property
    def couple(self) -> str:
        """Both names, or the wedding's title."""
        return " & ".join(self.partners) or self.title


@dataclass(frozen=True, repr=False)
class Venue:
    """Where it is, and how to get in."""

    name: str
    address: str = ""
    phone: str = ""
    contact: str = ""
    access: str = ""


@dataclass(frozen=True, repr=False)
class Event:
    """A moment of the day."""

    title: str
    at: datetime | None
    duration: str = ""
    place: str = ""
    who: str = ""
    critical: bool = False


@dataclass(frozen=True, repr=False)
class Need:
    """What a guest does not eat."""

    what: str
    severity: str = ""
    details: str = ""
    allergy: bool = False


@dataclass(frozen=True, repr=False)
class Guest:
    """Somebody invited."""

    name: str
    sort: tuple[str, str] = ("", "")
    household: str = ""
    table: str = ""
    seat: str = ""
    meal: str = ""
    answer: Answer = Answer.OPEN
    needs: tuple[Need, ...] = ()
    phone: str = ""
    note: str = ""

    @property
    def allergies(self) -> tuple[Need, ...]:
        """What is dangerous to them."""
        return tuple(need for need in self.needs if need.allergy)


@dataclass(frozen=True, repr=False)
class Vendor:
    """Somebody who works on the day, or was asked to."""

    name: str
    role: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    arrival: datetime | None = None
    status: str = ""
    booked: bool = True
    note: str = ""


@dataclass(frozen=True, repr=False)
class Payment:
    """Money that is still to be paid."""

    amount: str
    currency: str = ""
    payee: str = ""
    what: str = ""
    due: date | None = None
    status: str = ""
    draft: bool = False


@dataclass(frozen=True, repr=False)
class Document:
    """A paper that exists; what it says is not in the pack."""

    title: str
    kind: str = ""
    day: date | None = None


@dataclass(frozen=True)
class PackContent:
    """All of one wedding that a pack shows, as of one recovery point.

    `gaps` says what this platform has no table or column for, so that nobody takes silence for "none".
    """

    scope: ScopeId
    snapshot_id: str
    taken_at: datetime
    digest: str
    zone: ZoneInfo
    wedding: Wedding = field(repr=False)
    venue: Venue | None = field(default=None, repr=False)
    timeline: tuple[Event, ...] = field(default=(), repr=False)
    guests: tuple[Guest, ...] = field(default=(), repr=False)
    tables: tuple[str, ...] = field(default=(), repr=False)
    vendors: tuple[Vendor, ...] = field(default=(), repr=False)
    payments: tuple[Payment, ...] = field(default=(), repr=False)
    documents: tuple[Document, ...] = field(default=(), repr=False)
    plans: Mapping[str, str] = field(default_factory=dict, repr=False)
    gaps: tuple[str, ...] = ()

    @property
    def expected(self) -> tuple[Guest, ...]:
        """Guests to cook and set a place for: all that have not declined."""
        return tuple(guest for guest in self.guests if guest.answer is not Answer.DECLINED)

    @property
    def answers(self) -> Counter[Answer]:
        """How many come, have not answered, do not come."""
        return Counter(guest.answer for guest in self.guests)

    @property
    def booked(self) -> tuple[Vendor, ...]:
        """Vendors that work on the day."""
        return tuple(vendor for vendor in self.vendors if vendor.booked)

    @property
    def allergic(self) -> tuple[Guest, ...]:
        """Expected guests with an allergy, by table."""
        found = [guest for guest in self.expected if guest.allergies]
        return tuple(sorted(found, key=lambda guest: (self.place_of(guest.table), guest.sort)))

    def place_of(self, table: str) -> int:
        """Where a table stands in the order of tables; what is not one of them comes last."""
        return self.tables.index(table) if table in self.tables else len(self.tables)

    def by_table(self) -> Iterator[tuple[str, list[Guest]]]:
        """Each table with its guests by seat; then, under no name, the expected guests without one."""
        for table in (*self.tables, ""):
            seated = [guest for guest in (self.guests if table else self.expected) if guest.table == table]
            if seated or table:
                yield table, sorted(seated, key=lambda guest: (_number(guest.seat), guest.sort))


def _number(seat: str) -> tuple[int, str]:
    return (int(seat), "") if seat.isascii() and seat.isdecimal() else (1_000_000, seat)
