"""In which order the platform comes back: what all rely on, then weddings, the most urgent first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from wedsync_dr.model import Kind, Tier
from wedsync_dr.restore.inventory import Wanted
from wedsync_dr.schedule.policy import URGENCY

CHUNK_SCOPES = 120
CHUNK_BYTES = 6 * 2**20  # sealed; about four times as much text
MANY_ROWS = 20_000_000  # from here on scans of what is there already are too slow to wait for the indexes
ROWS_A_SECOND = 50_000  # what a plan's estimate goes by; measured in docs/benchmarks.md


class Order(Enum):
    """`urgent`: the day's weddings are usable while the rest still loads; `fast`: everything as soon as possible."""

    urgent = "urgent"
    fast = "fast"


@dataclass(frozen=True)
class Wave:
    """Scopes that are recovered together."""

    name: str
    tier: Tier | None
    wanted: tuple[Wanted, ...]

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.wanted)

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.wanted)


def waves_of(wanted: Iterable[Wanted]) -> list[Wave]:
    """Platform rows, vendors, then weddings by tier; waves without scopes are left out."""
    given = list(wanted)
    kinds = {"platform": Kind.PLATFORM, "vendors": Kind.VENDOR}
    waves = [Wave(name, None, tuple(w for w in given if w.scope.kind is kind)) for name, kind in kinds.items()]
    weddings = [one for one in given if one.scope.kind is Kind.WEDDING]
    waves += [Wave(tier.value, tier, tuple(w for w in weddings if w.tier is tier)) for tier in URGENCY]
    return [wave for wave in waves if wave.wanted]


def early(waves: Sequence[Wave]) -> list[Wave]:
    """The waves that must be there before anybody can use a wedding of the day."""
    return [wave for wave in waves if wave.tier in (None, Tier.DAY_OF)]


def chunks(wave: Wave, parts: int) -> Iterator[tuple[Wanted, ...]]:
    """A wave in portions of one transaction each: at least as many as `parts` if it has the scopes, bounded in size."""
    most = min(CHUNK_SCOPES, max(1, -(-len(wave.wanted) // parts)))
    held: list[Wanted] = []
    size = 0
    for one in sorted(wave.wanted, key=lambda one: -one.bytes):
        if held and (len(held) >= most or size + one.bytes > CHUNK_BYTES):
            yield tuple(held)
            held, size = [], 0
        held.append(one)
        size += one.bytes
    if held:
        yield tuple(held)
