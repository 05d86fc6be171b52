"""How much hangs on a vendor's data: the score of the platform's specification, 0 to 100."""

from collections.abc import Sequence

_CONTRACTS = ((10_000, 20), (5_000, 15), (1_000, 10), (0, 5))
_VOLUME = ((100, 20), (50, 15), (20, 10), (0, 5))
_AGE = ((30, 30), (14, 20), (7, 15), (3, 10), (1, 5))


def vendor_risk(upcoming: int, *, days_since_backup: float | None, contract_value: float = 0, volume: int = 0) -> float:
    """By weddings ahead, value of contracts in GBP, volume of messages, contracts and payments, and age of the newest
    recovery point (None: there is none). What is not known counts as nothing."""
    age = _AGE[0][1] if days_since_backup is None else _points(days_since_backup, _AGE)
    return float(min(30, 10 * upcoming) + _points(contract_value, _CONTRACTS) + _points(volume, _VOLUME) + age)


def _points(value: float, steps: Sequence[tuple[int, int]]) -> int:
    return next((points for more_than, points in steps if value > more_than), 0)
