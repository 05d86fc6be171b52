"""What lets a restore write, where it takes more than the operator's word."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Plan = TypeVar("Plan")


@dataclass(frozen=True)
class Permit(Generic[Plan]):
    """`claim` is called with the plan under lock, just before the first row is written, once: where it raises, nothing
    was changed. `request` stands in the ledger beside what was done.
    """

    request: str
    claim: Callable[[Plan], None]
