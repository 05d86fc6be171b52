"""How values look on the wire: camelCase, instants in ISO 8601 with Z."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

MEDIA_TYPE = "application/vnd.wedsync-dr.v1+json"
"""The media type with its version; it and plain JSON are the same thing."""
_DAY_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def _instant(given: object) -> datetime:
    """An instant as RFC 3339 writes it; UTC where no offset is given. Never a bare number or a day."""
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) and _DAY_AND_TIME.match(given) else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError("write it as 2026-11-24T08:30:00Z")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Instant = Annotated[datetime, BeforeValidator(_instant)]
"""An instant that a caller gives."""


class Wire(BaseModel):
    """A document of the API."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Asked(Wire):
    """A document that a caller sends: a field that there is not is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


def example(document: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What a route's `responses` are to say of its answer with 200."""
    return answer(200, document)


def answer(status: int, document: dict[str, Any], what: str = "Done.") -> dict[int | str, dict[str, Any]]:
    """What a route's `responses` are to say of one answer: what it means, and one that could be."""
    return {status: {"description": what, "content": {"application/json": {"example": document}}}}
