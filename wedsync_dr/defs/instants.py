"""Instants as people write them into a form."""

from datetime import UTC, datetime

from wedsync_dr.errors import MalformedId


def instant_of(text: str) -> datetime | None:
    """The instant that a form's `as_of` says; None where it is empty. Raises MalformedId where it is none."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MalformedId("`as_of` is not an instant.", remedy="Write it as 2026-06-05T10:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
