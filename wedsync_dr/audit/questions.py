"""Questions that one page answers: who restored what in a period; is a wedding erased."""

from wedsync_dr.audit.document import Page, Row, Section, cited, counted, table
from wedsync_dr.audit.events import deeds, scope_in
from wedsync_dr.audit.limits import headline
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.report import evidence
from wedsync_dr.audit.restores import restore_table, restores_of, undecided
from wedsync_dr.model import ScopeId, utc_text


def answer(title: str, subtitle: str, verdict: str, good: bool, section: Section, material: Material) -> Page:
    """A page with one section, and the entries that it refers to. Where the ledger is not whole, no answer is good."""
    torn = tuple(f"The ledger's chain is not whole: {one.detail}" for one in material.chain[:3])
    unread = tuple(f"Not read: {one.what} ({one.why})" for one in material.unread)
    return Page(
        title=title,
        subtitle=subtitle,
        verdict=verdict,
        good=good and not torn,
        reasons=torn + unread,
        facts=headline(material),
        sections=(section,),
        evidence=evidence(material.entries, cited((section,))),
    )


def restores_page(material: Material) -> Page:
    """Every restore of the period, and who approved it."""
    seen = restores_of(material.entries, material.period)
    alone = [one for one in seen if not one.approved]
    tables = (
        restore_table(seen),
        deeds(undecided(material.entries, material.period), "decisions", "Decisions that no restore followed"),
    )
    verdict = f"{counted(len(seen), 'restore')}, {len(alone) or 'none'} of them without an approval by somebody else"
    if not seen:
        verdict = "Nothing was restored in this period"
    section = Section("restores", "Every restore", ("CC6.1", "CC6.2", "CC6.3"), (), tables)
    return answer("Restores, and who approved them", str(material.period), verdict, not alone, section, material)


def erasure_page(material: Material, scope: ScopeId) -> Page:
    """Whether a scope is erased: what the ledger says, which keys and snapshots there are, and if the source has it."""
    mine = [one for one in material.entries if scope_in(one.body) == str(scope)]
    erased = [one for one in mine if "eras" in one.event]
    keys = [one for one in material.keys if one.scope == scope]
    left = [one for one in keys if one.made_at]
    stored = sum(one.scope == scope for one in material.stored)
    verdict, good = _verdict(bool(erased), len(left), stored)
    rows = [
        Row(("erasures of it in the ledger", str(len(erased))), tuple(one.sequence for one in erased), not erased),
        Row(("keys that its snapshots are sealed with", str(len(keys)))),
        Row(
            ("of these still in the keyring: its rows can be read", _named([one.key_id for one in left])),
            (),
            bool(left),
        ),
        Row(("snapshots of it in the vault", str(stored))),
        Row(("in the source now", _in_source(material, scope)), (), _in_source(material, scope) == "yes"),
        Row(("legal hold", material.state.holds[scope].reason if scope in material.state.holds else "none")),
    ]
    text = (
        "A wedding is erased by destroying its keys: sealed rows are then unreadable in every copy. This version has "
        "no command that erases; a proof needs an erasure in the ledger, no key of it in the keyring, and no row of "
        "it in the source. Copies of the keyring that others keep are not known here; a restored copy must be erased "
        "again.",
    )
    tables = (
        table("erasure", "What there is of it", "what | standing", rows),
        deeds(erased, "erasures", "Erasures of it", nothing="None."),
    )
    section = Section("erasure", "Erasure", ("GDPR 17", "A.8.24"), text, tables)
    return answer("Is it erased?", f"{scope}, on {utc_text(material.made_at)[:10]}", verdict, good, section, material)


def _verdict(erased: bool, keys: int, stored: int) -> tuple[str, bool]:
    if erased and not keys:
        return "Erased: the ledger says so, and the keyring has no key of it", True
    if erased:
        return "Not proven: the ledger has an erasure, and the keyring still has keys of it", False
    if not stored:
        return "Not proven: no erasure of it is in the ledger; the vault has no snapshot of it", False
    return "Not erased: no erasure of it is in the ledger", False


def _named(ids: list[str]) -> str:
    return ", ".join(ids) or "none"


def _in_source(material: Material, scope: ScopeId) -> str:
    if material.infos is None:
        return "not read"
    return "yes" if any(info.scope == scope for info in material.infos) else "no"
