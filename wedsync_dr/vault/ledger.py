"""The ledger: everything done, in order, each entry signed and holding the digest of the one before."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count, takewhile
from threading import Lock
from typing import Any, Generic, TypeVar

from wedsync_dr.encryption.framing import from_json
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import Damaged, DisasterRecoveryError, KeyRefused, ObjectExists, ObjectMissing
from wedsync_dr.model import Finding, FindingCode, utc_text
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.manifests import digest, is_signed, signed
from wedsync_dr.vault.store import ObjectStore

__all__ = ["BEGINNING", "Follower", "Ledger", "LedgerEntry", "LedgerState"]

State = TypeVar("State")

BEGINNING = "0" * 64
_FOLDER = "ledger/"
_DIGITS = 12
_ENTRY = re.compile(rf"{_FOLDER}([0-9]{{{_DIGITS}}})\.json")


@dataclass(frozen=True)
class LedgerEntry:
    """One thing that was done. `digest` is what the next entry holds as `previous`."""

    sequence: int
    at: str
    event: str
    body: dict[str, Any]
    previous: str
    digest: str


class Ledger:
    """Append-only; any number of writers. What was read stays in memory, so that only new entries are read again."""

    def __init__(self, store: ObjectStore, signer: Signer, verifier: Verifier) -> None:
        self._store, self._signer, self._verifier = store, signer, verifier
        self._known = Follower(self, LedgerState, _add)
        self._tail: tuple[int, str] | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return "Ledger()"

    def __reduce__(self) -> tuple[type["Ledger"], tuple[ObjectStore, Signer, Verifier]]:
        return Ledger, (self._store, self._signer, self._verifier)

    def append(self, event: str, body: dict[str, Any], at: datetime) -> LedgerEntry:
        """Add an entry after the last one; when another writer was faster, after that one's.

        A damaged last entry does not stop it: the next one follows those bytes, and `check` names the damage.
        """
        with self._lock:
            sequence, previous = self._tail or self._find_tail()
            while True:
                entry = self._made(sequence, utc_text(at), event, body, previous)
                try:
                    self._store.put(_key(sequence), entry[1])
                except ObjectExists:
                    sequence, previous = sequence + 1, digest(self._store.get(_key(sequence)))
                    continue
                self._tail = (sequence + 1, entry[0].digest)
                return entry[0]

    def require_ours(self) -> None:
        """Raises KeyRefused where there are entries and none of them is signed by this keyring: it is another vault's.

        Reads one entry, unless that one is damaged.
        """
        if self._is_ours(0) or not (numbers := self._numbers()) or any(map(self._is_ours, reversed(numbers))):
            return
        raise KeyRefused(
            "This keyring has signed no entry of the vault's ledger: it belongs to another vault.",
            remedy="Point WEDSYNC_KEYRING_URL to the keyring of this vault, or WEDSYNC_VAULT_URL to the keyring's.",
        )

    def _is_ours(self, number: int) -> bool:
        try:
            self._entry(number)
        except (Damaged, ObjectMissing):
            return False
        return True

    def entries(self, start: int = 0) -> Iterator[LedgerEntry]:
        """The entries from a number on. Raises Damaged at the first that is missing or not what was written."""
        for expected, number in enumerate((number for number in self._numbers() if number >= start), start):
            if number != expected:
                raise _broken(f"Ledger entry {expected} is missing.")
            yield self._entry(number)

    def readable(self, start: int = 0) -> Iterator[LedgerEntry]:
        """The entries from a number on that are what was written, whatever else is damaged or missing."""
        for number in (number for number in self._numbers() if number >= start):
            try:
                yield self._entry(number)
            except (Damaged, ObjectMissing):
                continue

    def check(self) -> Iterator[Finding]:
        """Read the whole chain: gaps, broken links, bad signatures, foreign files. It reports and never raises."""
        try:
            keys = [info.key for info in self._store.list(_FOLDER)]
        except DisasterRecoveryError as error:
            yield Finding(FindingCode.UNREADABLE, str(error))
            return
        for key in keys:
            if _number(key) is None:
                yield Finding(FindingCode.FOREIGN_FILE, "This file is not wedsync_dr's; it is left alone.", object=key)
        yield from self._check_chain([number for key in keys if (number := _number(key)) is not None])

    def _check_chain(self, numbers: list[int]) -> Iterator[Finding]:
        previous, following = BEGINNING, 0
        for number in numbers:
            try:
                entry = self._entry(number)
            except DisasterRecoveryError as error:
                yield _finding(number, str(error))
                if number == following:
                    previous, following = "", number + 1
                continue
            if number != following:
                yield _finding(number, f"Entries {following} to {number - 1} are missing.")
            elif previous not in (entry.previous, ""):
                yield _finding(number, f"Entry {number} does not follow the one before it.")
            previous, following = entry.digest, number + 1

    def known(self) -> LedgerState:
        """The state that all readable entries add up to; what `check` finds broken is left out of it, not believed."""
        return self._known.now()

    @property
    def read(self) -> int:
        """The number of the first entry that `known` has not read yet."""
        return self._known.read

    def following(self, number: int) -> Iterator[LedgerEntry]:
        """The entries from a number on that are what was written; but from 0, without listing those before."""
        for following in self._newer(number) if number else self._numbers():
            try:
                yield self._entry(following)
            except (Damaged, ObjectMissing):
                continue

    def has(self, number: int, of_digest: str) -> bool:
        """Whether the entry of a number is still the one with this digest: the vault may be another one, or a copy."""
        try:
            return digest(self._store.get(_key(number))) == of_digest
        except ObjectMissing:
            return False

    def _numbers(self) -> list[int]:
        """The numbers of all entries."""
        return [number for info in self._store.list(_FOLDER) if (number := _number(info.key)) is not None]

    def _newer(self, number: int) -> Iterator[int]:
        """The numbers of the entries that are there from a number on."""
        return takewhile(lambda one: self._store.stat(_key(one)) is not None, count(number))

    def _find_tail(self) -> tuple[int, str]:
        """The number after the last entry that is ours, and that entry's digest; a stray high number does not count."""
        for number in reversed(self._numbers()):
            try:
                return number + 1, self._entry(number).digest
            except (Damaged, ObjectMissing):
                continue
        return 0, BEGINNING

    def _made(
        self, sequence: int, at: str, event: str, body: dict[str, Any], previous: str
    ) -> tuple[LedgerEntry, bytes]:
        entry = {"sequence": sequence, "at": at, "event": event, "body": body, "previous": previous}
        data = signed(entry, self._signer)
        return LedgerEntry(sequence, at, event, body, previous, digest(data)), data

    def _entry(self, sequence: int) -> LedgerEntry:
        data = self._store.get(_key(sequence))
        entry = from_json(data, _key(sequence))
        if not is_signed(entry, self._verifier) or entry.get("sequence") != sequence:
            raise _broken(f"Ledger entry {sequence} is not what was written.")
        return LedgerEntry(sequence, entry["at"], entry["event"], entry["body"], entry["previous"], digest(data))


class Follower(Generic[State]):
    """A state that a ledger's readable entries add up to. What was read stays in memory; only new entries are read.

    Any number of threads may ask. All get the same state, which grows when it is next asked for.
    """

    def __init__(self, ledger: Ledger, new: Callable[[], State], add: Callable[[State, LedgerEntry], None]) -> None:
        self._ledger, self._new, self._add = ledger, new, add
        self._state, self._read, self._last = new(), 0, BEGINNING
        self._lock = Lock()

    @property
    def read(self) -> int:
        """The number of the first entry that is not in the state yet."""
        return self._read

    def now(self) -> State:
        """The state as the ledger is now."""
        with self._lock:
            if self._read and not self._ledger.has(self._read - 1, self._last):
                self._state, self._read = self._new(), 0
            for entry in self._ledger.following(self._read):
                self._add(self._state, entry)
                self._read, self._last = entry.sequence + 1, entry.digest
            return self._state


def _add(state: LedgerState, entry: LedgerEntry) -> None:
    state.add(entry.event, entry.body, entry.at)


def _key(sequence: int) -> str:
    return f"{_FOLDER}{sequence:0{_DIGITS}d}.json"


def _number(key: str) -> int | None:
    """The number of an entry; None for a file that is none."""
    found = _ENTRY.fullmatch(key)
    return int(found[1]) if found else None


def _finding(number: int, detail: str) -> Finding:
    return Finding(FindingCode.LEDGER_BROKEN, detail, object=_key(number))


def _broken(what: str) -> Damaged:
    return Damaged(
        what, remedy="Bring the ledger back from a copy of the vault; `wedsync-dr ledger check` names all damage."
    )
