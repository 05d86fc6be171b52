"""What a pack says, laid out role by role, as an encrypted PDF that reads without network."""

from datetime import datetime

from wedsync_dr.pack import words
from wedsync_dr.pack.content import PackContent
from wedsync_dr.pack.pages import caterer, coordinator, guests, papers, photographer, seating
from wedsync_dr.pack.paint import paint
from wedsync_dr.pack.sheet import Sheet
from wedsync_dr.pack.summary import front_page
from wedsync_dr.pack.trouble import trouble, vendors_and_money

_PAGES = (coordinator, trouble, caterer, photographer, vendors_and_money, guests, seating, papers)


def render(content: PackContent, passphrase: str, now: datetime) -> bytes:
    """The document, which opens with the passphrase alone."""
    return paint(laid_out(content).pages, passphrase, now)


def laid_out(content: PackContent) -> Sheet:
    """All pages. The front page is written last, for it says where each role begins, and stands first."""
    sheet = Sheet(f"{content.wedding.couple} · {words.short(content.wedding.day)}".strip(" ·"))
    for draw in _PAGES:
        draw(sheet, content)
    front_page(sheet, content)
    sheet.finish(words.as_of(content), f"recovery point {content.snapshot_id} of {content.scope}")
    return sheet
