"""The auditors' report on the command line: the report itself, one-page answers, and checking them elsewhere."""

from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from wedsync_dr.alerts.places import Places
from wedsync_dr.audit.document import Page
from wedsync_dr.audit.gather import gather, gather_of_scope, of_ledger
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.pdf import find_chromium, printed
from wedsync_dr.audit.period import Period, period_of
from wedsync_dr.audit.publish import Published, publish, require_free, write
from wedsync_dr.audit.questions import erasure_page, restores_page
from wedsync_dr.audit.recoverable import recoverable_page
from wedsync_dr.audit.render import figures, html, text
from wedsync_dr.audit.sign import PAGE, check_path, sealed
from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option, scope_of
from wedsync_dr.cli.output import note, print_json, say
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.encryption.signing import Verifier
from wedsync_dr.model import Kind
from wedsync_dr.settings import places
from wedsync_dr.vault.archive import Archive

_OUT = Path(".wedsync") / "reports"
_DAY = click.DateTime(["%Y-%m-%d"])
_UNVOUCHED = "signed by the key inside, which nobody vouches for: give the owner's with --public-key"

first_option = click.option(
    "--from", "first", type=_DAY, metavar="DATE", help="The first day, UTC. Without both: last month."
)
last_option = click.option("--to", "last", type=_DAY, metavar="DATE", help="The last day, which is part of the period.")
page_option = click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                           help="Write the page, sealed, into a file; what is there is kept.")  # fmt: skip


@click.group(invoke_without_command=True, epilog=example("wedsync-dr report --from 2026-10-01 --to 2026-10-31"))
@first_option
@last_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="An empty folder, or one to be made; else one in .wedsync/reports.")  # fmt: skip
@click.option("--pdf", is_flag=True, help="Print it as PDF, too, with the Chromium on PATH.")
@json_option
@click.pass_context
def report(
    context: click.Context, first: datetime | None, last: datetime | None, out: Path | None, pdf: bool, as_json: bool
) -> int:
    """Write the auditors' report of a period: one HTML file, every figure as CSV and JSON, signed.

    Figures are worked out from ledger, vault and source; each names the entries of the ledger that it comes from. The
    manifest of the folder is signed and stands in the ledger. Exit code 0: everything examined holds; 4: findings are
    open, or a part could not be read. `report verify` checks it on any machine.

    \b
    One-page answers:
      wedsync-dr report restores --from 2026-07-01 --to 2026-09-30
      wedsync-dr report recoverable --wedding 6f1c… --on 2026-10-03
      wedsync-dr report erasure --wedding 6f1c…
    """
    if context.invoked_subcommand is not None:
        return exits.DONE
    now = at_hand.now()
    period = _period(first, last, now.date())
    folder = out or _OUT / f"{period.first}_{period.last}_{now:%Y%m%dT%H%M%SZ}"
    require_free(folder)
    printer = partial(printed, program=find_chromium()) if pdf else None
    archive = at_hand.archive()
    done = publish(archive, _gathered(archive, period, now), folder, printer=printer)
    _say_published(done, as_json=as_json)
    return exits.DONE if done.page.good else exits.FINDINGS


def _period(first: datetime | None, last: datetime | None, today: date) -> Period:
    return period_of(first.date() if first else None, last.date() if last else None, today)


def _places(archive: Archive) -> Places:
    """With the archive that is open already: a passphrase is asked for once."""
    return replace(places(at_hand.settings()), archive=lambda: archive)


def _gathered(archive: Archive, period: Period, now: datetime) -> Material:
    by = at_hand.requested_by()
    with shown_progress() as progress:
        return gather(_places(archive), at_hand.policy(), period, now=now, made_by=by, progress=progress)


def _say_published(done: Published, *, as_json: bool) -> None:
    page = done.page
    if as_json:
        print_json({
            "folder": str(done.folder), "period": page.subtitle, "verdict": page.verdict, "good": page.good,
            "reasons": list(page.reasons), "figures": [{"value": f.value, "label": f.label} for f in page.figures],
            "files": list(done.files), "manifest": done.manifest, "ledger_entry": done.entry,
        })  # fmt: skip
        return
    say(f"{page.subtitle}: {page.verdict}")
    for reason in page.reasons:
        say(f"  - {reason}")
    for one in page.figures:
        say(f"  {one.value} {one.label}")
    say(f"{done.folder / PAGE} and {len(done.files) - 1} files beside it; ledger entry {done.entry}")


@report.command("restores", epilog=example("wedsync-dr report restores --from 2026-07-01 --to 2026-09-30"))
@first_option
@last_option
@page_option
@json_option
def restores(first: datetime | None, last: datetime | None, out: Path | None, as_json: bool) -> int:
    """Show every restore of a period and who approved it. Exit code 4: one has no approval in the ledger."""
    now = at_hand.now()
    period, by = _period(first, last, now.date()), at_hand.requested_by()
    archive = at_hand.archive()
    page = restores_page(of_ledger(archive, period, now=now, made_by=by))
    return _answer(page, archive, out, as_json=as_json)


@report.command("recoverable", epilog=example("wedsync-dr report recoverable --wedding 6f1c… --on 2026-10-03"))
@click.option("--wedding", required=True, metavar="ID", help="The wedding.")
@click.option("--on", "day", type=_DAY, required=True, metavar="DATE", help="At the end of this day, UTC.")
@page_option
@json_option
def recoverable(wedding: str, day: datetime, out: Path | None, as_json: bool) -> int:
    """Prove that a wedding could be restored on a day: its recovery point, who read it, which drill restored it.

    Exit code 4: it could not, or it is not proven.
    """
    scope, now = scope_of(Kind.WEDDING, wedding), at_hand.now()
    asked, by = day.date(), at_hand.requested_by()
    if asked > now.date():
        raise click.UsageError(f"{asked} has not come yet; nothing can be proven of it.")
    archive = at_hand.archive()
    material = of_ledger(archive, Period(asked, asked), now=now, made_by=by)
    return _answer(recoverable_page(material, scope, asked), archive, out, as_json=as_json)


@report.command("erasure", epilog=example("wedsync-dr report erasure --wedding 6f1c…"))
@click.option("--wedding", required=True, metavar="ID", help="The wedding.")
@page_option
@json_option
def erasure(wedding: str, out: Path | None, as_json: bool) -> int:
    """Prove that a wedding is erased, or say what there still is of it. Exit code 4: it is not proven."""
    scope, now = scope_of(Kind.WEDDING, wedding), at_hand.now()
    archive, by, today = at_hand.archive(), at_hand.requested_by(), now.date()
    material = gather_of_scope(_places(archive), scope, Period(today, today), now=now, made_by=by)
    return _answer(erasure_page(material, scope), archive, out, as_json=as_json)


def _answer(page: Page, archive: Archive, out: Path | None, *, as_json: bool) -> int:
    if out and out.exists():
        raise click.UsageError(f"{out.name} exists, and is kept; name another file.")
    if out:
        write(out, sealed(html(page), archive.signer, {"question": page.title, "about": page.subtitle}))
    if as_json:
        print_json(figures(page) | {"page": str(out) if out else None})
    else:
        for line in text(page):
            say(line)
    return exits.DONE if page.good else exits.FINDINGS


@report.command("verify", epilog=example("wedsync-dr report verify reports/2026-10 --public-key wedsync.pem"))
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--public-key", "key", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="The owner's public key, as `report public-key` writes it.")  # fmt: skip
@json_option
def verify(path: Path, key: Path | None, as_json: bool) -> int:
    """Check a report's folder, or a single page, against its signature. Needs nothing but the public key.

    Exit code 0: every file is what was signed by this key. 4: something is not, or no key was given: then the key
    inside was used, and whoever can forge the report can put theirs there. 5: no signature can be read in it any more.
    """
    done = check_path(path, Verifier.from_pem(key.read_bytes()) if key else None)
    if as_json:
        print_json({
            "subject": done.subject, "ok": done.ok, "vouched": done.vouched, "key": done.fingerprint,
            "files": done.files, "about": dict(done.statement),
            "faults": [{"file": one.file, "what": one.what} for one in done.faults],
        })  # fmt: skip
        return exits.DONE if done.ok else exits.FINDINGS
    for one in done.faults:
        say(f"{one.file}: {one.what}")
    if not done.faults:
        say(f"{done.subject}: {done.files} file(s) as they were signed, key {done.fingerprint}")
    if not done.vouched:
        note(_UNVOUCHED)
    return exits.DONE if done.ok else exits.FINDINGS


@report.command("public-key", epilog=example("wedsync-dr report public-key --output wedsync.pem"))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write it; what is there is kept.")  # fmt: skip
@json_option
def public_key(output: Path | None, as_json: bool) -> int:
    """Print the public key that reports are checked with, or write it into a file. It is no secret."""
    verifier = at_hand.archive().verifier
    if output and output.exists():
        raise click.UsageError(f"{output.name} exists, and is kept; name another file.")
    if output:
        write(output, verifier.pem)
    document: dict[str, Any] = {"public_key": verifier.pem.decode(), "sha256": verifier.fingerprint}
    if as_json:
        print_json(document | {"output": str(output) if output else None})
    elif output:
        say(f"{output.name}: key {verifier.fingerprint}")
    else:
        click.echo(document["public_key"], nl=False)
    return exits.DONE
