"""How texts become bytes for ciphers and signatures: one way each."""

import json
from typing import Any

from wedsync_dr.errors import Damaged


def framed(*parts: str) -> bytes:
    """Parts with their lengths before them (two bytes, big-endian), so that no two lists give the same bytes."""
    return b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in parts)


def to_json(value: dict[str, Any]) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def from_json(data: bytes, name: str) -> dict[str, Any]:
    """A JSON object; Damaged if it is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Damaged(f"{name} is not JSON.", remedy="Bring it back from a copy.")
    return value
