"""Photos, conversations, forms, reviews, and the traces that the platform keeps."""

from wedsync_dr.demo.copytext import NULL, Rows, array, document
from wedsync_dr.demo.couples import Wedding
from wedsync_dr.demo.planning import Booking
from wedsync_dr.demo.texts import ANSWERS, EXIF, FAMILY_NAMES, MESSAGES, REMARKS, TAGS

ATTACHMENTS = ("[]", "[]", "[]", document([{"name": 'plan "B".pdf', "bytes": 123456}]))


def write_sharing(rows: Rows, wedding: Wedding, guests: list[str], bookings: list[Booking]) -> None:
    """What couple, guests and vendors tell and show each other."""
    _write_photos(rows, wedding, guests, bookings)
    for booking in bookings[:8]:
        _write_conversation(rows, wedding, booking)
    for booking in bookings[:3]:
        _write_response(rows, wedding, booking)
    if wedding.past:
        for booking in bookings[:2]:
            _write_review(rows, wedding, booking)
    _write_traces(rows, wedding, guests, bookings)


def _write_photos(rows: Rows, wedding: Wedding, guests: list[str], bookings: list[Booking]) -> None:
    dice = wedding.dice
    photos = [_write_photo(rows, wedding, guests, bookings, number) for number in range(dice.between(15, 35))]
    for title in ("Getting ready", "Party"):
        album = dice.id()
        token = f"{wedding.number}-{album[:12]}" if dice.chance(0.5) else NULL
        rows.add("public.albums", album, wedding.id, dice.pick((NULL, *photos)), title, token)
        for position, photo in enumerate(dice.some(photos, 20)):
            rows.add("public.album_photos", album, photo, position)


def _write_photo(rows: Rows, wedding: Wedding, guests: list[str], bookings: list[Booking], number: int) -> str:
    dice = wedding.dice
    photo, stored = dice.id(), dice.id()
    rows.add("storage.objects", stored, "wedding-photos", f"{wedding.id}/{number:04d}-{dice.words(FAMILY_NAMES)}.jpg",
             wedding.names.couple[0], wedding.id, NULL, dice.pick(EXIF), dice.moment(wedding.before(20)))  # fmt: skip
    vendor = dice.pick(bookings).vendor.id if dice.chance(0.3) else NULL
    taken = dice.moment(wedding.before(9)) if dice.chance(0.9) else "-infinity"
    rows.add("public.photos", photo, wedding.id, stored if dice.chance(0.95) else NULL, vendor,
             dice.pick((NULL, *guests)), taken,
             dice.pick(("{6000,4000}", "[0:1]={1080,1920}", NULL)), dice.pick(EXIF), dice.pick(TAGS),
             dice.octets(20))  # fmt: skip
    return photo


def _write_conversation(rows: Rows, wedding: Wedding, booking: Booking) -> None:
    dice = wedding.dice
    conversation = dice.id()
    rows.add("public.conversations", conversation, wedding.id, booking.vendor.id, dice.pick((NULL, "", *REMARKS)),
             dice.moment(wedding.before(200)))  # fmt: skip
    for _ in range(dice.between(3, 12)):
        sender = dice.pick((NULL, *wedding.names.couple))
        read_by = f"{{{wedding.names.couple[0]},NULL}}" if dice.chance(0.5) else "{}"
        channel = dice.pick(("app", "app", "email", "sms"))
        rows.add("public.messages", dice.id(), conversation, sender, channel, dice.words(MESSAGES),
                 dice.pick(ATTACHMENTS), read_by,
                 dice.moment(wedding.before(200)))  # fmt: skip


def _write_response(rows: Rows, wedding: Wedding, booking: Booking) -> None:
    dice = wedding.dice
    rows.add("public.form_responses", dice.id(), dice.pick(booking.vendor.forms), wedding.id, dice.pick(ANSWERS),
             dice.address(),
             dice.moment(wedding.before(100)))  # fmt: skip


def _write_review(rows: Rows, wedding: Wedding, booking: Booking) -> None:
    dice = wedding.dice
    rows.add("public.vendor_reviews", dice.id(), booking.vendor.id, wedding.id if dice.chance(0.9) else NULL,
             dice.between(1, 5),
             dice.words(MESSAGES), dice.pick((NULL, dice.moment(wedding.today - 1))))  # fmt: skip


def _write_traces(rows: Rows, wedding: Wedding, guests: list[str], bookings: list[Booking]) -> None:
    dice = wedding.dice
    for _ in range(dice.between(6, 16)):
        line = (
            wedding.id,
            dice.pick((NULL, "couple", "vendor")),
            dice.pick(("signed in", "changed the seating")),
            dice.moment(wedding.before(60)),
        )
        for _ in range(2 if dice.chance(0.1) else 1):
            rows.add("public.activity_feed", *line)
    for template, recipient in (("rsvp-thanks", guests[0]), ("booking-news", bookings[0].id)):
        when = dice.moment(wedding.before(60))
        rows.add("public.email_outbox", rows.next_number("public.email_outbox"), wedding.id, template,
                 f"{recipient[:8]}@example.org",
                 dice.pick(ANSWERS), when, when)  # fmt: skip
    for key in (wedding.id, wedding.names.client, *guests[:8], *(booking.id for booking in bookings[:4])):
        rows.add("public.audit_log", rows.next_number("public.audit_log"), dice.moment(wedding.before(300)),
                 "public.guests", key,
                 dice.pick(("INSERT", "UPDATE")), dice.pick((NULL, *wedding.names.couple)),
                 dice.pick((NULL, "{}", "{email,phone}")))  # fmt: skip
    if wedding.number % 4 == 0:
        _write_broadcast(rows, wedding, bookings[0])


def _write_broadcast(rows: Rows, wedding: Wedding, booking: Booking) -> None:
    dice = wedding.dice
    to = [wedding.id, wedding.neighbour.wedding] if wedding.number % 8 == 0 else [wedding.id]
    rows.add("public.broadcasts", dice.id(), booking.vendor.id, array(to), dice.words(MESSAGES), NULL)
