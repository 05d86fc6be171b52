"""Times, sums and names as they are printed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from wedsync_dr.pack.content import Answer, Event, Guest, Need, PackContent, Payment, Vendor


def day(when: date | None) -> str:
    """`Saturday, 28 November 2026`."""
    return f"{when:%A}, {when.day} {when:%B %Y}" if when else "no date yet"


def short(when: date | None) -> str:
    """`Sat 28 Nov`."""
    return f"{when:%a} {when.day} {when:%b}" if when else ""


def clock(at: datetime | None, of: date | None) -> str:
    """`14:30`, with the weekday where it is not the wedding day."""
    if at is None:
        return "—"
    return f"{at:%H:%M}" if of in (None, at.date()) else f"{at:%a %H:%M}"


def as_of(content: PackContent) -> str:
    """How old what stands here is: `as of Tue 24 Nov 2026, 10:00 CET`."""
    at = content.taken_at.astimezone(content.zone)
    return f"as of {at:%a} {at.day} {at:%b %Y, %H:%M} {at:%Z}"


def seal(content: PackContent) -> str:
    """What the QR code says: which recovery point, and the SHA-256 of its signed manifest."""
    return f"wedsync-dr {content.scope} {content.snapshot_id} sha256:{content.digest}"


def need(one: Need) -> str:
    """`Nuts (allergy): remark`."""
    severity = f" ({one.severity})" if one.severity else ""
    return f"{one.what}{severity}" + (f": {one.details}" if one.details else "")


def seat(guest: Guest) -> str:
    """`Table 4, seat 6`."""
    return f"{guest.table}, seat {guest.seat}" if guest.table and guest.seat else guest.table or "no table"


MARKS = {Answer.COMING: "✓", Answer.OPEN: "?", Answer.DECLINED: "✗"}
LEGEND = "✓ coming · ? no answer · ✗ not coming"


def reached(vendor: Vendor) -> str:
    """How to reach a vendor: the phone, else the e-mail address."""
    return vendor.phone or vendor.email or "no phone known"


def place(event: Event) -> str:
    """How long, where, who: a figure behind a Hebrew or Arabic word would be read before it."""
    return " · ".join(part for part in (event.duration, event.place, event.who) if part)


def sums(payments: Iterable[Payment]) -> str:
    """What payments come to, by currency; what is no number is left to its own line."""
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in payments:
        try:
            amount = Decimal(one.amount)
        except InvalidOperation:
            continue
        if amount.is_finite():
            totals[one.currency] += amount
    return " + ".join(f"{total:,.2f} {currency}".strip() for currency, total in sorted(totals.items()))


def money(one: Payment) -> str:
    """`4,702.34 EUR`, or the amount as it stands."""
    return sums([one]) or f"{one.amount} {one.currency}".strip()


def counted(count: int, noun: str) -> str:
    """`1 guest`, `12 guests`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
