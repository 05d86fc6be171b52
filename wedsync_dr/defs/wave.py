"""One run for any list of scopes: what a backfill cannot do, and what every sensor and schedule starts."""

import dagster as dg
from pydantic import Field

from wedsync_dr.defs.failures import AGAIN, listed, refused, some_failed, told_to_dagster
from wedsync_dr.defs.partitions import add_partitions
from wedsync_dr.defs.record import materializations, record
from wedsync_dr.defs.resources import Protection
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.booked import with_booked
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.batches import run_name

STEP = "snapshot_scopes"


class Wave(dg.Config):
    """Which scopes to snapshot together, at one instant."""

    weddings: list[str] = Field(default=[], description="Ids of weddings, as the partitions are called.")
    vendors: list[str] = Field(default=[], description="Ids of vendors, as the partitions are called.")
    platform_tables: list[str] = Field(default=[], description="Platform tables, as `schema.table`.")
    everything: bool = Field(default=False, description="Every scope of the source; the lists must be empty then.")
    with_vendors: bool = Field(default=False, description="Also the vendors that are booked for the weddings.")
    with_weddings: bool = Field(default=False, description="Also the weddings that the vendors are booked for.")
    requested_by: str = Field(default="", description="Who asks for it; written into the ledger.")
    changed_only: bool = Field(
        default=False,
        description="Read only what changed; what is proven unchanged is recorded as still current.",
    )

    def scopes(self) -> list[ScopeId] | None:
        """What the form asks for; None is everything. Raises `dg.Failure` where it asks for nothing or for both."""
        kinds = {Kind.WEDDING: self.weddings, Kind.VENDOR: self.vendors, Kind.PLATFORM: self.platform_tables}
        scopes = [ScopeId(kind, text) for kind, ids in kinds.items() for text in ids]
        if bool(scopes) == self.everything:
            raise refused(
                "A wave takes named scopes or everything, one of the two.",
                remedy="Fill in weddings, vendors or platform_tables, or set everything to true.",
            )
        return None if self.everything else scopes

    def wanted(self, source: Source) -> list[ScopeId] | None:
        """What the form asks for, with those that belong to it. Raises what `scopes` and reading the source raise."""
        scopes = self.scopes()
        return scopes and with_booked(source, scopes, vendors=self.with_vendors, weddings=self.with_weddings)


@dg.op(
    description="Snapshot the scopes at one instant, and record a materialization for each.",
    out=dg.Out(dg.Nothing),
    retry_policy=AGAIN,
)
def snapshot_scopes(context: dg.OpExecutionContext, config: Wave, protection: dg.ResourceParam[Protection]) -> None:
    """Scopes that fail are named, and stop no other."""
    with told_to_dagster():
        batch = take(
            protection.source(),
            protection.archive(),
            config.wanted(protection.source()),
            now=protection.now(),
            requested_by=run_name(context.run_id, config.requested_by.strip()),
            policy=protection.policy(),
            changed_only=config.changed_only,
        )
    add_partitions(context.instance, [taken.scope for taken in batch.taken])
    record(context, list(materializations(batch.taken, protection.vault_url())))
    context.log.info(f"{len(batch.taken)} scopes taken, {len(batch.failed)} failed, in {batch.seconds:.2f} s")
    if batch.untrusted:
        missed = listed(batch.untrusted)
        what = f"Fingerprints had missed changes of {missed}; they are stored now."
        raise refused(what, remedy="docs/runbook.md, `What runs by itself`: fingerprints_trusted.")
    if batch.failed:
        raise some_failed([(failed.scope, failed.error) for failed in batch.failed])


@dg.job(
    description="Snapshot any weddings, vendors and platform tables in one run, or everything at one instant.",
    tags={"wedsync/lane": "bulk"},  # a sensor that asks for urgent ones says so
)
def snapshot_wave() -> None:
    """One op, one core call."""
    snapshot_scopes()
