"""The document: it opens, says on every page as of when, and holds whatever a couple typed inside its edges."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.pack.content import (
    Answer,
    Document,
    Event,
    Guest,
    Need,
    PackContent,
    Payment,
    Vendor,
    Venue,
    Wedding,
)
from wedsync_dr.pack.render import render
from wedsync_dr.pack.sheet import FOOT, HIGH, INNER, MARGIN, Style, extent
from wedsync_dr.pack.words import short
from wedsync_dr_tests.pack.paper import Paper, read

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
HOSTILE = (
    "tab\tand\nnewline", "👰💐🎉", "محمد علي (عريس)", "שלום וברכה", "W" * 400, "very " * 300 + "long", "\x1b[2J\x00",
    "{nb} <b>**__", "(paren\\thesis", "花子 田中", "e\u0301\u0301\u0301" * 40, "\u202eevil", "", " ",
)  # fmt: skip


def _guest(number: int, name: Callable[[int], str]) -> Guest:
    return Guest(
        name=name(number),
        sort=(name(number), ""),
        household=name(number // 4),
        table=f"{name(number // 8)} {number // 8}",
        seat=str(number % 8 + 1),
        meal=name(number % 5),
        answer=list(Answer)[number % 3],
        needs=(Need(name(number), "allergy", name(number + 1), allergy=True),) if number % 7 == 0 else (),
        note=name(number + 2) if number % 9 == 0 else "",
    )


def _content(guests: int, name: Callable[[int], str]) -> PackContent:
    day = date(2026, 11, 28)
    at = datetime(2026, 11, 28, 9, tzinfo=ZONE)
    invited = tuple(_guest(number, name) for number in range(guests))
    return PackContent(
        scope=ScopeId(Kind.WEDDING, "7"),
        snapshot_id="20261124T090000.000000Z-0123abcd",
        taken_at=NOW,
        digest="ab" * 32,
        zone=ZONE,
        wedding=Wedding(name(0), (name(1), name(2)), name(3), name(4), day, at, name(5), name(6), name(7)),
        venue=Venue(name(0), name(4), name(2), name(3), name(5)),
        timeline=tuple(
            Event(name(n), at + timedelta(hours=n), "1 h", name(n + 1), critical=n % 2 == 0) for n in range(30)
        ),
        guests=invited,
        tables=tuple(dict.fromkeys(guest.table for guest in invited)),
        vendors=tuple(
            Vendor(name(n), name(n + 1), name(n + 2), name(n + 3), name(n + 4), at, "booked", booked=n % 3 > 0)
            for n in range(20)
        ),
        payments=tuple(Payment("NaN" if n == 3 else f"{n}.50", "EUR", name(n), name(n + 1), day) for n in range(20)),
        documents=tuple(Document(name(n), name(n + 1), day) for n in range(20)),
        plans={"weather": name(5), "no_show": name(4)},
        gaps=(name(4),),
    )


def _printed(content: PackContent) -> Paper:
    return read(render(content, "open", NOW), "open")


@pytest.fixture(scope="module")
def hostile() -> Paper:
    return _printed(_content(60, lambda number: HOSTILE[number % len(HOSTILE)]))


@pytest.fixture(scope="module")
def large() -> Paper:
    return _printed(_content(400, lambda number: f"Guest Number {number}"))


def test_nothing_runs_over_an_edge(hostile: Paper, large: Paper) -> None:
    for paper in (hostile, large):
        for piece in (piece for page in paper.pieces for piece in page):
            style = Style(piece.size, piece.bold)
            assert piece.x >= MARGIN - 4
            assert piece.x + extent(piece.text, style) <= MARGIN + INNER + 0.2, piece
            assert 0 < piece.y < HIGH - 5
        body = [piece for page in paper.pieces for piece in page[3:]]  # a page's foot is drawn first, in three pieces
        assert max(piece.y for piece in body) < HIGH - FOOT + 0.5


def test_no_two_lines_are_printed_over_one_another(hostile: Paper, large: Paper) -> None:
    for page in (*hostile.pieces, *large.pieces):
        places = [(round(piece.x, 1), round(piece.y, 1)) for piece in page if piece.text.strip()]
        assert len(places) == len(set(places))


def test_every_page_says_as_of_when_which_page_it_is_and_of_which_recovery_point(large: Paper) -> None:
    assert len(large.pages) > 20
    for number, page in enumerate(large.pages, 1):
        assert "as of Tue 24 Nov 2026, 10:00 CET" in page
        assert f"page {number} of {len(large.pages)}\n" in page
        assert "recovery point 20261124T090000.000000Z-0123abcd" in page


def test_the_first_page_is_one_page_whatever_the_wedding(hostile: Paper, large: Paper) -> None:
    for paper in (hostile, large):
        assert "EMERGENCY PACK" in paper.pages[0] and "INSIDE" in paper.pages[0]
        assert "COORDINATOR\n" in paper.pages[1] and "EMERGENCY PACK" not in paper.pages[1]


def test_the_first_page_says_on_which_page_each_role_begins(large: Paper) -> None:
    first = large.pages[0].replace("\n", " ")
    for role in ("Coordinator", "Caterer", "Photographer", "Vendors and money", "Guests", "Tables", "Papers"):
        page = next(n for n, page in enumerate(large.pages, 1) if f"\n{role.upper()}\n" in page)
        assert f"{role} {page}" in first


def test_every_guest_is_on_the_list_and_at_a_table(large: Paper) -> None:
    for role in ("GUESTS", "TABLES"):
        text = "".join(page for page in large.pages if f"\n{role}\n" in page)
        assert all(f"\nGuest Number {number}\n" in text for number in range(400))


@pytest.mark.parametrize("count", [40, 300, 1000])
def test_what_is_said_of_an_allergy_is_never_shortened(count: int) -> None:
    details, kinds = (" ".join(f"{word}{n}" for n in range(count)) for word in ("shock", "nut"))
    need = Need(kinds, "allergy", details, allergy=True)
    guest = Guest("Ada", table="T", seat="1", answer=Answer.COMING, needs=(need,))
    paper = _printed(replace(_content(0, str), guests=(guest,), tables=("T",)))
    for role, told in (("CATERER", f"{kinds} (allergy): {details}"), ("GUESTS", kinds), ("TABLES", kinds)):
        text = " ".join(page for page in paper.pages if f"\n{role}\n" in page)
        assert set(told.split()) <= set(text.split())
    assert all(piece.y < HIGH - 5 for page in paper.pieces for piece in page)


def test_the_heads_of_a_table_stand_on_each_of_its_pages(large: Paper) -> None:
    pages = [page for page in large.pages if "\nGUESTS\n" in page]
    assert len(pages) > 8
    assert all("Does not eat" in page for page in pages)


def test_dates_names_and_the_rain_plan_are_not_cut_where_there_is_room() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    rain = "Move the ceremony into the orangery at once and ask the quartet to play beside the stairs there"
    couple = ("Alexandra Whitfield", "Benjamin Oberhauser")
    content = replace(
        _content(0, str),
        wedding=Wedding("W", couple),
        vendors=(),
        payments=tuple(Payment("1.00", "EUR", "Roses", due=day) for day in days),
        plans={"weather": rain},
        taken_at=NOW + timedelta(days=400),
    )
    paper = _printed(content)
    assert {short(day) for day in days} <= {piece.text for page in paper.pieces for piece in page}
    first = " ".join(paper.pages[0].split())
    assert rain in first
    assert first.count(" & ".join(couple)) == 2


def test_the_last_page_counts_vendors_whose_names_cannot_be_printed_and_says_where_the_digest_stands() -> None:
    content = replace(_content(0, str), vendors=(Vendor("花子"), Vendor("Roses")))
    last = _printed(content).pages[-1].replace("\n", " ")
    assert "1 name of vendors in a script" in last and "of guests in" not in last
    assert "`wedsync-dr ledger list --json`" in last


def test_a_tables_heading_counts_who_is_served() -> None:
    answers = (Answer.COMING, Answer.OPEN, Answer.DECLINED)
    invited = tuple(Guest(f"G {answer}", table="Oak", seat="1", answer=answer) for answer in answers)
    text = _printed(replace(_content(0, str), guests=invited, tables=("Oak",))).text
    assert "OAK · 2 GUESTS, 1 NOT COMING" in text


def test_a_wedding_of_which_nothing_is_known_still_has_every_page() -> None:
    bare = PackContent(
        ScopeId(Kind.WEDDING, "7"), "20261124T090000.000000Z-0123abcd", NOW, "ab" * 32, ZONE, Wedding("W")
    )
    text = _printed(bare).text
    for line in (
        "No venue is recorded.",
        "No timeline is recorded.",
        "None is recorded. Ask the couple",
        "no date yet",
    ):
        assert line in text


def test_no_name_is_in_the_clear_part_of_the_document() -> None:
    document = render(_content(5, lambda number: f"Quackenbush {number}"), "open", NOW)
    assert b"Quackenbush" not in document
    assert "Quackenbush".encode("utf-16-be") not in document
