"""The pages behind the first one, each for one role."""

from collections import Counter
from collections.abc import Iterator, Sequence

from wedsync_dr.pack import words
from wedsync_dr.pack.content import Answer, Guest, PackContent
from wedsync_dr.pack.script import UNKNOWN, shown
from wedsync_dr.pack.sheet import INNER, LABEL, SMALL, STRONG, Cell, Sheet, Style

_TIME, _TITLE = 24.0, 58.0
_SMALL_STRONG = Style(9.5, bold=True)
_NAME = Style(10.5, bold=True)


def coordinator(sheet: Sheet, content: PackContent) -> None:
    """The day from beginning to end, critical moments marked, and everybody's number."""
    sheet.page("Coordinator", "The day, hour by hour")
    if not content.timeline:
        sheet.lines("No timeline is recorded.")
    else:
        sheet.remark("A black bar marks what must not slip.")
    for event in content.timeline:
        style = STRONG if event.critical else Style(11)
        sheet.row(
            Cell(words.clock(event.at, content.wedding.day), _TIME, STRONG),
            Cell(event.title, _TITLE, style),
            Cell(words.place(event), INNER - _TIME - _TITLE, SMALL),
            mark=event.critical,
        )
    if content.booked:
        sheet.label("Who arrives when")
    for vendor in content.booked:
        sheet.row(
            Cell(words.clock(vendor.arrival, content.wedding.day), _TIME, STRONG),
            Cell(f"{vendor.name}" + (f", {vendor.role}" if vendor.role else ""), 46),
            Cell(words.reached(vendor), INNER - _TIME - 46, _SMALL_STRONG),
        )
    if content.wedding.note:
        sheet.label("Note")
        sheet.lines(content.wedding.note, most=20)


def caterer(sheet: Sheet, content: PackContent) -> None:
    """Allergies first, then what to cook, then what goes to which table."""
    sheet.page("Caterer", "Meals and allergies")
    allergic = content.allergic
    sheet.label(f"Allergies and intolerances: {words.counted(len(allergic), 'guest')}")
    if not allergic:
        sheet.lines("None is recorded. Ask the couple before you rely on it.")
    for guest in allergic:
        what = "; ".join(map(words.need, guest.allergies))
        seat, name = Cell(words.seat(guest), 30, SMALL), Cell(guest.name, 38, _NAME)
        sheet.whole_row(seat, name, Cell(what, INNER - 68, STRONG), mark=True)
    _meals(sheet, content)
    others = [guest for guest in content.expected if len(guest.needs) > len(guest.allergies)]
    if others:
        sheet.label("Other wishes")
    for guest in others:
        what = "; ".join(words.need(one) for one in guest.needs if not one.allergy)
        seat, name = Cell(words.seat(guest), 30, SMALL), Cell(guest.name, 38, SMALL)
        sheet.whole_row(seat, name, Cell(what, INNER - 68, SMALL))


def _meals(sheet: Sheet, content: PackContent) -> None:
    sheet.label("Meals to serve, by table")
    meals = sorted({guest.meal for guest in content.expected if guest.meal})[:6]
    kinds = [*meals, ""] if any(not guest.meal for guest in content.expected) else meals
    if not kinds:
        sheet.lines("No guest is recorded.")
        return
    wide = min(22.0, (INNER - 40) / (len(kinds) + 1))
    sheet.columns(
        Cell("", 40, LABEL),
        *(Cell(kind or "not chosen", wide, LABEL, 2, right=True) for kind in kinds),
        Cell("all", wide, LABEL, 1, right=True),
    )
    for table, guests in (*content.by_table(), ("Together", list(content.guests))):
        expected = [guest for guest in guests if guest.answer is not Answer.DECLINED]
        counts = Counter(guest.meal if guest.meal in meals else "" for guest in expected)
        style = STRONG if table == "Together" else Style(11)
        sheet.row(
            Cell(table or "no table", 40, style, 2),
            *(Cell(f"{counts[kind] or '·'}", wide, style, 1, right=True) for kind in kinds),
            Cell(f"{len(expected)}", wide, STRONG, 1, right=True),
        )
    sheet.columns_done()
    count = content.answers[Answer.OPEN]
    sheet.lines(f"Everybody is counted who has not declined; {words.counted(count, 'guest')} gave no answer.", SMALL)


def photographer(sheet: Sheet, content: PackContent) -> None:
    """The moments in order, the couple, and the families by size."""
    sheet.page("Photographer", "Moments and people")
    sheet.lines(content.wedding.couple, Style(13, bold=True), most=2)
    if content.venue:
        sheet.lines(f"{content.venue.name}, {content.venue.address}".strip(", "), most=2)
    sheet.label("Moments")
    for event in content.timeline:
        time = Cell(words.clock(event.at, content.wedding.day), _TIME, STRONG)
        sheet.row(
            time,
            Cell(event.title, _TITLE, STRONG if event.critical else Style(11)),
            Cell(event.place, INNER - _TIME - _TITLE, SMALL),
        )
    families: dict[str, list[Guest]] = {}
    for guest in content.expected:
        if guest.household:
            families.setdefault(guest.household, []).append(guest)
    if families:
        sheet.label("Families for group pictures")
    for name, members in sorted(families.items(), key=lambda one: (-len(one[1]), one[0].casefold())):
        if len(members) > 1:
            sheet.row(Cell(name, 36, _NAME, 2), Cell(", ".join(one.name for one in members), INNER - 36, SMALL, 6))


def guests(sheet: Sheet, content: PackContent) -> None:
    """Everybody from A to Z: where they sit, what they eat, what they must not."""
    answers = content.answers
    told = ", ".join(f"{answers[answer]} {answer.value}" for answer in Answer)
    sheet.page("Guests", "Guests from A to Z")
    sheet.lines(f"{words.counted(len(content.guests), 'guest')}: {told}. {words.LEGEND}", SMALL)
    heads = [("", 5.0), ("Name", 49.0), ("Table / seat", 30.0), ("Meal", 18.0), ("Does not eat", INNER - 102)]
    sheet.columns(*(Cell(name, wide, LABEL, 1) for name, wide in heads))
    for guest in content.guests:
        _guest(sheet, guest)
    sheet.columns_done()


def _guest(sheet: Sheet, guest: Guest) -> None:
    gone = guest.answer is Answer.DECLINED
    needs = ", ".join(one.what for one in guest.needs)
    table = f"{guest.table or 'no table'}{f' / {guest.seat}' if guest.seat else ''}"
    sheet.whole_row(
        Cell(words.MARKS[guest.answer], 5, SMALL, 1),
        Cell(guest.name, 49, SMALL if gone else _NAME, 3),
        Cell("" if gone else table, 30, SMALL, 2),
        Cell("" if gone else guest.meal, 18, SMALL, 2),
        Cell("" if gone else needs, INNER - 102, LABEL if guest.allergies else SMALL),
        mark=bool(guest.allergies) and not gone,
    )
    household = "" if guest.household in guest.name else guest.household
    more = " · ".join(part for part in (household, guest.phone, guest.note) if part)
    if more and not gone:
        sheet.row(Cell("", 5, SMALL, 1), Cell(more, INNER - 5, SMALL, 2))


def seating(sheet: Sheet, content: PackContent) -> None:
    """Each table with its guests by seat."""
    sheet.page("Tables", "Who sits where")
    if not content.tables:
        sheet.lines("No seating is recorded.")
    sheet.remark(words.LEGEND)
    for table, seated in content.by_table():
        sheet.label(f"{table or 'No table yet'} · {_seated(seated)}", room=24)
        for guest in seated:
            meal = ", ".join(part for part in (guest.meal, *(one.what for one in guest.needs)) if part)
            gone = guest.answer is Answer.DECLINED
            sheet.whole_row(
                Cell(guest.seat, 9, STRONG, 1),
                Cell(words.MARKS[guest.answer], 5, SMALL, 1),
                Cell(guest.name, 58, SMALL if gone else _NAME, 2),
                Cell("" if gone else meal, INNER - 72, LABEL if guest.allergies else SMALL),
                mark=bool(guest.allergies) and not gone,
            )


def _seated(seated: Sequence[Guest]) -> str:
    """`5 guests`, or `5 guests, 2 not coming`: a place is set for those who have not declined."""
    gone = sum(guest.answer is Answer.DECLINED for guest in seated)
    return words.counted(len(seated) - gone, "guest") + (f", {gone} not coming" if gone else "")


def papers(sheet: Sheet, content: PackContent) -> None:
    """Which documents there are, what this pack could not know, and how to check it."""
    sheet.page("Papers", "Documents and this pack")
    sheet.label(f"Documents on the platform: {len(content.documents)}")
    for one in content.documents:
        sheet.row(
            Cell(one.title, 76, _NAME, 3),
            Cell(one.kind, 26, SMALL, 2),
            Cell(words.short(one.day), INNER - 102, SMALL, 1),
        )
    gaps = [*content.gaps, *_unreadable(content)]
    if gaps:
        sheet.label("What this pack does not know")
    for gap in gaps:
        sheet.lines(f"· {gap}", SMALL, most=4)
    sheet.label("Is it genuine?")
    point = f"Recovery point {content.snapshot_id} of {content.scope}; SHA-256 of its manifest {content.digest}."
    check = "Whoever runs the platform compares it with `wedsync-dr ledger list --json`."
    sheet.lines(f"{point} {check}", SMALL, most=8)


def _unreadable(content: PackContent) -> Iterator[str]:
    """Names that are not printed in full."""
    for whose, people in (("guests", content.guests), ("vendors", content.vendors)):
        count = sum(UNKNOWN in shown(one.name) for one in people)
        if not count:
            continue
        names = words.counted(count, "name")
        yield f"{names} of {whose} in a script that these fonts do not have: {UNKNOWN} stands for what is not printed."
