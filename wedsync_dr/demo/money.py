"""Budgets, invoices and payments."""

from wedsync_dr.demo.copytext import NULL, Rows, document
from wedsync_dr.demo.couples import Wedding
from wedsync_dr.demo.dice import iso
from wedsync_dr.demo.lookups import CATEGORIES
from wedsync_dr.demo.planning import Booking
from wedsync_dr.demo.texts import REMARKS

RESPONSES = (
    NULL,
    document({"provider": "pay", "ok": True, "fee": 1.20}),
    document({"raw": '\\N\t"', "codes": [1, None]}),
)
QUANTITIES = ("1", "2", "0.5", "3.333333333333333333333333", "120")


def write_money(rows: Rows, wedding: Wedding, bookings: list[Booking]) -> None:
    """What a wedding costs, what was billed and what was paid."""
    for order, name in enumerate(wedding.dice.some(CATEGORIES, len(CATEGORIES))):
        _write_budget(rows, wedding, bookings, order, name)
    for booking in bookings:
        _write_invoice(rows, wedding, booking)


def _write_budget(rows: Rows, wedding: Wedding, bookings: list[Booking], order: int, name: str) -> None:
    dice = wedding.dice
    category = dice.id()
    rows.add(
        "billing.budget_categories", category, wedding.id, name, dice.amount(500, 20_000), dice.amount(0, 9_000), order
    )
    for _ in range(dice.between(1, 6)):
        cost = dice.pick((dice.amount(5, 900), "0.00000000000000000001", "-12.5", "1200"))
        vendor = dice.pick(bookings).vendor.id if dice.chance(0.4) else NULL
        rows.add("billing.budget_items", dice.id(), category, vendor, dice.words(REMARKS), cost, dice.pick("tf"))


def _write_invoice(rows: Rows, wedding: Wedding, booking: Booking) -> None:
    dice = wedding.dice
    invoice, currency = dice.id(), dice.pick(("EUR", "GBP", "USD"))
    status = "paid" if wedding.past else dice.pick(("draft", "sent", "paid", "overdue"))
    created = dice.moment(wedding.before(100))
    rows.add("billing.invoices", invoice, rows.next_number("billing.invoices"), wedding.id, booking.vendor.id,
             booking.id, status, currency,
             booking.price, iso(wedding.anchor - 14) if dice.chance(0.9) else NULL, created, created)  # fmt: skip
    for line in range(1, dice.between(2, 4)):
        rows.add(
            "billing.invoice_lines",
            invoice,
            line,
            dice.words(REMARKS),
            dice.pick(QUANTITIES),
            f"{dice.between(1, 500)}.1250",
        )
    if status == "paid":
        for _ in range(dice.between(1, 3)):
            _write_payment(rows, wedding, invoice, currency)


def _write_payment(rows: Rows, wedding: Wedding, invoice: str, currency: str) -> None:
    dice = wedding.dice
    payment, day = dice.id(), wedding.today - dice.between(0, 60)
    rate_day = iso(day) if currency != "EUR" and dice.chance(0.5) else NULL
    rows.add("billing.payments", payment, invoice, currency, rate_day, dice.amount(50, 4_000),
             dice.pick(("card", "transfer", "cash")),
             dice.pick((NULL, "", payment[:13])), dice.pick(RESPONSES), dice.moment(day))  # fmt: skip
    if dice.chance(0.05):
        rows.add(
            "billing.refunds",
            dice.id(),
            payment,
            dice.amount(1, 49),
            dice.pick((NULL, *REMARKS)),
            dice.moment(wedding.today),
        )
