import io
from contextlib import redirect_stdout
from datetime import timedelta

import pytest
from rich.console import Console
from rich.progress import Progress as Bars

from wedsync_dr.cli.output import age, counted, print_json, print_table, size, took, visible
from wedsync_dr.cli.progress import COLUMNS, OnTerminal, PlainLines

HOSTILE = "Emma\x1b[2J\r\u202e[bold]\x9b"


def printed(rows: list[tuple[object, ...]]) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        print_table(("name", "rows"), rows, numbers=("rows",))
    return out.getvalue()


def test_no_value_can_steer_the_terminal_or_hide_in_markup() -> None:
    text = printed([(HOSTILE, 1)])
    assert r"Emma\x1b[2J\r\u202e[bold]\x9b" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_what_people_write_stays_as_it_is() -> None:
    for name in ("Zoë & Łukasz", "שרה", "👩‍❤️‍👨 :heart:", r"\N"):
        assert visible(name) == name
        assert name in printed([(name, 1)])


def test_nothing_is_cut_where_there_is_no_terminal() -> None:
    assert "x" * 240 in printed([("x" * 240, 1)])


def test_json_keeps_every_letter() -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        print_json({"name": "Zoë"})
    assert '"Zoë"' in out.getvalue()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (size(999), "999 B"),
        (size(55_300), "55.3 KB"),
        (size(1_000_000), "1 MB"),
        (age(timedelta(seconds=59.9)), "59 s"),
        (age(timedelta(minutes=90)), "1 h"),
        (age(timedelta(days=8)), "8 d"),
        (age(timedelta(seconds=-5)), "0 s"),
        (took(0.0421), "42 ms"),
        (took(61.25), "61.2 s"),
        (counted(1, "entry", "entries"), "1 entry"),
        (counted(2000, "row"), "2,000 rows"),
    ],
)
def test_numbers_are_said_for_people(said: str, expected: str) -> None:
    assert said == expected


class Hand:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_plain_progress_is_one_line_in_a_while_with_rate_and_time_left() -> None:
    lines: list[str] = []
    clock = Hand()
    progress = PlainLines(lines.append, quiet_s=4, clock=clock)
    for second in range(11):
        clock.now = second
        progress("sealing", second * 100, 2000)
    assert lines == ["sealing: 400 of 2,000, 100/s, 16 s left", "sealing: 800 of 2,000, 100/s, 12 s left"]


def test_what_is_over_at_once_says_nothing() -> None:
    lines: list[str] = []
    progress = PlainLines(lines.append, quiet_s=4, clock=Hand())
    progress("resolve", 0, 1)
    progress("resolve", 1, 1)
    assert lines == []


def test_on_a_terminal_each_stage_has_a_bar_with_rate_and_time_left() -> None:
    out = io.StringIO()
    clock = Hand()
    with Bars(*COLUMNS, console=Console(file=out, force_terminal=True, width=100), get_time=clock) as bars:
        progress = OnTerminal(bars)
        progress("reading", 0, 45)
        for second in range(6):
            clock.now = second
            progress("sealing", second * 100, 2000)
    assert "reading" in out.getvalue()
    assert "500/2000" in out.getvalue()
    assert "100/s" in out.getvalue()
    assert "0:00:15" in out.getvalue()
