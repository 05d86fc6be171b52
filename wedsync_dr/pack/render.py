"""A pack as a PDF: encrypted with a passphrase, with its fonts inside, readable without network."""

import secrets
from contextlib import closing
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import EncryptionMethod

from wedsync_dr.pack import words
from wedsync_dr.pack.content import PackContent
from wedsync_dr.pack.pages import caterer, coordinator, guests, papers, photographer, seating
from wedsync_dr.pack.sheet import Sheet
from wedsync_dr.pack.summary import front_page
from wedsync_dr.pack.trouble import trouble, vendors_and_money

_PAGES = (coordinator, trouble, caterer, photographer, vendors_and_money, guests, seating, papers)


def render(content: PackContent, passphrase: str, now: datetime) -> bytes:
    """The document. It opens with the passphrase alone (AES-256, ISO 32000-2 revision 6), and may be printed."""
    with closing(_drawn(content, 0, [])) as trial:
        pages, contents = trial.pdf.page_no(), trial.contents
    with closing(_drawn(content, pages, contents)) as sheet:
        return _sealed(sheet.pdf, passphrase, now)


def _sealed(pdf: FPDF, passphrase: str, now: datetime) -> bytes:
    pdf.set_title("Emergency pack")
    pdf.set_creator("wedsync-dr")
    pdf.set_creation_date(now)
    pdf.set_display_mode("fullwidth", "continuous")
    pdf.set_encryption(
        owner_password=secrets.token_urlsafe(32),
        user_password=passphrase,
        encryption_method=EncryptionMethod.AES_256,
        encrypt_metadata=True,
    )
    return bytes(pdf.output())


def _drawn(content: PackContent, pages: int, contents: list[tuple[str, int]]) -> Sheet:
    """All pages; how many there are and where each role begins is known after a first time."""
    header = f"{content.wedding.couple} · {words.short(content.wedding.day)}".strip(" ·")
    footer = words.as_of(content), f"recovery point {content.snapshot_id} of {content.scope}"
    sheet = Sheet(header, footer, pages)
    front_page(sheet, content, contents)
    for draw in _PAGES:
        draw(sheet, content)
    return sheet
