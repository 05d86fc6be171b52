"""The first page: what a coordinator needs before anything else, on one page whatever the wedding."""

from collections.abc import Iterator

from wedsync_dr.pack import words
from wedsync_dr.pack.content import Answer, PackContent
from wedsync_dr.pack.sheet import (
    FOOT,
    HIGH,
    INNER,
    LABEL,
    MARGIN,
    SMALL,
    STRONG,
    TEXT,
    WIDE,
    Cell,
    Sheet,
    Style,
    height,
)

_CODE = 27.0  # millimetres
_TIME = 24.0
_REACHED = Style(10, bold=True)
_MOST_EVENTS = 6
_ROW, _LINE = height([Cell("x", INNER)]), TEXT.line + 2


def front_page(sheet: Sheet, content: PackContent) -> None:
    """Couple, day, whom to call, where, the critical moments, figures, money, and the code to check it all with."""
    wedding = content.wedding
    sheet.front()
    sheet.put(MARGIN, "EMERGENCY PACK", LABEL)
    sheet.y += LABEL.line
    sheet.lines(wedding.couple, Style(23, bold=True), most=2)
    ceremony = f" · ceremony {words.clock(wedding.ceremony, wedding.day)}" if wedding.ceremony else ""
    sheet.lines(words.day(wedding.day) + ceremony, Style(12.5, bold=True), most=2)
    sheet.rule(1.0)
    _figures(sheet, content)
    _where(sheet, content)
    _calls(sheet, content)
    _moments(sheet, content)
    _last_lines(sheet, content)
    _seal(sheet, content)


def _figures(sheet: Sheet, content: PackContent) -> None:
    answers = content.answers
    sheet.boxes(
        (f"{answers[Answer.COMING]}", "coming"),
        (f"{answers[Answer.OPEN]}", "no answer"),
        (f"{len(content.allergic)}", "with allergies"),
        (f"{len(content.tables)}", "tables"),
        (f"{len(content.booked)}", "vendors"),
    )


def _where(sheet: Sheet, content: PackContent) -> None:
    sheet.label("Where")
    venue = content.venue
    if venue is None:
        sheet.lines("No venue is recorded.", STRONG)
        return
    sheet.lines(venue.name or "Venue", STRONG, most=1)
    sheet.lines(venue.address or "no address known", most=2)
    if venue.access:
        sheet.lines(f"Access: {venue.access}", most=2)


def _calls(sheet: Sheet, content: PackContent) -> None:
    sheet.label("Call first")
    for role, name, how in _people(content):
        sheet.row(Cell(role, 26, LABEL, 1), Cell(name, 50, TEXT, 2), Cell(how, INNER - 76, _REACHED, 2))


def _people(content: PackContent) -> Iterator[tuple[str, str, str]]:
    wedding, venue = content.wedding, content.venue
    if wedding.coordinator:
        yield "Coordinator", wedding.coordinator, wedding.coordinator_phone or "no phone known"
    yield "Couple", wedding.couple, wedding.phone or wedding.email or "no phone known"
    if venue and (venue.phone or venue.contact):
        yield "Venue", venue.contact or venue.name, venue.phone
    for vendor in [one for one in content.booked if one.phone][:2]:
        yield vendor.role or "Vendor", vendor.contact or vendor.name, vendor.phone


def _moments(sheet: Sheet, content: PackContent) -> None:
    critical = [event for event in content.timeline if event.critical] or list(content.timeline)
    sheet.label("The moments that must not slip")
    if not critical:
        sheet.lines("No timeline is recorded.")
    shown = critical[: max(2, min(_MOST_EVENTS, int((_room(sheet) - 3 * _LINE) / _ROW)))]
    for event in shown:
        time = words.clock(event.at, content.wedding.day)
        where = Cell(event.place, INNER - _TIME - 58, SMALL, 1)
        sheet.row(Cell(time, _TIME, STRONG, 1), Cell(event.title, 58, TEXT, 1), where)
    if len(critical) > len(shown):
        sheet.lines(f"… and {len(critical) - len(shown)} more on the coordinator's pages", SMALL)


def _last_lines(sheet: Sheet, content: PackContent) -> None:
    """Money and weather, in what is left above the code."""
    lines = [
        f"To pay: {words.counted(len(content.payments), 'payment')}, {words.sums(content.payments) or 'sums inside'}"
    ]
    if not content.payments:
        lines = ["Nothing is left to pay."]
    if rain := content.plans.get("weather"):
        lines.append(f"If it rains: {rain}")
    for line in lines:
        if _room(sheet) > TEXT.line:
            sheet.y += 0.6
            sheet.lines(line, most=2 if _room(sheet) > 2 * TEXT.line else 1)


def _room(sheet: Sheet) -> float:
    """What is left above the code, in millimetres."""
    return HIGH - FOOT - _CODE - sheet.y


def _seal(sheet: Sheet, content: PackContent) -> None:
    top, wide = HIGH - FOOT - _CODE, INNER - _CODE - 4
    sheet.code(words.seal(content), WIDE - MARGIN - _CODE, top, _CODE)
    sheet.y = top + 1.5
    sheet.put(MARGIN, "INSIDE", LABEL)
    sheet.y += LABEL.line
    inside = " · ".join(f"{role} {number}" for role, number in sheet.contents)
    sheet.lines(inside, SMALL, most=3, wide=wide)
    sheet.y += 1
    sheet.lines("The code names the recovery point and its SHA-256. Later changes are not in here.", Style(8),
                most=2, wide=wide)  # fmt: skip
