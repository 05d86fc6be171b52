"""The twenty things that an auditor asks for: where each stands, which controls it serves, and what is not here."""

from wedsync_dr.audit.document import Row, Section, table

ITEMS = (
    ("approved policy: RPO, RTO, retention", "A.8.13, A1.2", "changes", "partly",
     "numbers and digests are shown; owner, version and approval of the policy are outside"),
    ("register of data against backup scope", "A.8.13", "coverage", "shown", "tables; files in buckets are outside"),
    ("every job of the period", "A1.2", "population", "shown", "batches; planned times are in Dagster's schedules"),
    ("failed jobs and how they closed", "CC7.2, A1.2", "failures", "partly",
     "closure is shown; alert and acknowledgement times are outside"),
    ("restore tests", "A1.3, A.8.13, CP-9(2)", "drills", "partly", "all of it but a sign-off by a person"),
    ("achieved RTO and RPO beside the target, with trend", "A1.3", "objectives", "shown", "RTO stands with the drills"),
    ("integrity of restored data", "A1.3, CP-9(1)", "drills", "shown", "row by row, and by keyed content hashes"),
    ("test independent of the copied catalogue", "A1.3", "drills", "shown",
     "scratch database, canary, and a damaged copy that must be refused; the key is the vault's own"),
    ("encryption at rest and in transit", "GDPR 32(1)(a), CC6.1, CC6.7", "keys", "partly",
     "at rest; encryption of connections is a setting of theirs"),
    ("keys: creation, rotation, destruction", "A.8.24, CC6.1", "keys", "partly",
     "creation and rotation; who may read the root key is outside"),
    ("who restored, removed, held, and with which approval", "CC6.1, CC6.2, CC6.3", "access", "partly",
     "deeds; the review of roles is outside"),
    ("separation of duties", "CC6.1, CC6.2, CC6.3", "access", "partly",
     "approvals in the ledger; rights on bucket and database are outside"),
    ("retention: nothing too long, nothing too early", "GDPR 5(1)(e)", "retention", "shown", ""),
    ("immutability", "3-2-1-1-0", "copies", "not here", "no retain-until is set by this version"),
    ("second copy elsewhere", "3-2-1-1-0", "copies", "not here", "one vault"),
    ("register of erasures", "GDPR 17", "erasures", "partly", "requests are kept outside"),
    ("legal holds", "policy", "holds", "shown", ""),
    ("the evidence itself: chain, signature, no gaps", "A1.2", "integrity", "shown",
     "the clock is the machine's own"),
    ("changes of policy, scope, tool, schema", "A.8.13", "changes", "partly", "since the last report"),
    ("plan with roles, contacts, exercises", "SP 800-34, A1.3", "limits", "outside",
     "docs/runbook.md is the plan; people and contacts are the organization's"),
)  # fmt: skip


def items() -> Section:
    """Each of the twenty, with its control ids and the section that has it."""
    rows = [
        Row((number, what, controls, section, standing, remark))
        for number, (what, controls, section, standing, remark) in enumerate(ITEMS, 1)
    ]
    columns = "no.:number | evidence | controls | section:section | standing | remark"
    text = (
        "Controls: A.… ISO/IEC 27001:2022 Annex A; A1.…, CC… SOC 2 trust services criteria; CP-… and SP 800-… NIST; "
        "GDPR articles; 3-2-1-1-0 the rule of copies. Which control an evidence serves was chosen here: the auditor "
        "decides.",
    )
    made = table("items", "Twenty things to ask for, and where they stand", columns, rows)
    return Section("items", "Where each control's evidence stands", (), text, (made,))
