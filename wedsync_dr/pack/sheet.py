"""The layout of a pack: A5 pages that read on a phone and print in black and white. Nothing runs over an edge.

A sheet only notes what stands where; `paint.py` puts it into a PDF.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from wedsync_dr.pack.script import in_reading_order, shown, width

WIDE, HIGH = 148.0, 210.0
MARGIN, FOOT = 10.0, 18.0
INNER = WIDE - 2 * MARGIN
POINT = 25.4 / 72  # millimetres
_LEADING = 1.22
_PART = 12  # lines of a long text in one row


@dataclass(frozen=True)
class Style:
    """How a text looks: size in points, and weight."""

    size: float = 11.0
    bold: bool = False

    @property
    def line(self) -> float:
        """The height of a line in millimetres."""
        return self.size * POINT * _LEADING


TEXT, STRONG = Style(), Style(bold=True)
SMALL, LABEL = Style(9.0), Style(9.0, bold=True)


@dataclass(frozen=True)
class Cell:
    """One field of a row: its text, how wide it is, and how many lines it may take."""

    text: str = field(repr=False)
    wide: float
    style: Style = TEXT
    lines: int = 4
    right: bool = False


@dataclass(frozen=True)
class Text:
    """A line of text on its baseline, in millimetres from the left and from the top."""

    x: float
    y: float
    text: str = field(repr=False)
    style: Style


@dataclass(frozen=True)
class Bar:
    """A black rectangle; with a `frame` only its outline, that thick. A line is a thin one."""

    x: float
    y: float
    wide: float
    high: float
    frame: float = 0.0


@dataclass(frozen=True)
class Code:
    """A QR code."""

    x: float
    y: float
    size: float
    text: str


Mark = Text | Bar | Code


class Sheet:
    """Pages that are written from top to bottom. A page that is full is followed by one with the same heading.

    `contents` has the page on which each role begins, counted with a front page, which is written last.
    """

    def __init__(self, header: str) -> None:
        self.pages: list[list[Mark]] = []
        self.contents: list[tuple[str, int]] = []
        self.y = 0.0
        self._header = header
        self._marks: list[Mark] = []
        self._heading: tuple[str, str] = ("", "")
        self._columns: Sequence[Cell] = ()

    @property
    def left(self) -> float:
        """How much room is left on the page, in millimetres."""
        return HIGH - FOOT - self.y

    def page(self, role: str, title: str) -> None:
        """Begin a page for a role."""
        self._heading, self._columns = (role, title), ()
        self._new_page()
        self.contents.append((role, len(self.pages) + 1))

    def front(self) -> None:
        """Begin the page before all others."""
        self._marks, self.y = [], MARGIN
        self.pages.insert(0, self._marks)

    def finish(self, first: str, second: str) -> None:
        """Write the foot of each page: a line with the page's number, and a small one."""
        for number, page in enumerate(self.pages, 1):
            self._marks, self.y = [], HIGH - FOOT + 4
            self._line(0.2)
            self.y += 1
            self.put(MARGIN, first, LABEL, INNER - 32)
            self._right(f"page {number} of {len(self.pages)}", LABEL, 30)
            self.y += LABEL.line
            self.put(MARGIN, second, Style(7))
            page[:0] = self._marks

    def _new_page(self, *, again: bool = False) -> None:
        self._marks, self.y = [], MARGIN
        self.pages.append(self._marks)
        role, title = self._heading
        self.put(MARGIN, role.upper(), LABEL, 52)
        self._right(self._header, SMALL, INNER - 54)
        self.y += LABEL.line
        self.lines(title + (" (continued)" if again else ""), Style(18, bold=True), most=2)
        self.rule(1.0)

    def _right(self, text: str, style: Style, wide: float) -> None:
        line = next(wrapped(text, style, wide, 1), "")
        self._draw(WIDE - MARGIN - extent(line, style), self.y, line, style)

    def _line(self, thick: float) -> None:
        self._marks.append(Bar(MARGIN, self.y - thick / 2, INNER, thick))

    def put(self, x: float, text: str, style: Style, wide: float = INNER) -> None:
        """One line at the present height, cut with … where it is wider than it may be."""
        self._draw(x, self.y, next(wrapped(text, style, wide, 1), ""), style)

    def _draw(self, x: float, top: float, line: str, style: Style) -> None:
        self._marks.append(Text(x, top + style.size * POINT * 0.95, in_reading_order(line), style))

    def lines(self, text: str, style: Style = TEXT, *, most: int = 30, x: float = MARGIN, wide: float = INNER) -> None:
        """A paragraph, in at most so many lines."""
        for line in wrapped(text, style, wide, most):
            if self.left < style.line:
                self._continue()
            self._draw(x, self.y, line, style)
            self.y += style.line

    def remark(self, text: str) -> None:
        """A small line above what it explains."""
        self.lines(text, SMALL, most=3)
        self.y += 1.2

    def rule(self, thick: float = 0.3, gap: float = 1.6) -> None:
        """A line across the page."""
        self.y += gap * 0.6
        self._line(thick)
        self.y += gap + thick / 2

    def label(self, text: str, room: float = 18.0) -> None:
        """A heading inside a page, kept together with what follows."""
        if self.left < LABEL.line + room:
            self._continue()
        self.y += 2.2
        self.put(MARGIN, text.upper(), LABEL)
        self.y += LABEL.line
        self._line(0.5)
        self.y += 1.2

    def columns(self, *cells: Cell) -> None:
        """The heads of a table's columns, said again on each further page of it until `columns_done`."""
        self.y += 1.2
        if self.left < height(cells) + 12:
            self._continue()
        self._columns = cells
        self._row(cells)

    def columns_done(self) -> None:
        """The table is over."""
        self._columns = ()

    def row(self, *cells: Cell, mark: bool = False, room: float = 0.0) -> None:
        """A row as high as its highest cell, on one page. `mark` sets a bar beside it; `room` is kept below it."""
        if self.left < height(cells) + room:
            self._continue()
        if mark:
            self._marks.append(Bar(MARGIN - 3.2, self.y + 0.3, 1.8, height(cells) - 1.2))
        self._row(cells)

    def whole_row(self, *cells: Cell, mark: bool = False) -> None:
        """A row whose last cell is never shortened: what is too high goes on in further rows that name it again."""
        *heads, last = cells
        lines = list(wrapped(last.text, last.style, last.wide - 1.5, len(last.text) + 1))
        for at in range(0, len(lines), _PART):
            part = " ".join(lines[at : at + _PART])
            self.row(*heads, replace(last, text=part, lines=len(part) + 1), mark=mark)

    def _row(self, cells: Sequence[Cell]) -> None:
        x, top = MARGIN, self.y
        for cell in cells:
            for i, line in enumerate(wrapped(cell.text, cell.style, cell.wide - 1.5, cell.lines)):
                indent = cell.wide - 1.5 - extent(line, cell.style)
                self._draw(x + (indent if cell.right else 0), top + i * cell.style.line, line, cell.style)
            x += cell.wide
        self.y = top + height(cells)
        self._marks.append(Bar(MARGIN, self.y - 0.5, INNER, 0.1))

    def boxes(self, *figures: tuple[str, str]) -> None:
        """Large figures side by side, each with a word below it."""
        wide, tall = INNER / len(figures), 14.5
        for i, (figure, word) in enumerate(figures):
            x = MARGIN + i * wide
            self._marks.append(Bar(x, self.y, wide, tall, frame=0.4))
            for text, style, down in ((figure, Style(18, bold=True), 1.4), (word, SMALL, 9.6)):
                line = next(wrapped(text, style, wide - 2, 1), "")
                self._draw(x + (wide - extent(line, style)) / 2, self.y + down, line, style)
        self.y += tall + 1.5

    def code(self, text: str, x: float, y: float, size: float) -> None:
        """A QR code; black modules, so that it scans from a screen and from a print."""
        self._marks.append(Code(x, y, size, text))

    def _continue(self) -> None:
        self._new_page(again=True)
        if self._columns:
            self._row(self._columns)


def extent(line: str, style: Style) -> float:
    """How wide a line is, in millimetres."""
    return width(line, bold=style.bold) * style.size * POINT


def height(cells: Sequence[Cell]) -> float:
    """How high a row of these cells is."""
    return max(len(list(wrapped(c.text, c.style, c.wide - 1.5, c.lines))) * c.style.line for c in cells) + 1.3


def wrapped(text: str, style: Style, wide: float, most: int) -> Iterator[str]:
    """The lines that a text takes, broken between words, inside words that are too long, and cut with … at the end."""
    room = wide / (style.size * POINT)
    rest = shown(text)
    for number in range(1, most + 1):
        if width(rest, bold=style.bold) <= room:
            yield rest
            return
        line = _fitting(rest, room if number < most else room - width("…", bold=style.bold), bold=style.bold)
        if number == most:
            yield line.rstrip() + "…"
            return
        at = line.rfind(" ") if rest[len(line) : len(line) + 1] != " " else len(line)
        line = line[:at] if at > 0 else line
        yield line
        rest = rest[len(line) :].lstrip()


def _fitting(text: str, room: float, *, bold: bool) -> str:
    """The longest beginning that fits; at least one character."""
    used = 0.0
    for i, character in enumerate(text):
        used += width(character, bold=bold)
        if used > room:
            return text[: max(1, i)]
    return text
