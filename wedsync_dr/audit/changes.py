"""What changed: the policy's numbers, the rules, the source's schema, the versions of tool and server."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator

from wedsync_dr.audit.document import Deviation, Row, Section, Table, table
from wedsync_dr.audit.material import Material
from wedsync_dr.model import Manifest, utc_text
from wedsync_dr.schedule.policy import URGENCY, Policy
from wedsync_dr.schedule.words import spoken
from wedsync_dr.vault.ledger import LedgerEntry

REPORTED = "reported"


def policy_digest(policy: Policy) -> str:
    """Equal for equal numbers only."""
    return hashlib.sha256(repr(sorted(policy.tiers.items())).encode()).hexdigest()


def changes(material: Material) -> Section:
    """The policy now, and against what earlier reports had; schema and versions from the snapshots in the vault."""
    text = (
        "Policy and rules are files that this tool reads; each report puts their digests into the ledger, so a change "
        "between two reports shows here. Schema and versions are those that snapshots in the vault were taken with: "
        "what was removed by the policy does not show any more.",
    )
    stored = material.stored
    tables = (
        _objectives(material.policy),
        _digests(material),
        _over_time("schemas", "Fingerprints of the source's schema", stored, lambda one: one.schema_fingerprint),
        _over_time("tools", "Versions of wedsync_dr", stored, lambda one: one.tool_version),
        _over_time("servers", "Versions of the source's server", stored, lambda one: str(one.source.server_version)),
    )
    return Section("changes", "Policy and changes", ("A.8.13", "A1.2"), text, tables,
                   deviations=tuple(_changed(material)))  # fmt: skip


def _objectives(policy: Policy) -> Table:
    rows = [
        Row((tier.value, spoken(one.rpo), spoken(one.rto), spoken(one.cadence), one.run_priority, one.priority.value))
        for tier in URGENCY
        for one in (policy.of(tier),)
    ]
    columns = "tier | RPO | RTO | looked at every | run priority:number | the platform's name"
    return table("policy", "Objectives by tier, when this report was made", columns, rows)


def _reports(material: Material) -> list[LedgerEntry]:
    return [one for one in material.entries if one.event == REPORTED]


def _digests(material: Material) -> Table:
    rows = [
        Row((one.at, str(one.body.get("policy", "")), str(one.body.get("rules", ""))), (one.sequence,))
        for one in _reports(material)
    ]
    now = (utc_text(material.made_at), policy_digest(material.policy), material.rules_digest or "not read")
    columns = "at:instant | policy:id | rules:id"
    return table(
        "digests", "Digests of policy and rules: earlier reports, and this one last", columns, [*rows, Row(now)]
    )


def _over_time(name: str, caption: str, stored: tuple[Manifest, ...], of: Callable[[Manifest], str]) -> Table:
    groups: dict[str, list[Manifest]] = defaultdict(list)
    for one in stored:
        groups[of(one)].append(one)
    spans = [(min(one.taken_at for one in found), max(one.taken_at for one in found), value, len(found))
             for value, found in groups.items()]  # fmt: skip
    rows = [Row((value, utc_text(first), utc_text(last), count)) for first, last, value, count in sorted(spans)]
    columns = "value:id | first snapshot:instant | last snapshot:instant | snapshots:number"
    return table(name, caption, columns, rows, nothing="The vault has no snapshot.")


def _changed(material: Material) -> Iterator[Deviation]:
    """A change is no fault; it wants a reason that the tool does not have."""
    last = next(iter(reversed(_reports(material))), None)
    if last is None:
        return
    now = {"policy": policy_digest(material.policy), "rules": material.rules_digest}
    for what, digest in now.items():
        before = last.body.get(what)
        if before and digest and before != digest:
            yield Deviation(f"The {what} changed since the report of {last.at[:10]}: see that it was approved.", "",
                            (last.sequence,))  # fmt: skip
