"""Where the next page begins: opaque to callers, and it reveals nothing that the page did not show."""

import base64
import binascii
import json
from typing import Annotated

from fastapi import Query

from wedsync_dr.api.listing import Entry
from wedsync_dr.api.problems import not_found

Cursor = Annotated[str | None, Query(max_length=600, description="`nextCursor` of the page before.")]


def cursor_of(entry: Entry) -> str:
    """The cursor of the page that follows an entry."""
    return base64.urlsafe_b64encode(json.dumps(entry).encode()).decode().rstrip("=")


def position(cursor: str | None) -> Entry | None:
    """The entry that a cursor is of. Raises the refusal of what is not there where nobody gave it out."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        found = None
    if not isinstance(found, list) or len(found) != 3 or not all(isinstance(one, str) for one in found):
        raise not_found()
    return found[0], found[1], found[2]
