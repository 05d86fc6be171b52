"""What the vault and the keyring need of a place that keeps bytes."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from wedsync_dr.errors import DisasterRecoveryError, MalformedId

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


@runtime_checkable
class GroupStore(ObjectStore, Protocol):
    """A store that makes many objects durable for less than each of them alone costs."""

    def put_all(self, objects: Mapping[str, bytes]) -> dict[str, DisasterRecoveryError]:
        """Put objects; those that could not be put, and why. All others are as after a `put`."""
        ...


def put_all(store: ObjectStore, objects: Mapping[str, bytes], puts: Executor) -> dict[str, DisasterRecoveryError]:
    """Put many objects, in any order: at once where the store can, else each by itself, several at a time.

    Returns those that could not be put, and why; all others are as after a `put`.
    """
    if isinstance(store, GroupStore):
        return store.put_all(objects)

    def put(item: tuple[str, bytes]) -> DisasterRecoveryError | None:
        try:
            store.put(*item)
        except DisasterRecoveryError as error:
            return error
        return None

    outcomes = zip(objects, puts.map(put, objects.items()), strict=True)
    return {key: error for key, error in outcomes if error is not None}


def check_key(key: str) -> str:
    """The key itself; MalformedId unless it is names of `[A-Za-z0-9_.~%-]` joined by `/`, none beginning with a dot."""
    if not _KEY.match(key):
        raise MalformedId(
            f"{key[:80]!r} cannot be the key of an object.", remedy="This is a defect of wedsync_dr; report it."
        )
    return key
