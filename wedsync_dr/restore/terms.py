"""How a restore is asked for: how far it goes, which rows, as of when, and what the operator agrees to lose."""

from dataclasses import dataclass
from datetime import datetime

from wedsync_dr.restore.difference import Mode


@dataclass(frozen=True)
class Consent:
    """What the operator agrees to; without it the plan names the same things as conflicts.

    `unlinked`: links to rows that no recovery point holds are set to NULL. `dirty`: rows that broke their own
    constraints in the source are written as they were.
    """

    unlinked: bool = False
    dirty: bool = False


NOTHING = Consent()


@dataclass(frozen=True)
class Terms:
    """What is asked of a restore. Whoever carries out a plan does it on the plan's own terms."""

    mode: Mode = Mode.merge
    tables: tuple[str, ...] = ()
    as_of: datetime | None = None
    consent: Consent = NOTHING


MERGE = Terms()
