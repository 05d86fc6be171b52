"""A laid-out pack as a PDF with its fonts inside, encrypted. Reads no clock."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO

import segno
from fpdf import FPDF
from fpdf.enums import EncryptionMethod
from fpdf.fonts import TTFFont

from wedsync_dr.pack.script import BOLD, REGULAR
from wedsync_dr.pack.sheet import HIGH, WIDE, Bar, Code, Mark, Text

_FAMILY = "pack"


def paint(pages: Sequence[Sequence[Mark]], passphrase: str, now: datetime) -> bytes:
    """The document. It opens with the passphrase alone (AES-256, ISO 32000-2 revision 6), and may be printed."""
    with _paper(now) as pdf:
        for page in pages:
            pdf.add_page()
            for mark in page:
                _put(pdf, mark)
        pdf.set_encryption(
            owner_password=secrets.token_urlsafe(32),
            user_password=passphrase,
            encryption_method=EncryptionMethod.AES_256,
            encrypt_metadata=True,
        )
        return bytes(pdf.output())


@contextmanager
def _paper(now: datetime) -> Iterator[FPDF]:
    """An empty document; its font files are let go of afterwards."""
    pdf = FPDF(format=(WIDE, HIGH))
    try:
        pdf.add_font(_FAMILY, "", REGULAR)
        pdf.add_font(_FAMILY, "B", BOLD)
        pdf.set_auto_page_break(auto=False)
        pdf.set_title("Emergency pack")
        pdf.set_creator("wedsync-dr")
        pdf.set_creation_date(now)
        pdf.set_display_mode("fullwidth", "continuous")
        yield pdf
    finally:
        for font in pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()


def _put(pdf: FPDF, mark: Mark) -> None:
    match mark:
        case Text(x, y, text, style):
            pdf.set_font(_FAMILY, "B" if style.bold else "", style.size)
            pdf.text(x, y, text)
        case Bar(x, y, wide, high, frame):
            pdf.set_line_width(frame)
            pdf.rect(x, y, wide, high, style="D" if frame else "F")
        case Code(x, y, size, text):
            image = BytesIO()
            segno.make(text, error="m", micro=False).save(image, kind="png", scale=8, border=1)
            pdf.image(image, x, y, size, size)
