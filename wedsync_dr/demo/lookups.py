"""Reference data and settings: what belongs to no wedding and no vendor."""

from wedsync_dr.demo.copytext import NULL, Rows, array, document, text
from wedsync_dr.demo.dice import Dice, iso
from wedsync_dr.demo.texts import MESSAGES

COUNTRIES = (("DE", "Germany", "49"), ("GB", "United Kingdom", "44"), ("FR", "France", "33"), ("IT", "Italy", "39"),
             ("PT", "Portugal", "351"), ("US", "United States", "1"), ("TR", "Türkiye", "90"), ("JP", "Japan", "81"),
             ("NG", "Nigeria", "234"), ("DK", "Denmark", "45"))  # fmt: skip
CURRENCIES = (("EUR", "Euro", 2), ("GBP", "Pound sterling", 2), ("USD", "US dollar", 2), ("JPY", "Yen", 0))
CATEGORIES = (
    "venue",
    "photography",
    "catering",
    "flowers",
    "music",
    "cake",
    "make-up",
    "transport",
    "film",
    "registrar",
)
DIETS = (
    ("vegetarian", "f"),
    ("vegan", "f"),
    ("halal", "f"),
    ("kosher", "f"),
    ("gluten", "t"),
    ("nuts", "t"),
    ("milk", "t"),
)
STYLES = ("documentary", "fine-art", "black-and-white", "film")
TEMPLATES = (("rsvp-thanks", "email"), ("booking-news", "email"), ("payment-due", "sms"), ("welcome", "app"))
CHECKLIST = (
    "Book the venue", "Send the invitations", "Taste the menu", "Buy the rings", "Order the cake", "Write the vows",
    "Choose the music", "Settle the invoices", "Plan the seating", "Thank the guests",
)  # fmt: skip
PLANS = (("free", "0.00", "0.12"), ("starter", "29.00", "0.08"), ("professional", "79.00", "0.05"),
         ("enterprise", "399.00", "0.0333333333333333333333"))  # fmt: skip
BUCKETS = (("wedding-photos", "f"), ("portfolio", "t"), ("contracts", "f"))


def write_lookups(rows: Rows, dice: Dice, today: int) -> None:
    """Every table that has neither weddings nor vendors in it."""
    _write_places_and_money(rows)
    _write_catalogues(rows, dice, today)
    _write_settings(rows, dice, today)
    _write_rates(rows, dice, today)


def _write_places_and_money(rows: Rows) -> None:
    for code, name, calling_code in COUNTRIES:
        rows.add("public.countries", code, name, calling_code, array([code.lower(), "en"]))
    for code, name, units in CURRENCIES:
        rows.add("public.currencies", code, name, units)
    for plan, price, commission in PLANS:
        rows.add("billing.plans", plan, price, commission, array(["calendar", None, plan]))


def _write_catalogues(rows: Rows, dice: Dice, today: int) -> None:
    for number, slug in enumerate(CATEGORIES, 1):
        parent = 2 if slug == "film" else NULL
        rows.add("public.vendor_categories", number, parent, slug, slug.capitalize(), number)
    for number, (code, allergen) in enumerate(DIETS, 1):
        rows.add("public.dietary_requirements", number, code, code.capitalize(), allergen)
    for slug in STYLES:
        rows.add("public.photography_styles", slug, slug.capitalize(), "{#a0b0c0,#ffffff}")
    for slug, channel in TEMPLATES:
        rows.add(
            "public.notification_templates", slug, channel, NULL, text("Dear {{name}},\n\n\\o/"), dice.moment(today)
        )
    for number, title in enumerate(CHECKLIST, 1):
        lead_time = "-1 days +02:30:00" if number % 5 == 0 else f"{number} mons {number} days"
        rows.add("public.checklist_templates", number, title, lead_time, number if number % 2 else NULL)
    for bucket, public in BUCKETS:
        rows.add("storage.buckets", bucket, public, 52_428_800, array(["image/*"]), dice.moment(today - 900))


def _write_settings(rows: Rows, dice: Dice, today: int) -> None:
    settings = {"demo.today": iso(today), "mail.sender": "hello@example.org", "limits": {"guests": 500, "photos": None}}
    for key, value in settings.items():
        rows.add(
            "public.platform_settings", key, document(value), "NaN", "{10.0.0.0/8,2001:db8::/32}", dice.moment(today)
        )
    rows.add("public.maintenance_windows", 1, f"[{iso(today - 30)},{iso(today - 29)})", "upgrade")
    rows.add("public.maintenance_windows", 2, f"[{iso(today + 30)},infinity)", dice.pick(MESSAGES))


def _write_rates(rows: Rows, dice: Dice, today: int) -> None:
    for code, _, _ in CURRENCIES[1:]:
        for day in range(today - 60, today + 1):
            rate = "NaN" if day % 7 == 0 else f"1.{dice.between(0, 10**20)}"
            rows.add("billing.exchange_rates", code, iso(day), rate, NULL if day % 3 else "")
