"""What names and texts are drawn from, already as COPY reads them: `words.toml` and values made from it."""

import tomllib
import unicodedata
from itertools import product
from pathlib import Path

from wedsync_dr.demo.copytext import NULL, array, composite, document, matrix, text

_WORDS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def _mailbox(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalpha()) or "guest"


HOSTILE = tuple(map(text, [*_WORDS["hostile"], "very " * 3000 + "long"]))
GIVEN_NAMES = tuple(_WORDS["given_names"])
FAMILY_NAMES = tuple(_WORDS["family_names"])
MAILBOXES = {name: _mailbox(name) for name in GIVEN_NAMES}
"""The local part of an e-mail address for each given name."""
MESSAGES = tuple(text(" ".join(parts)) for parts in product(_WORDS["openings"], _WORDS["matters"], _WORDS["closings"]))
REMARKS = tuple(map(text, _WORDS["remarks"]))
SONGS = tuple(_WORDS["songs"])
GIFTS = tuple(_WORDS["gifts"])

CITIES = (("Berlin", "DE"), ("London", "GB"), ("Lyon", "FR"), ("Bologna", "IT"), ("Porto", "PT"), ("Boston", "US"))
ADDRESSES = (
    composite(['"The Barn", 3\\4', "Ends, here", None, None]),
    composite([None, None, "", "DE"]),
    *(
        composite([f"{street} {number}", city, f"{number * 397 % 90000 + 10000}", country])
        for street, (city, country), number in product(_WORDS["streets"], CITIES, (1, 7, 24, 113))
    ),
)
TAGS = (
    "{}",
    array(["family"]),
    array(["work", "close friends"]),
    array(["family", None]),
    array(["", "NULL", "neighbours, old"]),
    array(['with "quotes"', "back\\slash", "tab\t"]),
    "[0:1]={school,choir}",
)
PACKAGES = (
    matrix([["basic", "490"], ["full day", "1,290"]]),
    matrix([["silver", "a \\ b"], ["gold", 'with "extras"'], ["", "NULL"]]),
    "[0:1][5:6]={{early,late},{small,large}}",
    "{}",
)
PREFERENCES = (
    document({}),
    document({"theme": "dark"}),
    document({"theme": "light", "newsletter": False, "empty": ""}),
    document({"units": "metric", "note": "\\N"}),
    document({"nested": {"list": [1, 2.50, None, "e\u0301", "💐"], "big": 12345678901234567890}}),
)
ANSWERS = tuple(
    document({"menu": menu, "song": song, "shuttle": shuttle, "remark": remark})
    for menu, song, shuttle, remark in product(
        ("fish", "meat", "vegan"), (*SONGS[:3], None), (True, False), ("", "Looking forward!", 'a "quoted" \\ tab\t')
    )
)
EXIF = tuple(
    document({"camera": camera, "iso": iso, "f": f, "gps": [52.52, 13.405] if iso > 400 else None})
    for camera, iso, f in product(("Nikon Z6", "Canon R5", "Phone"), (100, 400, 1600), (1.8, 4, 11.0))
)
TIME_ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "UTC", NULL)
