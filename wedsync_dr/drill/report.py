"""What a drill found: the values that the ledger keeps and that the faces show."""

from dataclasses import dataclass
from typing import Any

from wedsync_dr.drill.canary import Canary
from wedsync_dr.drill.sample import Pick

EVENT = "drilled"


@dataclass(frozen=True)
class Drilled:
    """One recovery point that was restored, or that was not: `problem` says why.

    `as_source` is whether the source holds the same now; None where it moved on or the point is not the newest.
    `target_s` is the tier's RTO; a scope without a tier has none.
    """

    pick: Pick
    seconds: float
    rows: int = 0
    as_source: bool | None = None
    problem: str = ""
    target_s: float | None = None

    @property
    def equal(self) -> bool:
        return not self.problem

    @property
    def in_time(self) -> bool:
        return self.target_s is None or self.seconds <= self.target_s

    def to_json(self) -> dict[str, Any]:
        """Ids, counts and seconds."""
        return {
            "kind": self.pick.scope.kind.value,
            "scope_id": self.pick.scope.id,
            "snapshot_id": self.pick.snapshot_id,
            "tier": self.pick.tier.value if self.pick.tier else None,
            "newest": self.pick.newest,
            "equal": self.equal,
            "as_source": self.as_source,
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "target_seconds": self.target_s,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Whole:
    """The whole platform, rebuilt: whether everything was as it was sealed, and when each tier was usable."""

    whole: bool
    tables: int
    seconds: float
    rto: tuple[dict[str, Any], ...] = ()
    problem: str = ""

    @property
    def ok(self) -> bool:
        return self.whole and all(tier["met"] for tier in self.rto)


@dataclass(frozen=True)
class DrillReport:
    """A drill. `control_refused` is whether a damaged copy was refused, without which nothing else counts."""

    seed: int
    results: tuple[Drilled, ...]
    canary: Canary
    control_refused: bool
    seconds: float = 0.0
    whole: Whole | None = None

    @property
    def problems(self) -> list[str]:
        """All that is wrong, a sentence each; a drill that restored nothing has proven nothing."""
        found = [f"{one.pick.scope} {one.pick.snapshot_id}: {one.problem}" for one in self.results if one.problem]
        found += [f"{one.pick.scope}: {_too_slow(one)}" for one in self.results if one.equal and not one.in_time]
        if not self.results and self.whole is None:
            found.append("There was no recovery point to restore.")
        if not self.canary.equal:
            found.append(f"The canary: {self.canary.problem}")
        if not self.control_refused:
            found.append("A damaged copy was accepted: this drill proves nothing.")
        if self.whole and not self.whole.ok:
            found.append(f"The whole platform: {self.whole.problem or 'a tier was usable later than its RTO'}.")
        return found

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The shape of the ledger's entry and of `wedsync-dr drill --json`."""
        return {
            "ok": self.ok,
            "seed": self.seed,
            "results": [one.to_json() for one in self.results],
            "canary": {
                "equal": self.canary.equal,
                "rows": self.canary.rows,
                "seconds": round(self.canary.seconds, 3),
                "problem": self.canary.problem,
            },
            "control_refused": self.control_refused,
            "whole": _whole_json(self.whole) if self.whole else None,
            "problems": self.problems,
            "seconds": round(self.seconds, 3),
        }


def _too_slow(one: Drilled) -> str:
    return f"restored in {one.seconds:.1f} s, later than its RTO of {one.target_s:.0f} s."


def _whole_json(whole: Whole) -> dict[str, Any]:
    return {
        "whole": whole.whole,
        "tables": whole.tables,
        "seconds": round(whole.seconds, 3),
        "rto": list(whole.rto),
        "problem": whole.problem,
    }
