"""The pages for vendors and money, and for the hour in which something goes wrong."""

from collections.abc import Sequence

from wedsync_dr.pack import words
from wedsync_dr.pack.content import PackContent, Vendor
from wedsync_dr.pack.sheet import INNER, LABEL, SMALL, STRONG, TEXT, Cell, Sheet, Style

_NAME = Style(11, bold=True)
_RAIN = (
    "Decide two hours before the ceremony, not later; tell the couple once it is decided.",
    "Ask the venue which room is free and dry, and how long it takes to set it up.",
    "Call caterer, music and photographer in this order: power, floor and light decide the rest.",
    "Send somebody to the parking place with umbrellas; text all guests where to go.",
)
_NO_SHOW = (
    "Call them: number and time of arrival stand under Vendors and money. Wait 15 minutes, not more.",
    "Tell the couple what you do, not what is missing.",
    "Ask the vendors who are there: each knows somebody of that trade who is free today.",
    "Call who was asked before, below. Agree on the price by message, so that it is written down.",
)
_POWER = (
    "Ask the venue for the fuse box and its electrician; switch off kitchen and stage, then one by one on again.",
    "Music: battery speaker or a car. Light: candles in glasses, telephones, headlamps away from the tables.",
    "Cold food first, within two hours. The caterer decides what is still safe.",
)
_PLATFORM = (
    "Work from this pack. Write down what changes, with the time, on its margin.",
    "Enter it when the platform is back. Whoever runs it can restore this one wedding in minutes.",
)


def trouble(sheet: Sheet, content: PackContent) -> None:
    """What to do: an emergency, rain, a vendor who does not come, no power, no platform."""
    sheet.page("If something goes wrong", "Keep calm, do this")
    venue = content.venue
    sheet.label("Somebody is hurt")
    where = f"{venue.name}, {venue.address}".strip(", ") if venue else "ask the venue for its address"
    sheet.lines("Call the emergency number: 112 in Europe, 999 in the United Kingdom, 911 in North America. Say:", TEXT)
    sheet.lines(where, STRONG, most=3)
    if venue and venue.access:
        sheet.lines(f"Access: {venue.access}", most=2)
    _plan(sheet, "It rains", content.plans.get("weather"), _RAIN)
    _plan(sheet, "A vendor does not come", content.plans.get("no_show"), _NO_SHOW)
    _others(sheet, content)
    _plan(sheet, "The power fails", content.plans.get("power"), _POWER)
    _plan(sheet, "The platform does not answer", None, _PLATFORM)


def _plan(sheet: Sheet, title: str, own: str | None, steps: Sequence[str]) -> None:
    sheet.label(title)
    if own:
        sheet.lines("This wedding's own plan:", LABEL)
        sheet.lines(own, STRONG, most=12)
        sheet.y += 1
    for number, step in enumerate(steps, 1):
        sheet.row(Cell(f"{number}", 6, STRONG, 1), Cell(step, INNER - 6, TEXT, 4))


def _others(sheet: Sheet, content: PackContent) -> None:
    """Vendors that this couple has asked before, beside those of the same trade that they booked."""
    asked = [one for one in content.vendors if not one.booked]
    sheet.label("Asked before, and not booked")
    if not asked:
        sheet.lines("This wedding has asked nobody else.", SMALL)
    for one in sorted(asked, key=lambda one: (one.role, one.name)):
        instead = ", ".join(other.name for other in content.booked if other.role == one.role)
        role = f"{one.role or 'vendor'}" + (f", instead of {instead}" if instead else "")
        sheet.row(
            Cell(one.name, 40, _NAME, 2), Cell(role, 36, SMALL, 3), Cell(words.reached(one), INNER - 76, LABEL, 2)
        )


def vendors_and_money(sheet: Sheet, content: PackContent) -> None:
    """Who works on the day and how to reach them; what is still to be paid."""
    sheet.page("Vendors and money", "Vendors and payments")
    if not content.booked:
        sheet.lines("No booked vendor is recorded.")
    for vendor in content.booked:
        _vendor(sheet, content, vendor)
    sheet.label("To pay by the day, or overdue")
    sheet.lines(words.sums(content.payments) or "Nothing is left to pay.", STRONG, most=3)
    for one in content.payments:
        when = "no date" if one.due is None else words.short(one.due)
        overdue = one.due and one.due < content.taken_at.date()
        sheet.row(
            Cell(when, 30, STRONG if overdue else TEXT, 1),
            Cell(one.payee or "—", 38, TEXT, 3),
            Cell(" · ".join(part for part in (one.what, one.status) if part), 25, SMALL, 2),
            Cell(words.money(one), INNER - 93, STRONG, 2, right=True),
        )


def _vendor(sheet: Sheet, content: PackContent, vendor: Vendor) -> None:
    arrives = words.clock(vendor.arrival, content.wedding.day)
    sheet.row(
        Cell(vendor.role or "Vendor", 28, LABEL, 2),
        Cell(vendor.name, INNER - 28 - 38, _NAME, 3),
        Cell(f"arrives {arrives}" if vendor.arrival else "no arrival time", 38, STRONG, 1, right=True),
        room=8,
    )
    contact = " · ".join(part for part in (vendor.contact, vendor.phone or "no phone known", vendor.email) if part)
    sheet.lines(contact, TEXT, most=3)
    if vendor.note:
        sheet.lines(vendor.note, SMALL, most=3)
    sheet.y += 2
