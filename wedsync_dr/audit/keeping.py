"""Retention, holds, erasures and copies: that nothing is kept too long, and nothing goes too early."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from wedsync_dr.audit.document import Deviation, Row, Section, Table, counted, table
from wedsync_dr.audit.events import deeds, who, within
from wedsync_dr.audit.material import Material
from wedsync_dr.model import Kind, Manifest, ScopeId, parse_utc, utc_text
from wedsync_dr.schedule.policy import URGENCY
from wedsync_dr.schedule.words import spoken
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr.vault.vault import SnapshotRef


def retention(material: Material) -> Section:
    """The policy, what was removed by it, and what is still there although it should have gone."""
    removed = within(material.entries, material.period, "removed")
    text = (
        "Who removes names every snapshot in the ledger first, with the reason; the last recovery point of a scope, "
        "what a hold binds and what a restore reads is never removed. What may go goes within a day; what was due 36 "
        "hours before this report and is still there is counted as kept too long.",
    )
    tables = (_policy(material), _ages(material.stored), _removals(removed))
    return Section("retention", "Retention", ("GDPR 5(1)(e)", "A.8.13"), text, tables,
                   deviations=(*_too_long(material), *_too_early(material, removed)))  # fmt: skip


def _policy(material: Material) -> Table:
    columns = (
        "tier | every snapshot | hourly | daily | weekly:number | monthly:number | yearly:number | "
        "at least:number | personal rows at most"
    )
    rows = []
    for tier in URGENCY:
        kept = material.policy.of(tier).retention
        spans = (spoken(kept.every), spoken(kept.hourly), spoken(kept.daily))
        limit = spoken(kept.personal) if kept.personal else "no limit"
        rows.append(Row((tier.value, *spans, kept.weekly, kept.monthly, kept.yearly, kept.minimum, limit)))
    return table("retention_policy", "How long snapshots stay, by tier, when this report was made", columns, rows)


def _ages(stored: Sequence[Manifest]) -> Table:
    groups: dict[tuple[str, str], list[Manifest]] = defaultdict(list)
    for one in stored:
        for row_class in {sealed.row_class.value for sealed in one.objects} or {"no rows"}:
            groups[one.scope.kind.value, row_class].append(one)
    columns = "kind | class | snapshots:number | bytes:bytes | oldest:instant | newest:instant"
    rows = []
    for (kind, row_class), found in sorted(groups.items()):
        size = sum(sealed.bytes for one in found for sealed in one.objects if sealed.row_class.value == row_class)
        instants = sorted(one.taken_at for one in found)
        rows.append(Row((kind, row_class, len(found), size, utc_text(instants[0]), utc_text(instants[-1]))))
    return table("snapshots_held", "What is in the vault", columns, rows, nothing="The vault has no snapshot.")


def _removals(removed: Sequence[LedgerEntry]) -> Table:
    columns = "at:instant | reason | snapshots:number | who"
    rows = []
    for entry in removed:
        reasons = Counter(str(line.get("reason", "no reason named")) for line in entry.body["snapshots"])
        rows += [Row((entry.at, why, count, who(entry.body)), (entry.sequence,)) for why, count in reasons.items()]
    return table("removals", "What was removed", columns, rows, nothing="Nothing was removed.")


def _too_long(material: Material) -> Iterator[Deviation]:
    late = material.overdue.removals if material.overdue else ()
    if late:
        yield Deviation(f"Kept too long: {counted(len(late), 'snapshot')} that the policy let go; the first is "
                        f"{late[0].ref.scope} {late[0].ref.snapshot_id}.")  # fmt: skip
    there = {(one.scope, one.snapshot_id) for one in material.stored}
    back = [place for place, named in material.state.snapshots.items() if named.removed and place in there]
    if back:
        yield Deviation(f"Removed by the ledger, and in the vault: {counted(len(back), 'snapshot')}.")


def _too_early(material: Material, removed: Sequence[LedgerEntry]) -> Iterator[Deviation]:
    """Younger than the shortest time for which every snapshot stays; or the scope's only one."""
    least = min(material.policy.of(tier).retention.every for tier in URGENCY)
    for entry in removed:
        young = [line for line in entry.body["snapshots"] if _age(entry, line["snapshot_id"]) < least]
        if young:
            what = f"Removed on {entry.at[:10]} before they were {spoken(least)} old"
            yield Deviation(f"{what}: {counted(len(young), 'snapshot')}.", "", (entry.sequence,))
    touched = {ScopeId(Kind(line["kind"]), line["id"]) for entry in removed for line in entry.body["snapshots"]}
    bare = sorted(scope for scope in touched if not material.state.expected_of(scope))
    if bare:
        yield Deviation(f"Left without any snapshot by a removal: {counted(len(bare), 'scope')}, {bare[0]} first.")


def _age(entry: LedgerEntry, snapshot_id: str) -> timedelta:
    taken = SnapshotRef(ScopeId(Kind.PLATFORM, "any"), snapshot_id).taken_at
    return parse_utc(entry.at) - taken


def holds(material: Material) -> Section:
    """What is held now, by whom and why, and what was done to holds in the period."""
    rows = [
        Row((str(scope), one.since, one.until.isoformat() if one.until else "until released", one.by, one.reason))
        for scope, one in sorted(material.state.holds.items())
    ]
    columns = "scope:id | since:instant | until | who | reason"
    done = within(material.entries, material.period, "held", "released")
    tables = (
        table("holds", "Holds in force", columns, rows, nothing="Nothing is held."),
        deeds(done, "hold_events", "Holds that began or ended in the period"),
    )
    text = ("A hold keeps everything of a scope from retention. A removal that was named after a hold began is void.",)
    return Section("holds", "Legal holds", ("policy",), text, tables)


def erasures(material: Material) -> Section:
    """What was erased, or that nothing was."""
    done = [one for one in within(material.entries, material.period) if "eras" in one.event]
    text = (
        "A wedding is erased by destroying its keys: its rows are then unreadable in every copy of every snapshot. "
        + (f"{len(done)} entries of this period are about erasures."
           if done else "No erasure is in the ledger of this period, and this version has no command that erases."),
    )  # fmt: skip
    return Section("erasures", "Erasures", ("GDPR 17",), text, (deeds(done, "erasures", "Erasures"),))


def copies(_material: Material) -> Section:
    """How many copies there are, which is one as far as this tool knows."""
    rows = [
        Row(("copies that this tool writes", "1 (one vault)")),
        Row(("copies elsewhere, media, places", "not known here; who copies the vault keeps that evidence")),
        Row(("immutability", "objects are written once and never replaced; deleting is not prevented by this tool")),
        Row(("retain-until per object", "none is set by this version")),
    ]
    text = (
        "The rule of three copies on two media with one elsewhere and one immutable is not met by one vault alone.",
    )
    made = table("copies", "Copies", "what | standing", rows)
    return Section("copies", "Copies and immutability", ("3-2-1-1-0",), text, (made,))
