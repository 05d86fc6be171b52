"""The guests with all that hangs on them: answer, meal, needs, table and seat."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from wedsync_dr.pack.content import Answer, Guest, Need
from wedsync_dr.pack.lookup import Lookup, Row
from wedsync_dr.pack.mapping import PackMap, Section

_Seat = tuple[str, str]


def guests_of(lookup: Lookup, mapped: PackMap) -> tuple[tuple[Guest, ...], tuple[str, ...]]:
    """All guests from A to Z, and the tables in their order, those with nobody at them among them."""
    section = mapped.get("guests")
    seats, tables = _seats(lookup, mapped.get("seats"))
    if section is None:
        return (), tables
    answers = _answers(lookup, mapped.get("answers"))
    needs = _needs(lookup, mapped.get("diets"))
    found = []
    for row in lookup.rows(section.table):
        key = lookup.text(row, section, "id") or ""
        answer, meal = answers.get(key, (Answer.OPEN, ""))
        table, seat = seats.get(key, ("", ""))
        found.append(_guest(lookup, row, section, _Of(answer, meal, table, seat, tuple(needs.get(key, ())))))
    return tuple(sorted(found, key=lambda guest: guest.sort)), tables


@dataclass(frozen=True, repr=False)
class _Of:
    """What other tables say of a guest."""

    answer: Answer
    meal: str
    table: str
    seat: str
    needs: tuple[Need, ...]


def _guest(lookup: Lookup, row: Row, section: Section, known: _Of) -> Guest:
    given, family = (lookup.plain(row, section, name) for name in ("given_name", "family_name"))
    name = lookup.plain(row, section, "name") or f"{given} {family}".strip() or "(without a name)"
    return Guest(
        name=name,
        sort=((family or name).casefold(), given.casefold()),
        household=lookup.plain(row, section, "household"),
        table=known.table,
        seat=known.seat,
        meal=known.meal,
        answer=known.answer,
        needs=known.needs,
        phone=lookup.plain(row, section, "phone"),
        note=lookup.plain(row, section, "note"),
    )


def _answers(lookup: Lookup, section: Section | None) -> dict[str, tuple[Answer, str]]:
    return {
        guest: (_answer(section, lookup.plain(row, section, "status")), lookup.plain(row, section, "meal"))
        for row, section, guest in _of_guests(lookup, section)
    }


def _answer(section: Section, status: str) -> Answer:
    if section.among("declined", status):
        return Answer.DECLINED
    return Answer.COMING if section.among("coming", status) else Answer.OPEN


def _needs(lookup: Lookup, section: Section | None) -> dict[str, list[Need]]:
    needs: dict[str, list[Need]] = defaultdict(list)
    for row, mapped, guest in _of_guests(lookup, section):
        what, severity, details = (lookup.plain(row, mapped, name) for name in ("need", "severity", "details"))
        needs[guest].append(Need(what, severity, details, allergy=mapped.among("allergy", severity)))
    return needs


def _seats(lookup: Lookup, section: Section | None) -> tuple[dict[str, _Seat], tuple[str, ...]]:
    """Who sits where, and the tables in their order."""
    seats: dict[str, _Seat] = {}
    tables: dict[str, tuple[float, str]] = {}
    for row in lookup.rows(section.table) if section else ():
        assert section  # noqa: S101
        table, seat = lookup.plain(row, section, "at"), lookup.plain(row, section, "seat")
        if table:
            tables.setdefault(table, (_order(lookup.plain(row, section, "order")), table.casefold()))
        if guest := lookup.text(row, section, "guest"):
            seats[guest] = table, seat
    return seats, tuple(sorted(tables, key=lambda table: tables[table]))


def _order(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _of_guests(lookup: Lookup, section: Section | None) -> Iterator[tuple[Row, Section, str]]:
    """The rows of a table that say something of a guest, with the guest's id."""
    if section:
        for row in lookup.rows(section.table):
            if guest := lookup.text(row, section, "guest"):
                yield row, section, guest
