"""A platform that is used: weddings change, move, come and go, and the database fails now and then."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from wedsync_dr.demo.accident import destroy
from wedsync_dr.demo.dice import Dice
from wedsync_dr.errors import DisasterRecoveryError, SourceUnreachable
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.survey import Source
from wedsync_dr.source.session import Session, connect
from wedsync_dr.source.translation import translated

_IDS = "SELECT id::text FROM public.weddings ORDER BY id"
_CHANGE = "UPDATE public.guests SET remark = %s WHERE wedding_id = %s"
_MOVE = "UPDATE public.weddings SET wedding_date = current_date + %s::int WHERE id = %s"
_ADD = """
INSERT INTO public.weddings (title, wedding_date, time_zone) VALUES ('Elopement', current_date + %s::int, 'UTC')
"""
_NEXT_DAYS = (0, 1, 3, 6, 20, 40, 200)


@dataclass
class Churn:
    """What was done so far."""

    done: Counter[str] = field(default_factory=Counter)
    failures: int = 0

    def said(self) -> str:
        parts = [f"{count} {what}" for what, count in sorted(self.done.items())]
        return ", ".join([*parts, f"the database failed {self.failures} times"])


def churn(
    source: Source, *, minutes: float, share: float, failures: int, seed: str, say: Callable[[str], None]
) -> Churn:
    """Change a share of all weddings each minute, move, add and delete one now and then, and crash the database so
    many times on the way. Ends on time, or with Ctrl-C."""
    dice, seen, started = Dice(seed), Churn(), time.monotonic()
    crashes = [minutes * 60 * (number + 1) / (failures + 1) for number in range(failures)]
    with suppress(KeyboardInterrupt):
        while (passed := time.monotonic() - started) < minutes * 60:
            with suppress(SourceUnreachable):
                _a_minute(source, dice, seen, share)
            if crashes and passed >= crashes[0]:
                crashes.pop(0)
                _crash(source)
                seen.failures += 1
            say(f"{passed / 60:.0f} min: {seen.said()}")
            time.sleep(max(0.0, min(60.0, minutes * 60 - (time.monotonic() - started))))
    return seen


def _a_minute(source: Source, dice: Dice, seen: Churn, share: float) -> None:
    with connect(source.url, name="the couples") as connection, translated():
        ids = [str(row[0]) for row in connection.execute(_IDS).fetchall()]
        for _ in range(max(1, round(len(ids) * share))):
            changed = connection.execute(_CHANGE.encode(), [f"remark {dice.id()}", dice.pick(ids)])
            seen.done["guests changed"] += changed.rowcount
        connection.execute(_MOVE.encode(), [dice.pick(_NEXT_DAYS), dice.pick(ids)])
        connection.execute(_ADD.encode(), [dice.pick(_NEXT_DAYS)])
        seen.done.update(("dates moved", "weddings added"))
    if dice.chance(0.2):
        destroy(source, ScopeId.of_key(Kind.WEDDING, dice.pick(ids)))
        seen.done["weddings deleted"] += 1


def _crash(source: Source) -> None:
    """Kill a server process, as the kernel does when memory is short: PostgreSQL ends all others and recovers."""
    with suppress(DisasterRecoveryError), connect(source.url, name="the crash") as connection:
        os.kill(_pid(connection), signal.SIGKILL)


def _pid(connection: Session) -> int:
    return connection.info.backend_pid
