"""Restoring on the command line: the plan first, then, if asked, the deed."""

import sys
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import click

from wedsync_dr.approval.use import require_unasked
from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.everything import no_owner_option, order_option, recover, require_alone
from wedsync_dr.cli.options import (
    as_of_option,
    close_matches,
    example,
    json_option,
    one_scope,
    table_names,
    tables_option,
    the_scope,
)
from wedsync_dr.cli.output import print_json, say
from wedsync_dr.cli.plan import print_plan, print_restored
from wedsync_dr.cli.progress import shown_progress
from wedsync_dr.cli.requested import Asking, carry_out_request, request_options
from wedsync_dr.model import ScopeId
from wedsync_dr.restore.apply import refuse_conflicts
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import Restored, carry_out
from wedsync_dr.restore.run import restore as run_restore
from wedsync_dr.restore.terms import NOTHING, Consent, RowChoice, parse_rows
from wedsync_dr.restore.waves import Order
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import database_url
from wedsync_dr.vault.archive import Archive


@dataclass(frozen=True)
class _Order:
    """What the operator asked for, and with what it is done."""

    source: Source
    archive: Archive
    scope: ScopeId
    as_of: datetime | None
    mode: Mode
    tables: list[str]
    rows: tuple[RowChoice, ...] = ()
    snapshot_id: str | None = None
    target_url: str | None = None
    consent: Consent = NOTHING
    target_schema: str | None = None

    def plan(self) -> Restored:
        with close_matches(self.scope, at_hand.known_scopes(self.archive)), shown_progress() as progress:
            return run_restore(
                self.source,
                self.archive,
                self.scope,
                as_of=self.as_of,
                snapshot_id=self.snapshot_id,
                mode=self.mode,
                tables=self.tables,
                rows=self.rows,
                consent=self.consent,
                target_url=self.target_url,
                target_schema=self.target_schema,
                now=at_hand.now(),
                requested_by=at_hand.requested_by(),
                progress=progress,
            )

    def apply(self, planned: Restored) -> Restored:
        """Exactly the plan that was shown, or nothing: rows that moved since then are PlanStale."""
        done = carry_out(
            self.source,
            self.archive,
            planned.plan,
            now=at_hand.now(),
            requested_by=at_hand.requested_by(),
            target_url=self.target_url,
        )
        return replace(
            done,
            seconds=planned.seconds
            | {name: planned.seconds.get(name, 0) + taken for name, taken in done.seconds.items()},
        )


@click.command(epilog=example("wedsync-dr restore --wedding 6f1c7e42-… --mode replace --tables guests,seats --apply"))
@one_scope
@click.option("--everything", is_flag=True, help="The whole platform, into the empty database that --target names.")
@as_of_option
@click.option(
    "--mode",
    type=click.Choice(Mode, case_sensitive=False),
    default=Mode.merge,
    show_default=True,
    help="merge inserts what is missing; replace makes the rows exactly the snapshot's; copy merges into --target.",
)
@tables_option
@click.option(
    "--rows", multiple=True, metavar="T=K,…", help="Only these rows, by key: guests=311,312; parts of a key with ~."
)
@click.option("--snapshot", metavar="ID", help="Exactly this snapshot, as to undo a restore; no older one instead.")
@click.option("--target", metavar="URL", help="Another database to copy into (its password may come from ~/.pgpass).")
@click.option("--schema", metavar="NAME", help="Copy into tables made in this schema of --target, to look at them.")
@order_option
@no_owner_option
@click.option(
    "--allow-unlinked", is_flag=True, help="Set links to NULL whose rows no recovery point holds; each is listed."
)
@click.option(
    "--allow-dirty", is_flag=True, help="Write rows that broke constraints of their own in the source; each is listed."
)
@click.option(
    "--accept-drift", is_flag=True, help="Leave behind what has no place in today's schema, or take it as it is cast."
)
@request_options
@click.option("--apply", is_flag=True, help="Do it. Without this, only the plan is made and shown.")
@click.option("--yes", is_flag=True, help="Do not ask on a terminal.")
@json_option
def restore(
    wedding: str | None,
    vendor: str | None,
    platform: str | None,
    everything: bool,
    as_of: datetime | None,
    mode: Mode,
    tables: tuple[str, ...],
    rows: tuple[str, ...],
    snapshot: str | None,
    target: str | None,
    schema: str | None,
    order: Order,
    no_owner: bool,
    allow_unlinked: bool,
    allow_dirty: bool,
    accept_drift: bool,
    apply: bool,
    yes: bool,
    as_json: bool,
    **requested: Any,
) -> int:
    """Plan the restore of one scope from its newest recovery point, and with --apply do it.

    The plan says which rows would be inserted, updated and deleted, which linked parents are missing, what conflicts
    and which triggers will not fire. Applying is one transaction: it commits only when the database, read again, holds
    bit for bit what the snapshot says. Before replace a safety snapshot is taken. On a terminal it asks first; replace
    asks for the id.

    With --request nothing is done: another person is asked to approve the plan (`wedsync-dr approvals`), and
    --request-id does exactly that plan, once.

    With --everything the schema and every scope come back into an empty database, the weddings of the day first; given
    again after it was interrupted, it goes on where it stopped.
    """
    url = database_url(target, "--target") if target else None
    asking = Asking(**requested)
    asking.check(apply=apply, named=bool(wedding or vendor or platform or snapshot or as_of or tables))
    if everything:
        require_alone(wedding, vendor, platform, (*tables, *rows))
        return recover(url, as_of, order, asking, no_owner=no_owner, apply=apply, ask=not yes, as_json=as_json)
    choices = tuple(choice for text in rows for choice in parse_rows(text))
    if asking.request_id:
        return carry_out_request(asking, choices, apply=apply, ask=not yes, as_json=as_json)
    if snapshot and as_of:
        raise click.UsageError("Give --snapshot or --as-of, not both.")
    scope = the_scope(wedding, vendor, platform)
    asked = _Order(
        at_hand.source(),
        at_hand.archive(),
        scope,
        as_of,
        mode,
        table_names(tables),
        choices,
        snapshot,
        url,
        Consent(unlinked=allow_unlinked, dirty=allow_dirty, drift=accept_drift),
        schema,
    )
    planned = asked.plan()
    if not as_json:
        print_plan(planned.plan)
    if asking.wanted:
        return asking.ask_for(asked.source, asked.archive, planned.plan, as_json=as_json)
    if not apply:
        print_json(planned.to_json()) if as_json else say("Nothing was changed; add --apply to do it.")
        return exits.DONE
    refuse_conflicts(planned.plan)
    require_unasked(planned.plan, at_hand.policy().approvals)
    if sys.stdin.isatty() and not yes and not planned.plan.empty:
        _ask(scope, mode)
    restored = asked.apply(planned)
    print_json(restored.to_json()) if as_json else print_restored(restored)
    return exits.DONE


def _ask(scope: ScopeId, mode: Mode) -> None:
    """Returns only if the operator agrees; raises Abort otherwise."""
    if mode is not Mode.replace:
        click.confirm("Apply this plan?", abort=True, err=True)
        return
    answer = click.prompt(
        f"Replace the rows of {scope}? Repeat its id to do it", err=True, default="", show_default=False
    )
    if answer.strip() not in (scope.id, scope.key):
        raise click.Abort
