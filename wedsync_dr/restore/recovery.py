"""What a recovery of the whole platform would do, and what it did: the values that the faces show."""

from dataclasses import dataclass
from typing import Any

from wedsync_dr.model import ScopeId, Tier, utc_text
from wedsync_dr.restore.inventory import Inventory
from wedsync_dr.restore.reading import Refused
from wedsync_dr.restore.rebuild import Dangling
from wedsync_dr.restore.target import Target, shown_lacks
from wedsync_dr.restore.waves import ROWS_A_SECOND, Order, Wave
from wedsync_dr.schedule.policy import DEFAULT, URGENCY, Policy
from wedsync_dr.vault.vault import SnapshotRef

_LISTS = ("waves", "rto", "fallbacks", "dangling", "refusals", "unproven")


@dataclass(frozen=True)
class RecoveryPlan:
    """Everything that applying would bring back, from where, and what stands in the way."""

    inventory: Inventory
    waves: tuple[Wave, ...]
    target: Target
    order: Order
    no_owner: bool

    @property
    def rows(self) -> int:
        return sum(wave.rows for wave in self.waves)

    def to_json(self) -> dict[str, Any]:
        """For people and programs: names, counts and instants."""
        inventory, around = self.inventory, self.inventory.schema.surroundings
        return {
            "target": {"database": self.target.identity.database, "version": self.target.identity.server_version},
            "as_of": utc_text(inventory.as_of),
            "order": self.order.value,
            "owners": not self.no_owner,
            "resumes": self.target.run is not None,
            "schema": {
                "snapshot_id": inventory.point.manifest.snapshot_id,
                "taken_at": utc_text(inventory.point.manifest.taken_at),
                "statements": len(inventory.schema.statements),
                "roles": [role.name for role in around.roles],
                "extensions": [one.name for one in around.extensions],
            },
            "waves": [_wave_json(wave) for wave in self.waves],
            "scopes": sum(len(wave.wanted) for wave in self.waves),
            "rows": self.rows,
            "bytes": sum(wave.bytes for wave in self.waves),
            "estimate_seconds": _estimate(self.rows),
            "lacks": shown_lacks(self.target.lacks),
            "warnings": list(self.target.warnings),
            "without_recovery_point": [str(scope) for scope in inventory.bare],
            "no_longer_there": len(inventory.gone),
        }


def _wave_json(wave: Wave) -> dict[str, Any]:
    instants = sorted(SnapshotRef(one.scope, one.snapshot_ids[0]).taken_at for one in wave.wanted)
    return {
        "name": wave.name,
        "scopes": len(wave.wanted),
        "rows": wave.rows,
        "bytes": wave.bytes,
        "oldest": utc_text(instants[0]),
        "newest": utc_text(instants[-1]),
        "estimate_seconds": _estimate(wave.rows),
    }


def _estimate(rows: int) -> float:
    return round(1 + rows / ROWS_A_SECOND, 1)


@dataclass(frozen=True)
class WaveDone:
    """A wave that is back: `usable_at` in seconds since the recovery was begun."""

    name: str
    tier: Tier | None
    scopes: int
    rows: int
    seconds: float
    usable_at: float


@dataclass(frozen=True)
class Fallback:
    """A scope whose newest snapshot was refused: which one it came back from, if any."""

    scope: ScopeId
    snapshot_id: str | None
    refused: tuple[Refused, ...]

    def to_json(self) -> dict[str, Any]:
        """With the window of what may be lost: between the snapshot that was used and the newest one."""
        newest = SnapshotRef(self.scope, self.refused[0].snapshot_id).taken_at if self.refused else None
        used = SnapshotRef(self.scope, self.snapshot_id).taken_at if self.snapshot_id else None
        return {
            "kind": self.scope.kind.value,
            "scope_id": self.scope.id,
            "snapshot_id": self.snapshot_id,
            "refused": [{"snapshot_id": one.snapshot_id, "why": one.why} for one in self.refused],
            "lost_from": utc_text(used) if used else None,
            "lost_until": utc_text(newest) if newest else None,
        }


@dataclass(frozen=True)
class Unproven:
    """A table that does not hold exactly what was loaded, and how many of its rows others have written meanwhile."""

    table: str
    expected_rows: int
    rows: int
    written_meanwhile: int


@dataclass(frozen=True)
class Outcome:
    """What a recovery did."""

    waves: tuple[WaveDone, ...]
    fallbacks: tuple[Fallback, ...]
    dangling: tuple[Dangling, ...]
    refusals: tuple[tuple[str, str], ...]
    unproven: tuple[Unproven, ...]
    tables: int
    seconds: float
    policy: Policy = DEFAULT

    @property
    def whole(self) -> bool:
        """Whether everything is back as it was sealed; dangling references of mixed instants are reported, not lost."""
        return not (self.unproven or self.refusals or self.fallbacks)

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """For people and programs: names, counts and instants."""
        return {
            "waves": [_done_json(wave) for wave in self.waves],
            "rto": self.rto(),
            "fallbacks": [one.to_json() for one in self.fallbacks],
            "dangling": [_dangling_json(one) for one in self.dangling],
            "refusals": [{"what": what, "why": why} for what, why in self.refusals],
            "unproven": [vars(one) for one in self.unproven],
        }

    def rto(self) -> list[dict[str, Any]]:
        """Per tier: when its last wedding was usable, against the target."""
        waves = {wave.tier: wave for wave in self.waves if wave.tier}
        return [_rto(waves[tier], tier, self.policy) for tier in URGENCY if tier in waves]


def _rto(wave: WaveDone, tier: Tier, policy: Policy) -> dict[str, Any]:
    target = policy.of(tier).rto.total_seconds()
    return {
        "tier": tier.value,
        "weddings": wave.scopes,
        "target_seconds": target,
        "achieved_seconds": round(wave.usable_at, 3),
        "met": wave.usable_at <= target,
    }


@dataclass(frozen=True)
class Recovered:
    """A plan, and where it was applied what came of it."""

    plan: RecoveryPlan
    outcome: Outcome | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The shape that `wedsync-dr restore --everything --json` prints."""
        done = self.outcome
        return {
            "plan": self.plan.to_json(),
            "applied": done is not None,
            "verified": done is not None and not done.unproven,
            **(done.to_json() if done else {name: [] for name in _LISTS}),
            "tables": done.tables if done else 0,
            "seconds": round(self.seconds, 3),
        }


def _done_json(wave: WaveDone) -> dict[str, Any]:
    return {
        "name": wave.name,
        "scopes": wave.scopes,
        "rows": wave.rows,
        "seconds": round(wave.seconds, 3),
        "usable_at": round(wave.usable_at, 3),
    }


def _dangling_json(one: Dangling) -> dict[str, Any]:
    return {
        "table": str(one.table),
        "columns": list(one.columns),
        "target": str(one.target),
        "constraint": one.constraint,
        "rows": one.rows,
    }
