"""What the daemon asks the source about."""

import hashlib
from collections.abc import Iterable

import dagster as dg

from wedsync_dr.defs.checks import evidence
from wedsync_dr.defs.failures import told_to_dagster
from wedsync_dr.defs.partitions import PARTITIONS, chunks, known_ids
from wedsync_dr.defs.resources import Protection
from wedsync_dr.model import ScopeId
from wedsync_dr.snapshot.absent import present_scopes

EVERY_S = 60


@dg.sensor(
    job=evidence,
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Adds a partition for each new wedding, vendor and table. What vanishes from the source keeps its "
    "partition and its snapshots, and raises an alarm: the job `evidence` runs and `weddings_vanished` names it.",
)
def partition_sync(context: dg.SensorEvaluationContext, protection: dg.ResourceParam[Protection]) -> dg.SensorResult:
    """Never removes anything. A source that cannot be read fails the tick and changes nothing."""
    with told_to_dagster():
        present, accepted = present_scopes(protection.source()), protection.watched().ledger.known().absences
    requests: list[dg.AddDynamicPartitionsRequest] = []
    vanished: list[ScopeId] = []
    for kind in PARTITIONS:
        ids, known = {scope.id for scope in present if scope.kind is kind}, known_ids(context.instance, kind)
        requests += [PARTITIONS[kind].build_add_request(chunk) for chunk in chunks(sorted(ids - known))]
        vanished += [ScopeId(kind, key) for key in sorted(known - ids)
                     if ScopeId(kind, key) not in accepted]  # fmt: skip
    return dg.SensorResult(dynamic_partitions_requests=requests, run_requests=list(_alarm(vanished)))


def _alarm(vanished: list[ScopeId]) -> Iterable[dg.RunRequest]:
    """One run of the evidence per set of vanished scopes."""
    if vanished:
        names = hashlib.sha256("\n".join(map(str, vanished)).encode()).hexdigest()[:16]
        yield dg.RunRequest(run_key=f"vanished-{names}", tags={"wedsync/alarm": "vanished", "dagster/priority": "100"})
