"""How a restore is asked for: how far it goes, which rows, as of when, and what the operator agrees to lose."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote

from wedsync_dr.errors import MalformedId
from wedsync_dr.restore.difference import Mode


@dataclass(frozen=True)
class Consent:
    """What the operator agrees to; without it the plan names the same things as conflicts.

    `unlinked`: links to rows that no recovery point holds are set to NULL. `dirty`: rows that broke their own
    constraints in the source are written as they were. `drift`: what has no place in today's schema, or comes out
    different, is left behind.
    """

    unlinked: bool = False
    dirty: bool = False
    drift: bool = False


NOTHING = Consent()


@dataclass(frozen=True)
class RowChoice:
    """A row by its table, as `guests` or `public.guests`, and the values of its key in text form."""

    table: str
    key: tuple[str, ...] = field(repr=False)


def parse_rows(text: str) -> tuple[RowChoice, ...]:
    """Rows as a person names them: `guests=311,312`; parts of a composite key are joined by `~`, each
    percent-encoded where it holds a comma, a tilde or a percent sign.

    Raises MalformedId.
    """
    table, equals, keys = text.partition("=")
    if not (table.strip() and equals and all(keys.split(","))):
        raise MalformedId(
            "Rows are named as guests=311,312.", remedy="Write TABLE=KEY,KEY with keys as `diff` prints them."
        )
    return tuple(
        RowChoice(table.strip(), tuple(unquote(part) for part in key.strip().split("~"))) for key in keys.split(",")
    )


@dataclass(frozen=True)
class Terms:
    """What is asked of a restore. Whoever carries out a plan does it on the plan's own terms.

    `schema` is where a copy makes its tables.
    """

    mode: Mode = Mode.merge
    tables: tuple[str, ...] = ()
    rows: tuple[RowChoice, ...] = ()
    as_of: datetime | None = None
    consent: Consent = NOTHING
    schema: str | None = None


MERGE = Terms()
