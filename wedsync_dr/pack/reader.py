"""Reads a wedding's snapshot section by section: one row becomes one value of the pack."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from wedsync_dr.pack.content import Document, Event, Payment, Vendor, Venue, Wedding
from wedsync_dr.pack.lookup import Lookup, Row
from wedsync_dr.pack.mapping import SECTIONS, PackMap, Section
from wedsync_dr.pack.values import beginning, day_of, is_true, moment, span
from wedsync_dr.schedule.tiers import zone_of

T = TypeVar("T")


class Reader:
    """Reads the values of one wedding, in its own time zone."""

    def __init__(self, lookup: Lookup, mapped: PackMap, default_zone: str) -> None:
        self._lookup, self._mapped = lookup, mapped
        self.zone: ZoneInfo = zone_of(self.line("wedding", "time_zone") or None, default_zone)
        self.day: date | None = day_of(self.line("wedding", "date"))

    def each(self, name: str, made: Callable[[Row, Section], T]) -> list[T]:
        """What every row of a section's table becomes."""
        section = self._mapped.get(name)
        return [made(row, section) for row in self._lookup.rows(section.table)] if section else []

    def line(self, name: str, column: str) -> str:
        """The value, on one line, of the first row of a section's table that has one."""
        values = self.each(name, lambda row, section: self._lookup.plain(row, section, column))
        return next((value for value in values if value), "")

    def wedding(self, fallback: str) -> Wedding:
        """The couple and their day."""
        partners = (self.line("wedding", f"partner_{which}") for which in ("one", "two"))
        return Wedding(
            title=self.line("wedding", "title") or fallback,
            partners=tuple(filter(None, partners)),
            phone=self.line("wedding", "phone"),
            email=self.line("wedding", "email"),
            day=self.day,
            ceremony=moment(self.line("wedding", "ceremony"), self.zone, self.day),
            coordinator=self.line("wedding", "coordinator"),
            coordinator_phone=self.line("wedding", "coordinator_phone"),
            note=self.line("wedding", "note"),
        )

    def venue(self) -> Venue | None:
        """The venue; None where nothing is known of it."""
        found = {name: self.line("venue", name) for name in SECTIONS["venue"].columns}
        return Venue(**found) if any(found.values()) else None

    def plans(self) -> dict[str, str]:
        """What the platform has planned for the case that something goes wrong."""
        return {name: text for name in SECTIONS["plans"].columns if (text := self.line("plans", name))}

    def event(self, row: Row, section: Section) -> Event:
        """A moment of the day; critical by its flag, or by a word of its title."""
        look, title = self._lookup, self._lookup.plain(row, section, "title")
        words = section.lists.get("critical_words", frozenset())
        return Event(
            title=title,
            at=moment(look.text(row, section, "starts"), self.zone, self.day),
            duration=span(look.text(row, section, "duration")),
            place=look.plain(row, section, "place"),
            who=look.plain(row, section, "who"),
            critical=is_true(look.text(row, section, "critical")) or any(word in title.casefold() for word in words),
        )

    def vendor(self, row: Row, section: Section) -> Vendor:
        """A booking, with the vendor that it refers to."""
        look, status = self._lookup, self._lookup.plain(row, section, "status")
        return Vendor(
            name=look.plain(row, section, "name"),
            role=look.plain(row, section, "role"),
            contact=look.plain(row, section, "contact"),
            phone=look.plain(row, section, "phone"),
            email=look.plain(row, section, "email"),
            arrival=beginning(look.text(row, section, "arrival"), self.zone, self.day),
            status=status,
            booked=not section.among("not_booked", status),
            note=look.plain(row, section, "note"),
        )

    def payment(self, row: Row, section: Section) -> Payment | None:
        """What is to be paid; None where that was done."""
        look, status = self._lookup, self._lookup.plain(row, section, "status")
        if section.among("settled", status):
            return None
        return Payment(
            amount=look.plain(row, section, "amount"),
            currency=look.plain(row, section, "currency"),
            payee=look.plain(row, section, "payee"),
            what=look.plain(row, section, "what"),
            due=day_of(look.text(row, section, "due")),
            status=status,
            draft=section.among("draft", status),
        )

    def document(self, row: Row, section: Section) -> Document:
        """A paper that exists."""
        look = self._lookup
        return Document(
            title=look.plain(row, section, "title"),
            kind=look.plain(row, section, "kind"),
            day=day_of(look.text(row, section, "date")),
        )
