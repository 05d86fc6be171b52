"""What is open now, and what a report like this cannot show."""

from collections.abc import Iterable, Sequence

from wedsync_dr.alerts.alert import Severity
from wedsync_dr.audit.document import Deviation, Row, Section, table
from wedsync_dr.audit.material import Material
from wedsync_dr.model import utc_text


def open_now(material: Material) -> Section:
    """Every alert that stands when the report is made: what `wedsync-dr status` says."""
    rows = [
        Row((one.code.value, one.severity.value, one.title, one.what_to_do, utc_text(one.since) if one.since else None,
             len(one.subjects)), wrong=one.severity is Severity.ERROR)
        for one in material.alerts
    ]  # fmt: skip
    columns = "code | severity | what | what to do | since:instant | scopes:number"
    made = table("open_alerts", "What is wrong now", columns, rows, nothing="Nothing is wrong now.")
    text = (
        f"How things stood when this report was made, on {utc_text(material.made_at)[:16]} UTC. This may be after the "
        "period: findings of the period that were mended stand as closed in their sections.",
    )
    errors = (Deviation(f"{one.code.value}: {one.title}") for one in material.alerts if one.severity is Severity.ERROR)
    return Section("open", "Open when the report was made", ("CC7.2",), text, (made,), deviations=tuple(errors))


def register(sections: Iterable[Section]) -> Section:
    """Everything that was not as promised, from all sections, the open ones first."""
    found = [(section, one) for section in sections for one in section.deviations]
    found.sort(key=lambda pair: bool(pair[1].closed))
    rows = [
        Row((one.what, section.title, one.closed or "open"), one.evidence, wrong=not one.closed)
        for section, one in found
    ]
    columns = "what | section | closed"
    made = table("findings", "Findings, the open ones first", columns, rows, nothing="Nothing was found.", shown=200)
    text = ("A finding is something that was not as promised in the period, or that could not be shown.",)
    return Section("findings", "Findings", (), text, (made,))


def limits(material: Material) -> Section:
    """Sentences; those about this report's own gaps first."""
    own = [f"Not read: {one.what} ({one.why})." for one in material.unread]
    if material.dagster is None:
        own.append("Dagster's own history was not compared: the report was made without it.")
    if material.until < material.period.end:
        own.append(f"The period had not ended: figures reach to {utc_text(material.until)[:16]} UTC.")
    first = material.entries[0].at if material.entries else ""
    if first > utc_text(material.period.begin):
        own.append(f"The ledger begins on {first[:16]} UTC: before that nothing is recorded.")
    rows = [Row((text,)) for text in (*own, *_ALWAYS)]
    made = table("limits", "Not shown, or not provable from here", "what", rows, shown=100)
    return Section("limits", "What this report cannot show", (), (), (made,))


_ALWAYS: Sequence[str] = (
    "That nobody cut the end off ledger and vault together: keep this report's head of the ledger elsewhere.",
    "When a restore ended, or a batch whose entry tells no seconds: their entries carry when they began.",
    "That instants are right: they are what the clocks of the source and of the machines said.",
    "That names of persons are real: who did something is the account, the token or the run that did it.",
    "Reading of a snapshot (show, export, diff) leaves no entry in the ledger.",
    "When alerts were sent and acknowledged; reviews of roles; training, contacts and exercises of people.",
    "What lies outside PostgreSQL: files in buckets, secrets, configuration of the platform.",
    "What this tool did not do: a copy of the vault made by others is neither known nor checked.",
    "Tiers of past days as they were seen then: they are worked out from today's dates and policy.",
    "Objects' bytes were not read for this report itself: the verifications in the ledger read them.",
)


def headline(material: Material) -> tuple[tuple[str, str], ...]:
    """What the first page says of the report itself."""
    head = material.entries[-1] if material.entries else None
    return (
        ("Period", f"{material.period} (UTC)"),
        ("Made", f"{utc_text(material.made_at)[:19].replace('T', ' ')} UTC by {material.made_by}"),
        ("For", "internal and external auditors, data protection officers, and those who answer for the platform"),
        ("Tool", f"wedsync_dr {material.tool}"),
        ("Head of the ledger", f"entry {head.sequence}, {head.digest}" if head else "the ledger is empty"),
        ("Signing key", material.public_key),
    )
