"""How old a row is, without looking at anything but its xmin: the number of the transaction that wrote it.

A transaction that is older than every one that ran when a snapshot was taken had ended by then, so that snapshot saw
what it wrote. Numbers say this only within one life of one server: a restored, copied, rewound or crashed one may give
them a second time. `docs/decisions.md` has the proof and what it rests on.
"""

from dataclasses import dataclass

from wedsync_dr.model import Horizon
from wedsync_dr.source.reader import Reader

_EPOCH = 2**32
_FIRST_NORMAL = 3  # smaller numbers stand for what was written before numbers were kept
_NOW = """
SELECT concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), extract(epoch FROM stats_reset), d.oid),
       pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint
FROM pg_stat_bgwriter, pg_database d, pg_current_snapshot() s WHERE d.datname = current_database()
"""


@dataclass(frozen=True)
class Ages:
    """The age of every row that a transaction sees. `xmax`: no transaction from this one on is seen.

    The server's statistics are reset when it recovers from a crash, so that `horizon.server` is another one afterwards.
    """

    horizon: Horizon
    xmax: int

    def settled(self, xmin: int, earlier: Horizon) -> bool:
        """Whether a row that is seen now with this `xmin` was seen, as it is, at an earlier horizon as well.

        False also where that is only not certain.
        """
        now = self.horizon
        if (now.server, now.shape) != (earlier.server, earlier.shape) or earlier.xmin > now.xmin:
            return False
        return xmin >= _FIRST_NORMAL and self._latest(xmin) < earlier.xmin

    def _latest(self, xmin: int) -> int:
        """The latest transaction before `xmax` that has this number modulo 2^32: a frozen row's may be far older."""
        last = self.xmax - 1
        return last - (last - xmin) % _EPOCH


def ages_of(reader: Reader, shape: str) -> Ages:
    """The ages that a reader's transaction can tell while tables, rules and tool have this shape."""
    ((server, xmin, xmax),) = reader.rows(_NOW)
    return Ages(Horizon(server, shape, xmin), xmax)
