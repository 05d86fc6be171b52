"""What the vault and the keyring need of a place that keeps bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from wedsync_dr.errors import MalformedId

_KEY = re.compile(r"(?!\.)[A-Za-z0-9_.~%-]+(/(?!\.)[A-Za-z0-9_.~%-]+)*\Z")


@dataclass(frozen=True)
class ObjectInfo:
    """An object that is there."""

    key: str
    bytes: int


class ObjectStore(Protocol):
    """Named bytes, written once.

    An implementation promises that
    * an object is visible either whole or not at all, also after a crash;
    * a `put` that returned is seen by every later `get`, `stat` and `list`, also after a crash;
    * `put` never replaces an object, not even with the same bytes: ObjectExists;
    * `list` gives every object whose key begins with the prefix, in the order of their keys;
    * `get` and `delete` of an object that is not there raise ObjectMissing;
    * what cannot be done because the place is full, read-only or gone raises VaultUnavailable.
    """

    def put(self, key: str, data: bytes) -> None: ...
    def get(self, key: str) -> bytes: ...
    def stat(self, key: str) -> ObjectInfo | None: ...
    def list(self, prefix: str) -> Iterator[ObjectInfo]: ...
    def delete(self, key: str) -> None: ...


def check_key(key: str) -> str:
    """The key itself; MalformedId unless it is names of `[A-Za-z0-9_.~%-]` joined by `/`, none beginning with a dot."""
    if not _KEY.match(key):
        raise MalformedId(
            f"{key[:80]!r} cannot be the key of an object.", remedy="This is a defect of wedsync_dr; report it."
        )
    return key
