"""Chance that repeats itself: the same seed gives the same platform."""

import random
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import TypeVar

from wedsync_dr.demo.texts import HOSTILE

T = TypeVar("T")


class Dice:
    """Random values from a seed; texts come out as COPY reads them."""

    __slots__ = ("_bits", "_random")

    def __init__(self, seed: str) -> None:
        source = random.Random(seed)
        self._random, self._bits = source.random, source.getrandbits

    def id(self) -> str:
        """A version 4 UUID."""
        digits = f"{self._bits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def pick(self, pool: Sequence[T]) -> T:
        """One of the pool."""
        return pool[int(self._random() * len(pool))]

    def some(self, pool: Sequence[T], most: int) -> list[T]:
        """Between one and `most` different members of the pool, in the pool's order from a random start."""
        start, count = int(self._random() * len(pool)), 1 + int(self._random() * min(most, len(pool)))
        return [pool[(start + step) % len(pool)] for step in range(count)]

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self._random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self._random() * (high - low + 1))

    def words(self, pool: Sequence[str]) -> str:
        """One text of the pool; once in two hundred times a hostile one instead."""
        return self.pick(HOSTILE if self._random() < 0.005 else pool)

    def amount(self, low: int, high: int) -> str:
        """Money with two decimals."""
        cents = self.between(low * 100, high * 100)
        return f"{cents // 100}.{cents % 100:02d}"

    def moment(self, day: int) -> str:
        """A time of day on a day (as an ordinal), UTC."""
        second = int(self._random() * 86_400_000_000)
        minute, micro = divmod(second, 60_000_000)
        return f"{iso(day)} {minute // 60:02d}:{minute % 60:02d}:{micro // 1_000_000:02d}.{micro % 1_000_000:06d}+00"

    def octets(self, count: int) -> str:
        """A bytea of random bytes."""
        return f"\\\\x{self._bits(count * 8):0{count * 2}x}"

    def address(self) -> str:
        """An inet: version 4, or version 6, sometimes with a netmask."""
        bits = self._bits(32)
        if bits % 8 == 0:
            return f"2001:db8:{bits >> 16:x}::{bits & 0xFFFF:x}"
        mask = "/24" if bits % 8 == 1 else ""
        return f"10.{bits >> 24}.{(bits >> 16) & 255}.{(bits >> 8) & 255}{mask}"

    def point(self) -> str:
        """A point of the plane."""
        return f"({self._random() * 360 - 180},{self._random() * 180 - 90})"


@cache
def iso(day: int) -> str:
    """An ordinal as a date."""
    return date.fromordinal(day).isoformat()
