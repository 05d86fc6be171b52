"""From what the core did to what Dagster shows of it."""

import logging
from collections.abc import Iterator, Sequence
from uuid import uuid4

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata, StepMaterializationData  # private: batches

from wedsync_dr.defs.partitions import ASSETS
from wedsync_dr.model import utc_text
from wedsync_dr.snapshot.batch import Taken

BATCH = 500


def materializations(taken: Sequence[Taken], vault_url: str) -> Iterator[dg.AssetMaterialization]:
    """One per recovery point that is a partition of an asset: figures and addresses, nothing of what is in it."""
    for one in taken:
        if one.scope.kind not in ASSETS:
            continue
        yield dg.AssetMaterialization(
            ASSETS[one.scope.kind], partition=one.scope.id, metadata=_metadata(one, vault_url)
        )


def _metadata(one: Taken, vault_url: str) -> dict[str, dg.MetadataValue]:
    place = f"{vault_url.rstrip('/')}/snapshots/{one.scope.kind.value}/{one.scope.id}/{one.snapshot_id}"
    return {
        "status": dg.MetadataValue.text(one.status),
        "dagster/row_count": dg.MetadataValue.int(one.rows),
        "bytes": dg.MetadataValue.int(one.bytes),
        "instant": dg.MetadataValue.text(utc_text(one.taken_at)),
        "lsn": dg.MetadataValue.text(one.lsn),
        "tier": dg.MetadataValue.text(one.tier.value if one.tier else "none"),
        "snapshot_id": dg.MetadataValue.text(one.snapshot_id),
        "dagster/uri": dg.MetadataValue.text(place),
    }


def record(
    context: dg.OpExecutionContext | dg.AssetExecutionContext, events: Sequence[dg.AssetMaterialization]
) -> None:
    """Record many materializations in few transactions; twenty times faster than yielding them one by one."""
    for start in range(0, len(events), BATCH):
        chunk, batch = events[start : start + BATCH], str(uuid4())
        for position, materialization in enumerate(chunk):
            event = DagsterEvent(
                event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
                job_name=context.run.job_name,
                step_key=context.op_execution_context.op.name,
                event_specific_data=StepMaterializationData(materialization),
                message=f"Materialized {materialization.partition}",
            )
            ends = DagsterEventBatchMetadata(batch, position == len(chunk) - 1)
            context.instance.report_dagster_event(event, context.run.run_id, logging.DEBUG, batch_metadata=ends)
