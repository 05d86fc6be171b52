"""The demo platform, made from a seed: the same seed and day give the same rows, byte for byte."""

from datetime import date

import psycopg

from wedsync_dr.demo.copytext import Rows
from wedsync_dr.demo.couples import Wedding, day_of, names_of, wedding_dice, write_couple
from wedsync_dr.demo.dice import Dice
from wedsync_dr.demo.guests import write_guests
from wedsync_dr.demo.load import Loader, Progress, create_tables, finish
from wedsync_dr.demo.lookups import write_lookups
from wedsync_dr.demo.market import Market, write_market
from wedsync_dr.demo.money import write_money
from wedsync_dr.demo.planning import write_planning
from wedsync_dr.demo.sharing import write_sharing
from wedsync_dr.errors import ScopeNotFound

BATCH = 50


def load_platform(
    url: str, *, weddings: int = 300, seed: int = 1, today: date, progress: Progress | None = None
) -> None:
    """Fill an empty database with the platform. `progress` hears what is loaded, how far, and of how many."""
    report = progress or _silent
    create_tables(url)
    with Loader(url) as loader:
        rows = Rows()
        market = write_platform(rows, weddings, seed, today)
        for number in range(1, weddings + 1):
            write_wedding(rows, number, seed, today, market)
            if number % BATCH == 0 or number == weddings:
                loader.send(rows.take())
                report("weddings", number, weddings)
    finish(url, report)


def write_platform(rows: Rows, weddings: int, seed: int, today: date) -> Market:
    """What is there before the first wedding."""
    dice = Dice(f"{seed}/platform")
    write_lookups(rows, dice, today.toordinal())
    return write_market(rows, dice, max(12, weddings // 6), today.toordinal())


def write_wedding(rows: Rows, number: int, seed: int, today: date, market: Market) -> None:
    """All rows of one wedding, about 600."""
    dice = wedding_dice(seed, number)
    names, day = names_of(dice), day_of(dice, number, today.toordinal())
    wedding = Wedding(seed, number, names, day, today.toordinal(), market, dice)
    write_couple(rows, wedding)
    guests = write_guests(rows, wedding)
    bookings = write_planning(rows, wedding, guests)
    write_sharing(rows, wedding, guests, bookings)
    write_money(rows, wedding, bookings)


def wedding_of_tomorrow(url: str) -> str:
    """The id of a wedding that takes place on the day after the one that the platform was made for."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT w.id::text FROM public.weddings w JOIN public.platform_settings s ON s.key = 'demo.today'"
            " WHERE w.wedding_date = (s.value #>> '{}')::date + 1 ORDER BY w.number LIMIT 1"
        ).fetchone()
    if found is None:
        raise ScopeNotFound("The demo platform has no wedding tomorrow.", remedy="Load the demo platform again.")
    return str(found[0])


def _silent(_what: str, _done: int, _total: int) -> None:
    pass
