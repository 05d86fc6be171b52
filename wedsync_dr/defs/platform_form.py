"""What an operator fills in to rebuild the platform, and what is shown of the plan and of what came of it."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from wedsync_dr.restore.recovery import Outcome, RecoveryPlan


class RecoveryOrder(Enum):
    """What comes first. Dagster's forms speak an enum's names, so they are its values."""

    urgent = "urgent"
    fast = "fast"


class RestorePlatform(dg.Config):
    """What an operator fills in to rebuild the platform in the database that WEDSYNC_TARGET_URL names."""

    as_of: str = Field(default="", description="The platform as of this instant, e.g. 2026-06-05T10:00:00Z.")
    order: RecoveryOrder = Field(
        default=RecoveryOrder.urgent,
        description="urgent: weddings of the day are usable while the rest loads. fast: all sooner, none early.",
    )
    no_owner: bool = Field(default=False, description="true: without owners and GRANTs.")
    plan_only: bool = Field(
        default=True, description="true: show what would come back, and stop. false: do it; needs `confirm`."
    )
    confirm: str = Field(default="", description="To write anything, repeat the name of the target database here.")
    requested_by: str = Field(default="", description="Who asks for it; written into the ledger.")
    request_id: str = Field(
        default="", description="Do what was asked for under this id (`wedsync-dr approvals`): its instant, its order."
    )


def plan_metadata(plan: RecoveryPlan) -> dict[str, dg.MetadataValue]:
    shown = plan.to_json()
    metadata: dict[str, dg.MetadataValue] = {
        "as_of": dg.MetadataValue.text(shown["as_of"]),
        "target": dg.MetadataValue.text(shown["target"]["database"]),
        "rows": dg.MetadataValue.int(plan.rows),
        "estimate_seconds": dg.MetadataValue.float(shown["estimate_seconds"]),
    }
    return metadata | _tables({name: shown[name] for name in ("waves", "lacks")})


def outcome_metadata(done: Outcome) -> dict[str, dg.MetadataValue]:
    shown = done.to_json()
    metadata: dict[str, dg.MetadataValue] = {
        "tables_proven": dg.MetadataValue.int(done.tables),
        "seconds": dg.MetadataValue.float(done.seconds),
    }
    return metadata | _tables(shown)


def _tables(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, dg.MetadataValue]:
    return {name: dg.MetadataValue.table([_record(row) for row in some]) for name, some in rows.items() if some}


def _record(row: Mapping[str, Any]) -> dg.TableRecord:
    return dg.TableRecord(
        {name: value if isinstance(value, int | float) else str(value) for name, value in row.items()}
    )
