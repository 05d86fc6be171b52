"""Any text prints: joined, in reading order, in characters that the fonts have, and inside its column."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.pack.script import UNKNOWN, in_reading_order, shown, width
from wedsync_dr.pack.sheet import Style, extent, wrapped

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize("text", ["Łucja Müller", "Ωμέγα", "Жанна Ёлкина", "Nguyễn Thị Ánh", "Çelik", "דוד כהן"])
def test_latin_greek_cyrillic_and_hebrew_are_shown_as_they_are(text: str) -> None:
    assert shown(text) == text


def test_arabic_letters_are_joined() -> None:
    joined = shown("محمد")
    assert [unicodedata.decomposition(letter).split()[0] for letter in joined] == [
        "<initial>", "<medial>", "<medial>", "<final>",
    ]  # fmt: skip
    assert unicodedata.normalize("NFKC", joined) == "محمد"


def test_lam_and_alef_are_one_letter_and_alef_does_not_join_what_follows() -> None:
    assert len(shown("سلام")) == 3
    assert unicodedata.decomposition(shown("دا")[1]).startswith("<isolated>")


def test_right_to_left_is_brought_into_reading_order_with_its_brackets_turned() -> None:
    assert in_reading_order("שלום (אב)") == "(בא) םולש"


def test_a_hebrew_given_name_before_a_latin_family_name_stays_before_it() -> None:
    assert in_reading_order("דוד Andersson") == "דוד"[::-1] + " Andersson"


def test_what_no_font_has_is_a_box_and_never_nothing() -> None:
    assert shown("花子 Quinn") == f"{UNKNOWN} Quinn"
    assert shown("Zoë 👰🏽‍♀️") == f"Zoë {UNKNOWN}♀"
    assert shown("👰") == UNKNOWN


def test_control_characters_and_overrides_do_not_print() -> None:
    assert shown("a\tb\n\x1b[2J\u202eevil\u202c") == "a b [2Jevil"


@given(_TEXTS)
def test_every_text_is_shown_in_characters_that_both_fonts_have(text: str) -> None:
    line = shown(text)
    assert width(line, bold=False) >= 0 and width(line, bold=True) >= 0
    assert bool(line) == bool(text.strip()) or not any(unicodedata.category(c)[0] in "LNPS" for c in text)
    assert sorted(in_reading_order(line)) is not None


@given(_TEXTS | st.text("Wé ", max_size=300), st.floats(8, 130), st.integers(1, 4), st.booleans())
def test_no_line_is_wider_than_its_column_nor_are_there_more_than_allowed(
    text: str, wide: float, most: int, bold: bool
) -> None:
    style = Style(11, bold)
    lines = list(wrapped(text, style, wide, most))
    assert len(lines) <= most
    assert all(extent(line, style) <= wide + 0.001 or len(line) <= 2 for line in lines)


def test_a_text_that_fits_is_not_cut() -> None:
    text = "Vegetarian, no mushrooms"
    assert " ".join(wrapped(text, Style(11), 30, 4)) == text
    assert next(wrapped("a" * 500, Style(11), 30, 1)).endswith("…")
