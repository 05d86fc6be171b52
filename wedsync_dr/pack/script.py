"""Any text as the embedded fonts can show it: Arabic joined, right-to-left in reading order, nothing missing unseen.

Without a shaping engine: Arabic letters have presentation forms of their own in Unicode, and these are in the fonts.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection

FONTS = Path(__file__).with_name("fonts")
REGULAR, BOLD = FONTS / "DejaVuSansCondensed.ttf", FONTS / "DejaVuSansCondensed-Bold.ttf"
UNKNOWN = "□"
"""What stands for characters that no embedded font has (most emoji; Chinese, Japanese, Korean, Indic scripts)."""
_MIRRORED = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))
_TATWEEL = "\u0640"
_SELECTORS = {chr(code) for code in (*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400))}
_FORMS_AT = (*range(0xFB50, 0xFBFF), *range(0xFE70, 0xFEFD))


def shown(text: str) -> str:
    """A text on one line in logical order, in characters that both fonts have. Never empty where `text` was not."""
    clean = " ".join("".join(_character(c) for c in unicodedata.normalize("NFC", text)).split())
    joined = _joined(clean) if any("\u0600" <= c <= "\u06ff" for c in clean) else clean
    while UNKNOWN * 2 in joined:
        joined = joined.replace(UNKNOWN * 2, UNKNOWN)
    return joined or (UNKNOWN if text.strip() else "")


def in_reading_order(line: str) -> str:
    """One line as it stands on paper from left to right (UAX #9). With Latin in it, too, it is read from the left."""
    if line.isascii() or not any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in line):
        return line
    base = TextDirection.LTR if any(unicodedata.bidirectional(c) == "L" for c in line) else None
    characters = BidiParagraph(line, base_direction=base).get_reordered_characters()
    return "".join(
        _MIRRORED.get(c.character, c.character) if c.embedding_level % 2 else c.character for c in characters
    )


def width(text: str, *, bold: bool) -> float:
    """How wide a line is, in units of its font size."""
    widths = _widths(BOLD if bold else REGULAR)
    return sum(widths[ord(character)] for character in text)


@cache
def _widths(path: Path) -> dict[int, float]:
    with TTFont(path, lazy=True) as font:
        units, advances = font["head"].unitsPerEm, font["hmtx"]
        return {code: advances[name][0] / units for code, name in font.getBestCmap().items()}


@cache
def _covered() -> frozenset[int]:
    """The code points that both fonts have."""
    return frozenset(_widths(REGULAR).keys() & _widths(BOLD).keys())


@cache
def _character(character: str) -> str:
    """A character as the fonts have it: itself, what it is compatible with, nothing if it is never seen, or a box."""
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    if (
        category == "Cf"
        or character in _SELECTORS
        or (category in ("Mn", "Me", "Sk") and ord(character) not in _covered())
    ):
        return ""
    if ord(character) in _covered():
        return character
    compatible = unicodedata.normalize("NFKD", character)
    return compatible if all(ord(c) in _covered() for c in compatible) else UNKNOWN


@cache
def _forms() -> Mapping[str, Mapping[str, str]]:
    """The shapes that Arabic letters and ligatures take, by where they stand."""
    forms: dict[str, dict[str, str]] = {_TATWEEL: dict.fromkeys(("initial", "medial", "final", "isolated"), _TATWEEL)}
    for code in _FORMS_AT:
        shape, *letters = unicodedata.decomposition(chr(code)).split()[:4] or [""]
        name = shape.strip("<>")
        base = "".join(chr(int(letter, 16)) for letter in letters)
        if name in ("initial", "medial", "final", "isolated") and base and " " not in base and code in _covered():
            forms.setdefault(base, {})[name] = chr(code)
    return forms


def _joined(text: str) -> str:
    """Each Arabic letter in the shape that its neighbours ask for."""
    parts = list(_ligated(text))
    return "".join(_shape(part, _before(parts, i), _after(parts, i)) for i, part in enumerate(parts))


def _ligated(text: str) -> Iterator[str]:
    """Letters one by one, lam with alef as one."""
    i = 0
    while i < len(text):
        pair = text[i : i + 2]
        both = len(pair) == 2 and pair[0] == "\u0644" and "final" in _forms().get(pair, {})
        yield pair if both else text[i]
        i += 2 if both else 1


def _shape(part: str, before: str, after: str) -> str:
    forms = _forms().get(part)
    if not forms:
        return part
    to_before = "final" in forms and "initial" in _forms().get(before, {})
    to_after = "initial" in forms and "final" in _forms().get(after, {})
    name = {(True, True): "medial", (True, False): "final", (False, True): "initial"}.get((to_before, to_after))
    return forms.get(name or "isolated", part)


def _before(parts: list[str], i: int) -> str:
    return _first_letter(reversed(parts[:i]))


def _after(parts: list[str], i: int) -> str:
    return _first_letter(parts[i + 1 :])


def _first_letter(parts: Iterable[str]) -> str:
    """The next letter; marks above and below do not part letters."""
    return next((part for part in parts if not unicodedata.combining(part[0])), "")
