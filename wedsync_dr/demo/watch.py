"""What may crash and is to go on: started again when it has ended by itself, each time after a longer wait."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wedsync_dr.errors import DisasterRecoveryError

LONGEST_S = 60.0
CALM_S = 600.0


@dataclass(frozen=True)
class Part:
    """Something that runs until it ends by itself, and how to start it again."""

    name: str
    alive: Callable[[], bool]
    start: Callable[[], None]


@dataclass
class _Case:
    """How often a part has crashed of late, when it was last started, and until when it waits."""

    crashes: int = 0
    started: float = float("-inf")
    until: float | None = None


class Watch:
    """Keeps parts alive. Who crashes at once, again and again, waits ever longer, up to a minute; ten minutes of life
    make that forgotten. What has crashed and what was started is said."""

    def __init__(self, parts: Sequence[Part], say: Callable[[str], None]) -> None:
        self._parts, self._say = parts, say
        self._cases = {part.name: _Case() for part in parts}

    def look(self, now: float) -> None:
        """Start what has ended and has waited enough. The earlier parts come first: the later ones need them."""
        for part in self._parts:
            if not part.alive():
                self._mend(part, self._cases[part.name], now)

    def _mend(self, part: Part, case: _Case, now: float) -> None:
        if case.until is None:
            case.crashes = case.crashes + 1 if now - case.started < CALM_S else 1
            wait = wait_before(case.crashes)
            case.until = now + wait
            self._say(f"{part.name} ended by itself; it is started again {f'in {wait:.0f} s' if wait else 'now'}.")
        if now >= case.until:
            case.started, case.until = now, None
            self._start(part)

    def _start(self, part: Part) -> None:
        try:
            part.start()
        except DisasterRecoveryError as error:
            self._say(f"{part.name} does not start: {error}")
        else:
            self._say(f"{part.name} was started again.")


def wait_before(crashes: int) -> float:
    """How long to wait after so many crashes: 0, 1, 3, 7 … 60 s."""
    return float(min(LONGEST_S, 2.0 ** (crashes - 1) - 1))
