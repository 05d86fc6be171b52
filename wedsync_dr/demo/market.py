"""Organizations, vendors and what they offer."""

from dataclasses import dataclass

from wedsync_dr.demo.copytext import NULL, Rows, array, document, text
from wedsync_dr.demo.dice import Dice, iso
from wedsync_dr.demo.lookups import CATEGORIES, COUNTRIES, PLANS, STYLES
from wedsync_dr.demo.people import full_name, write_account
from wedsync_dr.demo.texts import ADDRESSES, FAMILY_NAMES, GIVEN_NAMES, MESSAGES, PACKAGES, REMARKS, TAGS

FIELDS = document(
    [{"name": "menu", "type": "choice", "of": ["fish", "meat", "vegan"]}, {"name": "remark", "type": "text"}]
)
ACCESS = "Gate code 4711. Vans to the yard behind the hall; the key box is left of its door."
REMARKS_OR_NOT = (NULL, "", *REMARKS[:4])


@dataclass(frozen=True)
class Vendor:
    """A vendor and what weddings refer to."""

    id: str
    organization: str | None
    services: tuple[str, ...]
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Market:
    """All that weddings may book."""

    vendors: tuple[Vendor, ...]
    organizations: tuple[str, ...]
    planners: tuple[str, ...]
    venues: tuple[str, ...]


def write_market(rows: Rows, dice: Dice, count: int, today: int) -> Market:
    """Vendors, two thirds of them in organizations of about three; each category is offered."""
    organizations = [dice.id() for _ in range(max(2, count // 4))]
    planners = [_write_organization(rows, dice, organization, today) for organization in organizations]
    vendors = tuple(
        _write_vendor(rows, dice, number, None if number % 3 == 0 else dice.pick(organizations), today)
        for number in range(count)
    )
    for vendor in vendors[1:]:
        _write_between_vendors(rows, dice, vendor, vendors[0], today)
    venues = tuple(_write_venue(rows, dice, vendor) for vendor in vendors[:: len(CATEGORIES)])
    return Market(vendors, tuple(organizations), tuple(planners), (*venues, _write_venue(rows, dice, None)))


def _write_organization(rows: Rows, dice: Dice, organization: str, today: int) -> str:
    name, since, plan = dice.words(FAMILY_NAMES), today - dice.between(100, 1500), dice.pick(PLANS)
    rows.add("public.organizations", organization, f"{name} & Daughters", f"house-{organization[:8]}",
             dice.pick(COUNTRIES)[0], plan[0], document({"seats": dice.between(1, 9), "note": "\\N"}),
             dice.pick(("#aa3366", NULL)), dice.moment(since), dice.moment(today))  # fmt: skip
    members = [dice.id() for _ in range(dice.between(1, 3))]
    for member, role in zip(members, ("owner", "manager", "member"), strict=False):
        write_account(rows, dice, member, full_name(dice), today)
        rows.add("public.team_members", organization, member, role, iso(since))
    for year in range(2):
        period = f"[{iso(since + year * 365)},{iso(since + year * 365 + 365)})"
        rows.add(
            "billing.subscriptions", dice.id(), organization, plan[0], period, plan[1], dice.pick(("t", "f", NULL))
        )
    for _ in range(3):
        _write_lead(rows, dice, organization, today)
    rows.add("public.notes", rows.next_number("public.notes"), "organization", organization, members[0],
             dice.words(MESSAGES), "infinity", dice.moment(today))  # fmt: skip
    return members[0]


def _write_lead(rows: Rows, dice: Dice, organization: str, today: int) -> None:
    given, family = full_name(dice)
    rows.add("public.clients", dice.id(), organization, NULL, f"{given} {family}", NULL, NULL, NULL,
             f"{dice.between(-200, 999)}.5", NULL, dice.moment(today - 5), dice.moment(today))  # fmt: skip


def _write_vendor(rows: Rows, dice: Dice, number: int, organization: str | None, today: int) -> Vendor:
    vendor, category = dice.id(), number % len(CATEGORIES)
    name = f"{dice.words(FAMILY_NAMES)} {CATEGORIES[category].capitalize()}"
    rating = dice.pick(("4.5", "4.8333333333333333333333", "NaN", NULL, "3"))
    rows.add("public.vendors", vendor, organization or NULL, category + 1, name, f"{CATEGORIES[category]}-{number}",
             f"{CATEGORIES[category]}@vendor{number}.example.com",
             f"{GIVEN_NAMES[number % 60]} {FAMILY_NAMES[number % 70]}",
             f"+44 1632 960{number % 1000:03d}", dice.words(MESSAGES), dice.pick(TAGS), dice.point(),
             rating,
             dice.pick(("[500,2000)", "empty", "(,900]", NULL)), dice.pick(("1111100", "0000011")), "09:00:00",
             dice.moment(today - 900), dice.moment(today))  # fmt: skip
    services = tuple(_write_service(rows, dice, vendor, place, today) for place in range(dice.between(3, 8)))
    forms = tuple(_write_form(rows, dice, vendor, today) for _ in range(2))
    _write_calendar(rows, dice, vendor, today)
    _write_portfolio(rows, dice, vendor, today)
    return Vendor(vendor, organization, services, forms)


def _write_service(rows: Rows, dice: Dice, vendor: str, place: int, today: int) -> str:
    service = dice.id()
    duration = dice.pick(("04:00:00", "1 day 02:00:00", "-00:15:00", NULL))
    rows.add("public.vendor_services", service, vendor, f"Package {place + 1}", dice.amount(80, 6000), duration,
             dice.pick(PACKAGES), place, dice.moment(today))  # fmt: skip
    return service


def _write_form(rows: Rows, dice: Dice, vendor: str, today: int) -> str:
    form = dice.id()
    rows.add(
        "public.forms", form, vendor, dice.pick(("Enquiry", "Menu choice", "Feedback")), FIELDS, dice.moment(today)
    )
    return form


def _write_calendar(rows: Rows, dice: Dice, vendor: str, today: int) -> None:
    day = today - 60
    for _ in range(12):
        day += dice.between(8, 60)
        rows.add(
            "public.vendor_availability",
            vendor,
            f"[{iso(day)},{iso(day + 7)})",
            dice.pick("tf"),
            dice.pick(REMARKS_OR_NOT),
        )
    rows.add("public.vendor_availability", vendor, f"[{iso(day + 100)},)", "f", text("\\N"))
    for month in range(4):
        period = f"[{iso(today - 30 * month - 30)},{iso(today - 30 * month)})"
        rows.add("billing.payouts", dice.id(), vendor, period, dice.amount(100, 9000), f"{dice.between(1, 99)}.0625",
                 dice.moment(today - 30 * month) if month else NULL)  # fmt: skip
    rows.add("public.notes", rows.next_number("public.notes"), "vendor", vendor, NULL, dice.words(MESSAGES), NULL,
             dice.moment(today))  # fmt: skip
    rows.add("public.documents", dice.id(), NULL, vendor, NULL, "Insurance", dice.words(MESSAGES), dice.octets(32),
             dice.moment(today - 50), dice.moment(today))  # fmt: skip


def _write_portfolio(rows: Rows, dice: Dice, vendor: str, today: int) -> None:
    for place in range(6):
        stored = dice.id()
        rows.add("storage.objects", stored, "portfolio", f"{vendor}/{place}.jpg", NULL, NULL, vendor,
                 document({"size": dice.between(10_000, 9_000_000)}), dice.moment(today - 90))  # fmt: skip
        rows.add("public.portfolio_images", dice.id(), vendor, stored, dice.pick((NULL, *STYLES)), dice.words(MESSAGES),
                 dice.octets(48), place)  # fmt: skip


def _write_between_vendors(rows: Rows, dice: Dice, vendor: Vendor, first: Vendor, today: int) -> None:
    rows.add("public.vendor_referrals", dice.id(), vendor.id, first.id, dice.pick(("0.1000", NULL)), iso(today - 100))
    conversation = dice.id()
    rows.add(
        "public.conversations", conversation, NULL, vendor.id, dice.pick((NULL, "", "Enquiry")), dice.moment(today - 9)
    )
    rows.add(
        "public.messages",
        dice.id(),
        conversation,
        NULL,
        "phone",
        dice.words(MESSAGES),
        "[]",
        "{}",
        dice.moment(today - 9),
    )
    rows.add(
        "public.form_responses", dice.id(), vendor.forms[0], NULL, document({"menu": None}), NULL, dice.moment(today)
    )


def _write_venue(rows: Rows, dice: Dice, vendor: Vendor | None) -> str:
    venue = dice.id()
    rows.add("public.venues", venue, vendor.id if vendor else NULL, f"{dice.words(FAMILY_NAMES)} Hall",
             dice.pick(ADDRESSES),
             dice.point(), "((0,0),(0,30.5),(20,30.5),(20,0))", dice.between(40, 400),
             array(["parking", None, ""]), "+44 1632 960999", text(ACCESS))  # fmt: skip
    for name in ("Great hall", "Orangery"):
        rows.add("public.venue_rooms", dice.id(), venue, name, dice.pick(("-0", "Infinity", "212.25", "1e-300")),
                 "[0:2]={120,100,NULL}")  # fmt: skip
    return venue
