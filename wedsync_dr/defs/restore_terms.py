"""The part of the restore form that says how far it goes, which rows, and what is agreed to."""

from datetime import datetime
from enum import Enum

import dagster as dg
from pydantic import Field

from wedsync_dr.restore import terms
from wedsync_dr.restore.difference import Mode


class RestoreMode(Enum):
    """How rows come back. Dagster's forms speak an enum's names, so they are its values."""

    merge = "merge"
    replace = "replace"


class Terms(dg.Config):
    """Everything of `restore.terms.Terms` but the instant."""

    mode: RestoreMode = Field(
        default=RestoreMode.merge,
        description="merge: insert the rows that are missing, change no other. "
        "replace: the rows become exactly the snapshot's; a safety snapshot is taken first.",
    )
    tables: list[str] = Field(
        default=[], description="Only these, e.g. `guests`, `public.guests`, `seat*`. Empty: all tables."
    )
    allow_unlinked: bool = Field(
        default=False,
        description="Set links to NULL whose rows no recovery point holds; the plan counts them. Else it is refused.",
    )
    allow_dirty: bool = Field(
        default=False,
        description="Write rows that broke their own constraints in the source, as they were. Else it is refused.",
    )
    accept_drift: bool = Field(
        default=False,
        description="Leave behind what has no place in today's schema, or take it as it is cast. Else it is refused.",
    )
    rows: list[str] = Field(
        default=[], description="Only these rows, by key, e.g. `guests=311,312`; parts of a composite key joined by ~."
    )

    def terms(self, as_of: datetime | None) -> terms.Terms:
        """How the restore is asked for. Raises MalformedId where rows are not named as they should be."""
        consent = terms.Consent(unlinked=self.allow_unlinked, dirty=self.allow_dirty, drift=self.accept_drift)
        rows = tuple(choice for text in self.rows for choice in terms.parse_rows(text))
        return terms.Terms(Mode(self.mode.value), tuple(self.tables), rows, as_of, consent)
