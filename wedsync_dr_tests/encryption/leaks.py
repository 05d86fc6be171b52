"""Whether a secret shows in anything that could be printed."""

import base64
import traceback
from collections.abc import Iterable


def shown(secret: bytes, texts: Iterable[str]) -> bool:
    """Whether a text holds the secret, or half of it, in one of the ways in which bytes are written down."""
    forms = {
        part for half in (secret[:16], secret[16:]) for part in (half.hex(), repr(half)[2:-1], str(list(half))[1:-1])
    }
    forms |= {base64.b64encode(secret).decode()[:20]}
    return any(form in text for text in texts for form in forms)


def prints_of(thing: object) -> list[str]:
    return [repr(thing), str(thing), f"{thing}", repr([thing]), repr(vars(type(thing)))]


def traceback_with_locals(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
