"""Encryption and keys: what seals what, how old each kind of key is, and what was done to keys."""

from collections import defaultdict
from collections.abc import Iterator

from wedsync_dr.audit.document import Deviation, Row, Section, Table, table
from wedsync_dr.audit.events import ROUTINE, deeds, within
from wedsync_dr.audit.material import KeyFact, Material
from wedsync_dr.model import utc_text

_ABOUT_KEYS = ("key", "rotat", "eras", "root")


def keys(material: Material) -> Section:
    """By kind and class; which keys the keyring lacks; what the ledger says was done to keys."""
    text = (
        "Rows are sealed with AES-256-GCM in encrypted Parquet files. Each wedding, vendor and table has a 256-bit key "
        "per class of rows (business, personal); the key of a file is derived from it (HKDF-SHA256). Scope keys are "
        "wrapped by the root key (AES-256-GCM). Manifests, ledger and this report are signed with Ed25519. Connections "
        "to the source are encrypted where its URL says so; whether it does is not recorded.",
    )
    done = [one for one in within(material.entries, material.period) if _is_about_keys(one.event)]
    tables = (_ages(material), _missing(material), deeds(done, "key_events", "What was done to keys"))
    return Section("keys", "Encryption and keys", ("A.8.24", "CC6.1", "CC6.7", "GDPR 32(1)(a)"), text, tables,
                   deviations=tuple(_lacking(material)))  # fmt: skip


def _is_about_keys(event: str) -> bool:
    return event not in ROUTINE and any(word in event for word in _ABOUT_KEYS)


def _ages(material: Material) -> Table:
    groups: dict[tuple[str, str, str], list[KeyFact]] = defaultdict(list)
    for one in material.keys:
        row_class, _, number = one.key_id.partition("-")
        groups[one.scope.kind.value, row_class, number].append(one)
    columns = (
        "kind | class | number:number | keys:number | oldest made:instant | newest made:instant | "
        "oldest, days:number | made in the period:number"
    )
    rows = [_group(name, members, material) for name, members in sorted(groups.items())]
    if material.signing_key_made:
        made, age = utc_text(material.signing_key_made), (material.made_at - material.signing_key_made).days
        new = int(material.signing_key_made in material.period)
        rows.append(Row(("signing key", "Ed25519", 1, 1, made, made, age, new)))
    caption = "Keys that seal what is in the vault; a key's number rises with each rotation"
    return table("keys", caption, columns, rows, nothing="The vault has no snapshot.")


def _group(name: tuple[str, str, str], members: list[KeyFact], material: Material) -> Row:
    made = sorted(one.made_at for one in members if one.made_at)
    kind, row_class, number = name
    if not made:
        return Row((kind, row_class, int(number), len(members), None, None, None, 0), wrong=True)
    new = sum(at in material.period for at in made)
    age = (material.made_at - made[0]).days
    return Row((kind, row_class, int(number), len(members), utc_text(made[0]), utc_text(made[-1]), age, new),
               wrong=len(made) < len(members))  # fmt: skip


def _missing(material: Material) -> Table:
    rows = [Row((str(one.scope), one.key_id), wrong=True) for one in material.keys if one.made_at is None]
    caption = "Keys that snapshots are sealed with and the keyring does not have"
    return table("keys_missing", caption, "scope:id | key", rows, nothing="The keyring has every key.")


def _lacking(material: Material) -> Iterator[Deviation]:
    """A key that is gone although nobody erased it; an erasure in the ledger explains it."""
    erased = {(one.body.get("kind"), one.body.get("id")) for one in material.entries if "eras" in one.event}
    gone = {one.scope for one in material.keys if one.made_at is None}
    unexplained = sorted(scope for scope in gone if (scope.kind.value, scope.id) not in erased)
    if unexplained:
        named = ", ".join(map(str, unexplained[:5]))
        yield Deviation(
            f"Keys of {len(unexplained)} scopes are not in the keyring, and no erasure explains it: {named}."
        )
