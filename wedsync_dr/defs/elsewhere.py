"""Snapshots that Dagster did not take, by the command line or before a restore, shown with those that it did."""

import json
from collections.abc import Iterable, Iterator

import dagster as dg

from wedsync_dr.defs.failures import told_to_dagster
from wedsync_dr.defs.partitions import ASSETS, PARTITIONS, chunks, known_ids
from wedsync_dr.defs.resources import Protection
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.vault.ledger import LedgerEntry

EVERY_S = 60
_MOST = 2_000  # events a tick


@dg.sensor(
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads the ledger on from where it stopped, and shows snapshots that were taken outside Dagster as "
    "materializations of their partitions.",
)
def snapshots_elsewhere(
    context: dg.SensorEvaluationContext, protection: dg.ResourceParam[Protection]
) -> dg.SensorResult | dg.SkipReason:
    """The cursor is the number of the next ledger entry and the batches that are under way."""
    start, asked = json.loads(context.cursor or "[0, {}]")
    with told_to_dagster():
        entries = list(protection.watched().ledger.readable(start))
    if not entries:
        return dg.SkipReason("The ledger has nothing new.")
    taken, following = _taken(entries, asked)
    requests = [
        PARTITIONS[kind].build_add_request(chunk)
        for kind in PARTITIONS
        for chunk in chunks(sorted({s.id for s, _, _ in taken if s.kind is kind} - known_ids(context.instance, kind)))
    ]
    return dg.SensorResult(
        asset_events=list(_events(taken)), dynamic_partitions_requests=requests, cursor=json.dumps([following, asked])
    )


def _taken(entries: list[LedgerEntry], asked: dict[str, str]) -> tuple[list[tuple[ScopeId, str, str]], int]:
    """(scope, snapshot id, who asked) of what batches of others stored, and the entry to go on from.

    `asked` has who asked for the batches under way, and is brought up to date.
    """
    found: list[tuple[ScopeId, str, str]] = []
    for entry in entries:
        if entry.event == "batch-started":
            asked[entry.body["batch"]] = entry.body["requested_by"]
        elif entry.event == "snapshots":
            who = asked.get(entry.body["batch"], "")
            if not who.startswith("dagster run"):
                found += [(scope, line["snapshot_id"], who) for line, scope in _lines(entry)]
        elif entry.event in ("batch-finished", "batch-abandoned"):
            asked.pop(entry.body["batch"], None)
        if len(found) >= _MOST:
            return found, entry.sequence + 1
    return found, entries[-1].sequence + 1


def _lines(entry: LedgerEntry) -> Iterator[tuple[dict[str, str], ScopeId]]:
    for line in entry.body["stored"]:
        scope = ScopeId(Kind(line["kind"]), line["id"])
        if scope.kind in ASSETS:
            yield line, scope


def _events(taken: Iterable[tuple[ScopeId, str, str]]) -> Iterator[dg.AssetMaterialization]:
    for scope, snapshot_id, who in taken:
        yield dg.AssetMaterialization(
            ASSETS[scope.kind],
            partition=scope.id,
            description="Taken outside Dagster.",
            metadata={"snapshot_id": snapshot_id, "status": "stored", "requested_by": who},
        )
