"""The weddings themselves: their dates, and the couples."""

from dataclasses import dataclass

from wedsync_dr.demo.copytext import NULL, Rows, document
from wedsync_dr.demo.dice import Dice, iso
from wedsync_dr.demo.market import Market
from wedsync_dr.demo.people import full_name, write_account
from wedsync_dr.demo.texts import FAMILY_NAMES, MESSAGES, PREFERENCES, TIME_ZONES

FIRST_DAYS = (1, 1, 0, -1, 3, 6, 12, 29, 200, -4, -40, None, 2)
"""Days from today of the first weddings: every tier is there, however few weddings there are."""

RAIN_PLAN = "The orangery holds 120 seated. Decide by noon; the venue needs an hour to move the chairs."


@dataclass(frozen=True)
class Names:
    """What is known of a wedding from seed and number alone, so that another wedding can point to it."""

    wedding: str
    client: str
    couple: tuple[str, str]


@dataclass(frozen=True)
class Wedding:
    """One wedding while its rows are written. `day` is its date as an ordinal; plans are made towards `anchor`."""

    seed: int
    number: int
    names: Names
    day: int | None
    today: int
    market: Market
    dice: Dice

    @property
    def id(self) -> str:
        return self.names.wedding

    @property
    def anchor(self) -> int:
        return self.today + 300 if self.day is None else self.day

    @property
    def past(self) -> bool:
        return self.day is not None and self.day < self.today

    @property
    def neighbour(self) -> Names:
        """The wedding before this one."""
        return names_of(wedding_dice(self.seed, self.number - 1))

    def before(self, most: int) -> int:
        """A day on which something may have happened already: before the wedding, and not after today."""
        return min(self.anchor, self.today) - self.dice.between(1, most)


def names_of(dice: Dice) -> Names:
    """The first draws of a wedding's dice."""
    return Names(dice.id(), dice.id(), (dice.id(), dice.id()))


def wedding_dice(seed: int, number: int) -> Dice:
    """Every wedding has dice of its own, so it is the same among ten weddings and among ten thousand."""
    return Dice(f"{seed}/wedding/{number}")


def day_of(dice: Dice, number: int, today: int) -> int | None:
    """The date of a wedding: most in the coming eighteen months, a quarter past, one in a hundred undated."""
    if number <= len(FIRST_DAYS):
        days = FIRST_DAYS[number - 1]
        return None if days is None else today + days
    percent = dice.between(0, 99)
    ranges = ((1, None), (4, (2, 7)), (10, (8, 30)), (72, (31, 540)), (75, (-7, -2)), (100, (-700, -8)))
    days_from_today = next(days for limit, days in ranges if percent < limit)
    return None if days_from_today is None else today + dice.between(*days_from_today)


def write_couple(rows: Rows, wedding: Wedding) -> None:
    """The wedding row, the couple with their accounts, the web site."""
    dice = wedding.dice
    names = (full_name(dice), full_name(dice))
    emails = [
        write_account(rows, dice, user, name, wedding.today)
        for user, name in zip(wedding.names.couple, names, strict=True)
    ]
    client = wedding.names.client
    if wedding.number % 100 == 24:  # the couple before them renews its vows: two weddings, one client
        client = wedding.neighbour.client
    else:
        _write_client(rows, wedding, names, emails[0])
    _write_wedding(rows, wedding, client, f"{names[0][0]} & {names[1][0]}")
    _write_website(rows, wedding)
    _write_connection(rows, wedding)


def _write_client(rows: Rows, wedding: Wedding, names: tuple[tuple[str, str], ...], email: str) -> None:
    dice = wedding.dice
    organization = dice.pick(wedding.market.organizations) if dice.chance(0.7) else NULL
    score = f"{dice.between(0, 999)}.{dice.between(0, 9)}" if dice.chance(0.5) else NULL
    rows.add("public.clients", wedding.names.client, organization, wedding.names.couple[0], " ".join(names[0]),
             " ".join(names[1]),
             email, dice.pick((NULL, "", "+44 20 7946 0000")), score, dice.pick(PREFERENCES),
             dice.moment(wedding.before(400)), dice.moment(wedding.today))  # fmt: skip


def _write_wedding(rows: Rows, wedding: Wedding, client: str, title: str) -> None:
    dice, market = wedding.dice, wedding.market
    date = NULL if wedding.day is None else iso(wedding.day)
    ceremony = "infinity" if wedding.day is None else f"{date} {dice.between(9, 16):02d}:30:00+00"
    status = (
        "postponed" if wedding.day is None else "completed" if wedding.past else dice.pick(("planning", "confirmed"))
    )
    rows.add("public.weddings", wedding.id, wedding.number, client, dice.pick((NULL, *market.venues)),
             dice.pick((NULL, *market.planners)), title, date, dice.pick(TIME_ZONES), ceremony, status,
             dice.between(20, 180), dice.amount(4_000, 90_000), dice.pick(("EUR", "EUR", "GBP", "USD", "JPY")),
             dice.pick(("{}", "{#ffffff,#c0ffee}", "{#112233,NULL}")), dice.pick(PREFERENCES),
             dice.pick((NULL, "", dice.words(MESSAGES))), RAIN_PLAN if wedding.number % 2 else NULL,
             wedding.names.couple[0], dice.moment(wedding.before(400)),
             dice.moment(wedding.today))  # fmt: skip


def _write_website(rows: Rows, wedding: Wedding) -> None:
    dice = wedding.dice
    pages = document([{"title": "Our story", "blocks": []}, {"title": "Travel", "text": "Line 1\nLine 2\t\\end"}])
    published = dice.pick((NULL, "infinity", dice.moment(wedding.before(100))))
    secret = dice.octets(32) if dice.chance(0.5) else "\\\\x"
    rows.add("public.wedding_websites", wedding.id, f"wedding-{wedding.number}", pages, secret, published)


def _write_connection(rows: Rows, wedding: Wedding) -> None:
    if wedding.number % 5 == 0:
        other = wedding.neighbour.wedding if wedding.number % 10 == 0 else NULL
        kind = wedding.dice.pick(("siblings", "same day", "shared venue"))
        rows.add(
            "public.wedding_connections", wedding.dice.id(), wedding.id, other, kind, wedding.dice.words(FAMILY_NAMES)
        )
