"""Guests: households, answers, diets, the seating, songs and gifts."""

from wedsync_dr.demo.copytext import NULL, Rows
from wedsync_dr.demo.couples import Wedding
from wedsync_dr.demo.dice import iso
from wedsync_dr.demo.lookups import DIETS
from wedsync_dr.demo.people import full_name
from wedsync_dr.demo.texts import (
    ADDRESSES,
    ANSWERS,
    FAMILY_NAMES,
    GIFTS,
    GIVEN_NAMES,
    HOSTILE,
    MAILBOXES,
    MESSAGES,
    REMARKS,
    SONGS,
    TAGS,
)

SIDES = ("partner one", "partner two", "both")
AGES = ("adult", "adult", "adult", "adult", "adult", "teenager", "child", "infant")
SEATS_PER_TABLE = 8


def write_guests(rows: Rows, wedding: Wedding) -> list[str]:
    """The guest list and all that hangs on it. Returns the guests' ids."""
    guests: list[str] = []
    invited = wedding.dice.between(50, 110)
    while len(guests) < invited:
        guests += _write_household(rows, wedding, len(guests))
    _write_seating(rows, wedding, guests)
    _write_wishes(rows, wedding, guests)
    return guests


def _write_household(rows: Rows, wedding: Wedding, first: int) -> list[str]:
    dice = wedding.dice
    household, family = dice.id(), dice.words(FAMILY_NAMES)
    members = [dice.id() for _ in range(dice.between(1, 4))]
    code = f"{wedding.number}-{first}-{household[:6]}" if dice.chance(0.9) else NULL
    rows.add("public.households", household, wedding.id, members[0] if dice.chance(0.95) else NULL, family,
             dice.pick(ADDRESSES) if dice.chance(0.8) else NULL, code, dice.moment(wedding.before(300)))  # fmt: skip
    for place, guest in enumerate(members):
        _write_guest(rows, wedding, guest, household, family, members[0] if place == 1 else NULL, first + place)
    return members


def _write_guest(
    rows: Rows, wedding: Wedding, guest: str, household: str, family: str, plus_one_of: str, place: int
) -> None:
    dice = wedding.dice
    given, created = dice.pick(GIVEN_NAMES), dice.moment(wedding.before(300))
    email = f"{MAILBOXES[given]}{place}@guest{wedding.number}.example.org" if dice.chance(0.5) else NULL
    phone = f"+44 7700 {dice.between(900000, 900999)}" if dice.chance(0.3) else NULL
    remark = HOSTILE[place % len(HOSTILE)] if wedding.number == 1 else dice.words(REMARKS) if dice.chance(0.2) else NULL
    rows.add("public.guests", guest, wedding.id, household, plus_one_of, given, family, email, phone, dice.pick(SIDES),
             dice.pick(AGES), dice.pick(TAGS) if dice.chance(0.2) else "{}", remark, created, created)  # fmt: skip
    _write_answer(rows, wedding, guest)
    if dice.chance(0.15):
        for code, allergen in dice.some(DIETS, 2):
            severity = "allergy" if allergen == "t" else "preference"
            rows.add("public.guest_dietary_needs", guest, code, severity, dice.pick((NULL, "", *REMARKS)))


def _write_answer(rows: Rows, wedding: Wedding, guest: str) -> None:
    dice = wedding.dice
    answered = dice.chance(0.97 if wedding.anchor - wedding.today < 30 else 0.5)
    when = dice.moment(wedding.before(90))
    if answered:
        status = dice.pick(("attending", "attending", "attending", "declined", "maybe"))
        rows.add("public.rsvps", dice.id(), guest, status, dice.pick(ANSWERS), when, dice.address(), when)
    else:
        rows.add("public.rsvps", dice.id(), guest, "invited", NULL, NULL, NULL, when)


def _write_seating(rows: Rows, wedding: Wedding, guests: list[str]) -> None:
    dice = wedding.dice
    for order in range(0, len(guests), SEATS_PER_TABLE):
        table = dice.id()
        place = f"({dice.between(0, 30)},{dice.between(0, 20)}.5)" if dice.chance(0.9) else NULL
        rows.add("public.seating_tables", table, wedding.id, f"Table {order // SEATS_PER_TABLE + 1}", SEATS_PER_TABLE,
                 place,
                 order // SEATS_PER_TABLE)  # fmt: skip
        for number, guest in enumerate(guests[order : order + SEATS_PER_TABLE], 1):
            rows.add("public.seats", dice.id(), table, guest if dice.chance(0.9) else NULL, number)


def _write_wishes(rows: Rows, wedding: Wedding, guests: list[str]) -> None:
    dice = wedding.dice
    for _ in range(dice.between(5, 15)):
        length = dice.pick((NULL, "00:03:21", "00:04:05"))
        loudness = dice.pick((NULL, "-0", "NaN", "-6.020599913279624", "-Infinity"))
        guest = dice.pick(guests) if dice.chance(0.8) else NULL
        rows.add(
            "public.song_requests",
            dice.id(),
            wedding.id,
            guest,
            dice.words(SONGS),
            " ".join(full_name(dice)),
            length,
            loudness,
        )
    for _ in range(dice.between(6, 18)):
        worth = dice.pick((NULL, "0", "49.90", "100.000000000000000000001", "1e5"))
        thanked = iso(wedding.anchor + dice.between(1, 90)) if wedding.past and dice.chance(0.7) else NULL
        rows.add("public.gifts", dice.id(), wedding.id, dice.pick(guests), dice.words(GIFTS), worth, thanked)
    for order in range(dice.between(2, 12)):
        when = dice.moment(wedding.anchor)[:-3]
        rows.add('public."Guestbook"', wedding.id, order, dice.pick((NULL, *guests)), dice.words(MESSAGES), when)
