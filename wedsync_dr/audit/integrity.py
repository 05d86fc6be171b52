"""Evidence that what is stored is what was written: verifications, manifests now, and the ledger's own chain."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from wedsync_dr.alerts.evidence import VERIFIED_EVERY
from wedsync_dr.audit.document import Deviation, Row, Section, Table, table
from wedsync_dr.audit.events import run_in, who, within
from wedsync_dr.audit.material import Material
from wedsync_dr.model import Finding, parse_utc
from wedsync_dr.schedule.words import spoken
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr.verification.record import EVENT

_NAMED = 5


def integrity(material: Material) -> Section:
    """Every verification of the period, and what this report read itself."""
    seen = within(material.entries, material.period, EVENT)
    text = (
        "A verification reads every byte: the signature of each manifest, its digest in the ledger, the SHA-256 of "
        "each object, its decryption (AES-256-GCM), the keyed hash of its content, and references between snapshots. "
        "For this report the manifests and the ledger's chain were read again; the objects were not.",
    )
    tables = (_read_now(material), _verifications(seen), _findings(material))
    return Section("integrity", "Integrity", ("A1.3", "CP-9(1)", "A1.2"), text, tables,
                   deviations=(*_now(material), *_then(material, seen), *_pauses(material)))  # fmt: skip


def whole_ones(seen: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """The verifications that read the whole vault."""
    return [entry for entry in seen if entry.body["whole"]]


def _read_now(material: Material) -> Table:
    rows = [
        Row(("entries of the ledger that are signed and readable", len(material.entries))),
        Row(("findings in the ledger's chain (gaps, links, signatures)", len(material.chain)),
            wrong=bool(material.chain)),
        Row(("snapshots in the vault whose manifest was read", len(material.stored))),
        Row(("manifests that are missing, unsigned, or not the ledger's", len(material.broken)),
            wrong=bool(material.broken)),
    ]  # fmt: skip
    return table("read_now", "What this report read", "what | count:number", rows)


def _verifications(seen: Sequence[LedgerEntry]) -> Table:
    columns = "at:instant | reach | snapshots:number | read:bytes | findings | who | Dagster run:run"
    rows = [
        Row((entry.at, "whole vault" if entry.body["whole"] else "part", entry.body["checked"], entry.body["bytes"],
             _codes(entry), who(entry.body), run_in(entry.body)), (entry.sequence,),
            wrong=bool(entry.body["findings"]))
        for entry in seen
    ]  # fmt: skip
    return table("verifications", "Verifications", columns, rows)


def _codes(entry: LedgerEntry) -> str:
    return ", ".join(f"{code} ({count:,})" for code, count in sorted(entry.body["findings"].items())) or "none"


def _findings(material: Material) -> Table:
    rows = [
        Row((one.code.value, str(one.scope or ""), one.snapshot_id or "", one.detail), wrong=True)
        for one in (*material.chain, *material.broken)
    ]
    columns = "code | scope:id | snapshot:id | what"
    caption = "What is wrong with manifests and ledger now"
    return table("findings_now", caption, columns, rows, nothing="Nothing is wrong with them.")


def _now(material: Material) -> Iterator[Deviation]:
    if material.chain:
        yield Deviation(f"The ledger's chain is not whole: {material.chain[0].detail}{_more(material.chain)}")
    if material.broken:
        codes = Counter(one.code.value for one in material.broken)
        said = ", ".join(f"{code} ({count})" for code, count in sorted(codes.items()))
        yield Deviation(f"Manifests in the vault do not hold: {said}.")


def _more(found: Sequence[Finding]) -> str:
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""


def _then(material: Material, seen: Sequence[LedgerEntry]) -> Iterator[Deviation]:
    """A verification with findings is closed by the next one of the whole vault that has none."""
    whole = whole_ones([entry for entry in material.entries if entry.event == EVENT])
    for entry in seen:
        if not entry.body["findings"]:
            continue
        clean = next((one for one in whole if one.sequence > entry.sequence and not one.body["findings"]), None)
        closed = f"{clean.at[:16]} by a verification of the whole vault without findings" if clean else ""
        scopes = ", ".join(entry.body["scopes"][:_NAMED])
        what = f"The verification of {entry.at[:16]} found {_codes(entry)}{f' in {scopes}' if scopes else ''}."
        yield Deviation(what, closed, (entry.sequence, *((clean.sequence,) if clean else ())))


def _pauses(material: Material) -> Iterator[Deviation]:
    """The whole vault is to be read every week, seen from the last time before the period."""
    ends = [entry for entry in material.entries if entry.event == EVENT and entry.body["whole"]]
    instants = [parse_utc(entry.at) for entry in ends if parse_utc(entry.at) < material.until]
    begin = _began(material)
    if begin is None:
        return
    marks = sorted({begin, *(at for at in instants if at > begin), material.until})
    longest = max((after - before for before, after in pairwise(marks)), default=timedelta())
    if longest > VERIFIED_EVERY:
        yield Deviation(f"The whole vault was not verified for {spoken(longest)}; it should be every "
                        f"{spoken(VERIFIED_EVERY)}.")  # fmt: skip


def _began(material: Material) -> datetime | None:
    """The beginning of the period, or that of the ledger where it is later; None where there is no entry by then."""
    first = parse_utc(material.entries[0].at) if material.entries else material.until
    whole = [parse_utc(entry.at) for entry in material.entries if entry.event == EVENT and entry.body["whole"]]
    before = [at for at in whole if at < material.period.begin]
    begin = before[-1] if before else max(first, material.period.begin)
    return begin if begin < material.until else None
