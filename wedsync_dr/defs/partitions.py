"""One partition per wedding, vendor and platform table. The key is the scope's id."""

from collections.abc import Collection, Iterable

import dagster as dg

from wedsync_dr.model import Kind, ScopeId

WEDDINGS = dg.DynamicPartitionsDefinition(name="weddings")
VENDORS = dg.DynamicPartitionsDefinition(name="vendors")
PLATFORM_TABLES = dg.DynamicPartitionsDefinition(name="platform_tables")

PARTITIONS = {Kind.WEDDING: WEDDINGS, Kind.VENDOR: VENDORS, Kind.PLATFORM: PLATFORM_TABLES}
ASSETS = {
    Kind.WEDDING: dg.AssetKey("wedding_snapshot"),
    Kind.VENDOR: dg.AssetKey("vendor_snapshot"),
    Kind.PLATFORM: dg.AssetKey("platform_snapshot"),
}
RECOVERY_POINTS = dg.AssetKey("recovery_points")
CHUNK = 5_000  # keys per call; other builds of SQLite refuse more


def name_of(kind: Kind) -> str:
    """The name under which Dagster keeps a kind's partitions."""
    return str(PARTITIONS[kind].name)


def known_ids(instance: dg.DagsterInstance, kind: Kind) -> set[str]:
    """The ids that are partitions now."""
    return set(instance.get_dynamic_partitions(name_of(kind)))


def add_partitions(instance: dg.DagsterInstance, scopes: Collection[ScopeId]) -> None:
    """Make partitions of those scopes that are none yet: Dagster never shows what is recorded for another key."""
    for kind in PARTITIONS:
        wanted = {scope.id for scope in scopes if scope.kind is kind}
        new = sorted(wanted - known_ids(instance, kind)) if wanted else []
        for chunk in chunks(new):
            instance.add_dynamic_partitions(name_of(kind), chunk)


def chunks(ids: Iterable[str]) -> Iterable[list[str]]:
    """In portions that every storage accepts."""
    rest = list(ids)
    return (rest[start : start + CHUNK] for start in range(0, len(rest), CHUNK))
