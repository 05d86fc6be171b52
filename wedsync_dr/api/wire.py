"""How values look on the wire: camelCase, instants in ISO 8601 with Z."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

MEDIA_TYPE = "application/vnd.wedsync-dr.v1+json"
"""The media type with its version; it and plain JSON are the same thing."""


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
