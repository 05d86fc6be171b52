"""Emergency packs on the command line."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import close_matches, example, json_option, scope_of
from wedsync_dr.cli.output import age, note, print_json, print_table, say, size
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.model import Kind, ScopeId, utc_text
from wedsync_dr.pack.round import Packer, Round, known_dates
from wedsync_dr.pack.standing import WITHIN, PackStanding, standing
from wedsync_dr.pack.store import document, hand_out, newest
from wedsync_dr.schedule.words import spoken
from wedsync_dr.scope.discovery import ScopeInfo
from wedsync_dr.scope.rules import load_rules
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.packs import PackRecord, Packs

_wedding_option = click.option("--wedding", metavar="ID", required=True, help="The wedding, by id or root row's key.")


@click.group(invoke_without_command=True, epilog=example("wedsync-dr pack --all-within-days 7 --out packs"))
@click.option("--wedding", "weddings", multiple=True, metavar="ID", help="A wedding, by id or by its root row's key.")
@click.option("--all-within-days", "days", type=click.IntRange(min=0), is_flag=False, flag_value=WITHIN, metavar="[N]",
              help=f"Every wedding from yesterday to N days ahead ({WITHIN}) whose pack is not of its newest recovery "
              "point.")  # fmt: skip
@click.option("--out", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Also write the packs there, each as <wedding>.pdf; only you may read them.")  # fmt: skip
@json_option
@click.pass_context
def pack(
    context: click.Context, weddings: tuple[str, ...], days: int | None, folder: Path | None, as_json: bool
) -> int | None:
    """Make emergency packs: one PDF a wedding, for the coordinator who has no network.

    Each shows the wedding's newest recovery point: couple, venue, the day, guests, meals and allergies, vendors, money.
    It opens on any phone with the wedding's passphrase (`pack passphrase`), which also opens copies that were handed
    out before, and lies sealed in the vault, where it takes the place of the one before. The source is not read, but
    for the weddings' dates; if it does not answer, these come from the vault. Packs of weddings that are settled are
    removed.
    """
    if context.invoked_subcommand:
        if weddings or days is not None or folder:
            raise click.UsageError(f"Options of `pack` go behind `{context.invoked_subcommand}`.")
        return None
    if bool(weddings) == (days is not None):
        raise click.UsageError("Name weddings with --wedding ID, or all that are near with --all-within-days.")
    archive, now = at_hand.archive(), at_hand.now()
    packer = _packer(archive)
    with shown_progress() as progress:
        if days is None:
            done = packer.one_by_one([scope_of(Kind.WEDDING, text) for text in weddings], now, progress)
        else:
            done = packer.all_near(_dates(archive), now, days=days, progress=progress)
    files = _written(archive, [*done.made, *done.current], folder) if folder else {}
    _show(done, files, as_json=as_json)
    return exits.joint_exit_code(list(done.failed.values()), succeeded=len(done.made) + len(done.current))


def _packer(archive: Archive) -> Packer:
    settings = at_hand.settings()
    rules = load_rules(settings.rules)
    return Packer(archive, rules, at_hand.policy(), settings.time_zone, at_hand.requested_by())


def _dates(archive: Archive) -> list[ScopeInfo]:
    source = at_hand.source() if at_hand.settings().source_url else None
    found, why = known_dates(source, archive)
    if why:
        note(f"The weddings' dates are those that were last sealed: {why}")
    return found


def _written(archive: Archive, scopes: Sequence[ScopeId], folder: Path) -> dict[ScopeId, Path]:
    files = {}
    for scope in scopes:
        files[scope] = folder / f"{scope.id}.pdf"
        _write(files[scope], document(archive, newest(archive, scope)))
    return files


def _write(path: Path, data: bytes) -> None:
    """A file that only its owner may read, whatever was there."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(data)
        os.replace(unfinished, path)
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from None


def _show(done: Round, files: dict[ScopeId, Path], *, as_json: bool) -> None:
    if as_json:
        made = [_json(one.record) | {"made": True, "gaps": list(one.gaps)} for one in done.made.values()]
        print_json({
            "packs": [one | {"file": _file(files, one["scope_id"])} for one in made],
            "current": [{"scope_id": scope.id, "file": _file(files, scope.id)} for scope in done.current],
            "failed": [_failure(scope, error) for scope, error in sorted(done.failed.items())],
            "removed": [scope.id for scope in done.removed],
        })  # fmt: skip
        return
    for scope, one in done.made.items():
        say(f"{scope}: {size(one.record.size)}, of {utc_text(one.record.taken_at)}{_at(files, scope)}")
    for scope in done.current:
        say(f"{scope}: its pack is of the newest recovery point{_at(files, scope)}")
    for scope in done.removed:
        say(f"{scope}: its pack is removed, the wedding is settled")
    for gap in dict.fromkeys(gap for one in done.made.values() for gap in one.gaps):
        note(gap)
    for scope, error in done.failed.items():
        note(f"failed: {scope}: {error} {error.remedy}")
    if not (done.made or done.current or done.failed):
        say("no wedding is near")


def _at(files: dict[ScopeId, Path], scope: ScopeId) -> str:
    return f" → {files[scope]}" if scope in files else ""


def _file(files: dict[ScopeId, Path], scope_id: str) -> str | None:
    return next((str(path) for scope, path in files.items() if scope.id == scope_id), None)


def _failure(scope: ScopeId, error: Exception) -> dict[str, Any]:
    return {
        "scope_id": scope.id,
        "error": str(error),
        "code": type(error).__name__,
        "remedy": getattr(error, "remedy", ""),
    }


def _json(record: PackRecord) -> dict[str, Any]:
    return {
        "scope_id": record.ref.scope.id,
        "pack_id": record.ref.pack_id,
        "made_at": utc_text(record.made_at),
        "snapshot_id": record.snapshot_id,
        "taken_at": utc_text(record.taken_at),
        "bytes": record.size,
        "sha256": record.document,
    }


@pack.command("list", epilog=example("wedsync-dr pack list"))
@json_option
def list_packs(as_json: bool) -> int:
    """List the weddings of the coming 7 days and all that have a pack: how old it is, fresh or stale, and why.

    Fresh is a pack that is intact and whose recovery point is no older than the tier's objective. Exit code 4 where a
    near wedding has none that is fresh.
    """
    archive, now = at_hand.archive(), at_hand.now()
    packer, held = _packer(archive), {ref.scope for ref in Packs(archive.vault.store).refs()}
    wanted = packer.near(_dates(archive), now, days=100_000)
    seen = [standing(archive, one, packer.policy, now) for one in wanted if one.days <= WITHIN or one.scope in held]
    if as_json:
        print_json({"packs": [_standing_json(one) for one in seen]})
    elif seen:
        print_table(("wedding", "days", "tier", "pack", "age", "", "why"), map(_row, seen), numbers=("days",))
    else:
        say("no wedding is near, and none has a pack")
    return exits.DONE if all(one.fresh or one.near.days > WITHIN for one in seen) else exits.FINDINGS


def _row(one: PackStanding) -> tuple[object, ...]:
    old = age(one.age) if one.age is not None else ""
    state = "fresh" if one.fresh else "stale" if one.age is not None else "NONE"
    return one.near.scope, one.near.days, one.near.tier.value, one.pack_id or "", old, state, one.why


def _standing_json(one: PackStanding) -> dict[str, Any]:
    return {
        "scope_id": one.near.scope.id,
        "days": one.near.days,
        "tier": one.near.tier.value,
        "pack_id": one.pack_id,
        "snapshot_id": one.snapshot_id,
        "age_seconds": int(one.age.total_seconds()) if one.age is not None else None,
        "rpo": spoken(one.rpo),
        "fresh": one.fresh,
        "why": one.why,
    }


@pack.command("get", epilog=example("wedsync-dr pack get --wedding 6f1c7e42-… --out smith.pdf"))
@_wedding_option
@click.option("--out", "path", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@json_option
def get(wedding: str, path: Path, as_json: bool) -> int:
    """Write a wedding's newest pack to a file. It stays encrypted: `pack passphrase` opens it."""
    archive = at_hand.archive()
    record = _newest(archive, wedding)
    _write(path, document(archive, record))
    if as_json:
        print_json(_json(record) | {"file": str(path)})
    else:
        say(f"{record.ref.scope}: {size(record.size)}, of {utc_text(record.taken_at)} → {path}")
        say(f"It is pack {record.ref.pack_id}.")
        say("It opens with its passphrase: `wedsync-dr pack passphrase`.")
    return exits.DONE


@pack.command(
    "passphrase",
    epilog=example('wedsync-dr pack passphrase --wedding 6f1c7e42-… --as "A. Smith" --reason "platform is down"'),
)
@_wedding_option
@click.option("--as", "by", metavar="NAME", required=True, help="Who is told it.")
@click.option("--role", type=click.Choice(["coordinator", "responder"]), default="coordinator", show_default=True)
@click.option("--reason", metavar="TEXT", required=True, help="Why; it stands in the ledger for ever.")
@json_option
def passphrase(wedding: str, by: str, role: str, reason: str, as_json: bool) -> int:
    """Print the passphrase of a wedding's packs. Who was told it, and why, is in the ledger first.

    It opens the newest pack, and older ones that were handed out: a new pack takes it over. It ends where the packs are
    removed, or the newest cannot be opened when the next is made. Which pack is the newest goes to stderr.
    """
    if not by.strip() or not reason.strip():
        raise click.UsageError("--as and --reason are needed: an auditor will ask.")
    archive = at_hand.archive()
    record = _newest(archive, wedding)
    told = hand_out(
        archive,
        record,
        by=by.strip(),
        role=role,
        reason=reason.strip(),
        requested_by=at_hand.requested_by(),
        now=at_hand.now(),
    )
    if as_json:
        print_json({"scope_id": record.ref.scope.id, "pack_id": record.ref.pack_id, "passphrase": told})
    else:
        say(told)
        note(f"{record.ref.scope}: pack {record.ref.pack_id}")
    return exits.DONE


def _newest(archive: Archive, wedding: str) -> PackRecord:
    scope = scope_of(Kind.WEDDING, wedding)
    with close_matches(scope, at_hand.known_scopes(archive)):
        return newest(archive, scope)
