"""From a wedding's newest recovery point to what its pack says. Reads the vault, never the source."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.pack.content import Event, PackContent, Payment, Vendor
from wedsync_dr.pack.guests import guests_of
from wedsync_dr.pack.lookup import Lookup
from wedsync_dr.pack.mapping import SECTIONS, PackMap, Path, Section, parse_pack
from wedsync_dr.pack.reader import Reader
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.scope.rules import Rules
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.manifests import digest

AROUND = timedelta(days=3)
"""Payments that fall due until so long after the wedding day are the day's business, and so is what is overdue."""
_SPOKEN = {"wedding": "the couple", "plans": "plans for rain or a vendor who does not come"}
_WANTED = {"venue": ("address", "phone", "access"), "vendors": ("phone", "arrival"), "guests": ("household",)}
_NOWHERE = TableName("", "")


def gather(archive: Archive, scope: ScopeId, rules: Rules, default_zone: str = "UTC") -> PackContent:
    """What a wedding's newest recovery point says, with the rows that it refers to from their owners' newest ones.

    Raises RulesInvalid for a `[pack]` that makes no sense, and what `resolve` raises: KeyMissing where the wedding was
    erased, Damaged, ScopeNotFound.
    """
    mapped = _mapping(rules)
    point = resolve(archive, scope)
    lookup = Lookup(archive, point.snapshot(archive), rules.references)
    reader = Reader(lookup, mapped, default_zone)
    guests, tables = guests_of(lookup, mapped)
    return PackContent(
        scope=scope,
        snapshot_id=point.manifest.snapshot_id,
        taken_at=point.manifest.taken_at,
        digest=digest(archive.vault.raw_manifest(scope, point.manifest.snapshot_id)),
        zone=reader.zone,
        wedding=reader.wedding(f"Wedding {scope.key}"),
        venue=reader.venue(),
        timeline=tuple(sorted(reader.each("timeline", reader.event), key=_when)),
        guests=guests,
        tables=tables,
        vendors=tuple(sorted(reader.each("vendors", reader.vendor), key=_when)),
        payments=tuple(sorted(_due(reader), key=lambda one: (one.due or date.max, one.payee.casefold()))),
        documents=tuple(sorted(reader.each("documents", reader.document), key=lambda one: one.title.casefold())),
        plans=reader.plans(),
        gaps=(*_unmapped(mapped), *lookup.unknown),
    )


def _mapping(rules: Rules) -> PackMap:
    """`[pack]`, with date and time zone from `[dates]` where it does not say them."""
    root = next(iter(rules.roots.get(Kind.WEDDING, ())), _NOWHERE)
    mapped = dict(parse_pack(rules.pack, root))
    wedding = mapped.get("wedding", Section(root, {}))
    known = {"date": rules.wedding_date, "time_zone": rules.time_zone}
    dates = {name: (Path((), one.column),) for name, one in known.items() if one and one.table == wedding.table}
    return {**mapped, "wedding": Section(wedding.table, {**dates, **wedding.columns})}


def _unmapped(mapped: PackMap) -> list[str]:
    """What nobody has said where to find: whole tables, and columns that a coordinator looks for first."""
    known = {name: section.columns.keys() - {"date", "time_zone"} for name, section in mapped.items()}
    tables = [
        f"This platform has no table for {_SPOKEN.get(name, name)}; map it under [pack.{name}] in rules.toml."
        for name in SECTIONS
        if not known.get(name)
    ]
    columns = [
        f"This platform has no column for {name}: {column}; map it under [pack.{name}] in rules.toml."
        for name, wanted in _WANTED.items()
        for column in wanted
        if known.get(name) and column not in known[name]
    ]
    return tables + columns


def _due(reader: Reader) -> list[Payment]:
    """What is still to be paid by the days around the wedding; what has no date may have to be."""
    last = reader.day + AROUND if reader.day else date.max
    found = (one for one in reader.each("payments", reader.payment) if one and (one.due is None or one.due <= last))
    asked = _only_asked(reader.each("vendors", reader.vendor))
    return [one for one in found if not (one.draft and one.payee in asked)]


def _only_asked(vendors: Iterable[Vendor]) -> set[str]:
    """The names of vendors of whom no booking stands: what they drafted is an offer, and nobody owes it."""
    found = list(vendors)
    return {one.name for one in found} - {one.name for one in found if one.booked}


def _when(one: Event | Vendor) -> tuple[bool, datetime | None, str]:
    at = one.at if isinstance(one, Event) else one.arrival
    return at is None, at, one.title if isinstance(one, Event) else one.name
