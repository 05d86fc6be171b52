"""The plan of the day, the tasks before it, bookings and contracts, documents and notes."""

from dataclasses import dataclass

from wedsync_dr.demo.copytext import NULL, Rows, array
from wedsync_dr.demo.couples import Wedding
from wedsync_dr.demo.dice import iso
from wedsync_dr.demo.lookups import CHECKLIST
from wedsync_dr.demo.market import Vendor
from wedsync_dr.demo.texts import MESSAGES, PREFERENCES, REMARKS

PROGRAMME = (
    "Hair and make-up", "First look", "Ceremony", "Reception", "Group photo", "Speeches", "Dinner", "First dance",
    "Cake", "Fireworks", "Last song", "Shuttle home",
)  # fmt: skip
CLAUSES = array(["Payment within 14 days", 'The "rain plan" \\ applies', None, ""])


@dataclass(frozen=True)
class Booking:
    """A booked vendor, for those who write invoices and reviews about it."""

    id: str
    vendor: Vendor
    price: str


def write_planning(rows: Rows, wedding: Wedding, guests: list[str]) -> list[Booking]:
    """Everything planned for a wedding. Returns its bookings."""
    _write_timeline(rows, wedding)
    tasks = _write_tasks(rows, wedding)
    vendors = wedding.dice.some(wedding.market.vendors, 12)
    bookings = [_write_booking(rows, wedding, vendor) for vendor in vendors]
    for booking in bookings[::2]:
        _write_contract(rows, wedding, booking)
    _write_documents(rows, wedding)
    about = (
        ("wedding", wedding.id),
        ("guest", guests[0]),
        ("guest", guests[-1]),
        ("task", tasks[0]),
        ("booking", bookings[0].id),
    )
    for entity_type, entity in about:
        _write_note(rows, wedding, entity_type, entity)
    return bookings


def _write_timeline(rows: Rows, wedding: Wedding) -> None:
    dice = wedding.dice
    previous: str | None = None
    events = dice.between(12, 24)
    for order in range(events):
        event = dice.id()
        depends = f"{{{previous}}}" if previous and dice.chance(0.5) else NULL
        duration = dice.pick(("00:30:00", "01:15:00", "2 days", "00:00:00", "1 mon -1 days +00:00:00.5"))
        rows.add("public.timeline_events", event, wedding.id, PROGRAMME[order % len(PROGRAMME)],
                 _time_of_day(dice.moment(wedding.anchor), order, events), duration,
                 dice.pick((NULL, "", "Garden", "Chapel")), depends, order,
                 dice.moment(wedding.before(60)))  # fmt: skip
        previous = event


def _time_of_day(moment: str, order: int, events: int) -> str:
    """The moment moved to where it stands in a day that begins at eight and ends at eleven at night."""
    minute = 8 * 60 + order * 15 * 60 // events // 5 * 5
    return f"{moment[:11]}{minute // 60:02d}:{minute % 60:02d}{moment[16:]}"


def _write_tasks(rows: Rows, wedding: Wedding) -> list[str]:
    dice = wedding.dice
    tasks: list[str] = []
    for place in range(dice.between(25, 45)):
        task = dice.id()
        template = dice.between(1, len(CHECKLIST))
        parent = dice.pick(tasks) if tasks and dice.chance(0.4) else NULL
        reminders = f"{{{dice.moment(wedding.anchor - 9)},infinity,NULL}}" if dice.chance(0.2) else NULL
        due = iso(wedding.anchor - dice.between(1, 200)) if dice.chance(0.9) else "infinity"
        status = "done" if wedding.past else dice.pick(("open", "in progress", "done", "dropped"))
        rows.add("public.tasks", task, wedding.id, parent, dice.pick((NULL, *wedding.names.couple)), template,
                 CHECKLIST[template - 1],
                 status, due, reminders, place, dice.moment(wedding.before(300)),
                 dice.moment(wedding.today))  # fmt: skip
        tasks.append(task)
    return tasks


def _write_booking(rows: Rows, wedding: Wedding, vendor: Vendor) -> Booking:
    dice = wedding.dice
    booking, service, price = dice.id(), dice.pick(vendor.services), dice.amount(100, 8_000)
    status = "fulfilled" if wedding.past else dice.pick(("offered", "booked", "booked", "enquiry"))
    during = f'["{iso(wedding.anchor)} 08:00:00+00",)' if dice.chance(0.9) else NULL
    created = dice.moment(wedding.before(300))
    rows.add("public.bookings", booking, wedding.id, vendor.id, service if dice.chance(0.9) else NULL, status, price,
             during,
             dice.pick((NULL, *PREFERENCES)), wedding.names.couple[1], created, created)  # fmt: skip
    return Booking(booking, vendor, price)


def _write_contract(rows: Rows, wedding: Wedding, booking: Booking) -> None:
    dice = wedding.dice
    contract = dice.id()
    valid = f"[{iso(wedding.before(200))},{iso(wedding.anchor + 30)})"
    terms = "\\n".join(dice.some(MESSAGES, 6))
    rows.add("public.contracts", contract, wedding.id, booking.vendor.id, booking.id,
             f"C-{wedding.number}-{booking.id[:8]}", valid,
             terms, CLAUSES, dice.moment(wedding.before(200)))  # fmt: skip
    for signer in ("couple", "vendor"):
        signed = dice.moment(wedding.before(150)) if dice.chance(0.8) else NULL
        rows.add(
            "public.contract_signatures",
            contract,
            signer,
            signed,
            dice.address(),
            dice.octets(64) if signed != NULL else NULL,
        )


def _write_documents(rows: Rows, wedding: Wedding) -> None:
    dice = wedding.dice
    for title in dice.some(("Menu", "Guest list", "Vows", "Licence", "Playlist", "Speech", "Floor plan"), 7):
        created = dice.moment(wedding.before(200))
        vendor = dice.pick(wedding.market.vendors).id if dice.chance(0.2) else NULL
        rows.add("public.documents", dice.id(), wedding.id, vendor, wedding.names.couple[0], title,
                 dice.words(MESSAGES), dice.octets(32),
                 created, created)  # fmt: skip


def _write_note(rows: Rows, wedding: Wedding, entity_type: str, entity: str) -> None:
    dice = wedding.dice
    pinned = dice.pick((NULL, "infinity", "-infinity", NULL))
    rows.add("public.notes", rows.next_number("public.notes"), entity_type, entity,
             dice.pick((NULL, *wedding.names.couple)),
             dice.words(REMARKS), pinned, dice.moment(wedding.before(100)))  # fmt: skip
