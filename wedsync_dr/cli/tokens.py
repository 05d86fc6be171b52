"""Tokens for the API on the command line."""

from typing import Any

import click

from wedsync_dr.access.roles import Role
from wedsync_dr.access.tokens import LONGEST_DAYS, Token, create_token, revoke_token, token_book
from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option, scope_of
from wedsync_dr.cli.output import note, print_json, print_table, say
from wedsync_dr.model import Kind, utc_text

_LONGEST_NAME = 80


@click.group()
def tokens() -> None:
    """Make, list and revoke the tokens with which the API is called.

    \b
    Examples:
      wedsync-dr tokens create --role operator --name "nightly job"
      wedsync-dr tokens create --role viewer --name "venue" --organization 7c1e… --expires-in 30
      wedsync-dr tokens revoke 4f0c2a9be1d7 --reason "laptop lost"
    """


@tokens.command(epilog=example('wedsync-dr tokens create --role operator --name "nightly job" --json'))
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What its holder may do.")
@click.option("--name", required=True, metavar="NAME", help="Whose it is; two tokens of one name are one person's.")
@click.option("--organization", "organizations", multiple=True, metavar="ID",
              help="Bind it to this organization, which may be repeated; without it, it sees everything.")  # fmt: skip
@click.option("--expires-in", "days", type=click.IntRange(1, LONGEST_DAYS), default=90, show_default=True,
              metavar="DAYS", help="After so many days it opens nothing.")  # fmt: skip
@json_option
def create(role: str, name: str, organizations: tuple[str, ...], days: int, as_json: bool) -> int:
    """Make a token and print it, once: only its digest is kept, in the ledger."""
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise click.UsageError(f"--name takes 1 to {_LONGEST_NAME} characters that can be printed.")
    bound = [scope_of(Kind.VENDOR, one) for one in organizations] if organizations else None
    ledger = at_hand.archive().ledger
    for scope in bound or ():
        if scope not in ledger.known().newest:
            note(
                f"warning: the vault has no recovery point of {scope}; a token of an unknown organization sees nothing"
            )
    secret, token = create_token(
        ledger,
        name=name.strip(),
        role=Role(role),
        organizations=bound,
        days=days,
        by=at_hand.requested_by(),
        now=at_hand.now(),
    )
    if as_json:
        print_json({"token": secret, **_json(token)})
    else:
        say(secret)
        note(f"token {token.id}, {token.role.value}, until {utc_text(token.expires)}; it is not shown again")
    return exits.DONE


@tokens.command("list", epilog=example("wedsync-dr tokens list"))
@json_option
def list_tokens(as_json: bool) -> int:
    """List every token that was ever made, the newest first, and whether it is good. Never the token itself."""
    known, now = token_book(at_hand.archive().ledger).now().tokens, at_hand.now()
    newest_first = sorted(known.values(), key=lambda token: token.created, reverse=True)
    if as_json:
        print_json({"tokens": [{**_json(token), "good": token.is_good(now)} for token in newest_first]})
    else:
        rows = [
            (t.id, t.name, t.role.value, _bound(t), utc_text(t.expires), "good" if t.is_good(now) else _ended(t))
            for t in newest_first
        ]
        print_table(("id", "name", "role", "organizations", "expires", ""), rows)
    return exits.DONE


@tokens.command(epilog=example('wedsync-dr tokens revoke 4f0c2a9be1d7 --reason "laptop lost"'))
@click.argument("token_id", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stands in the ledger for ever.")
@json_option
def revoke(token_id: str, reason: str, as_json: bool) -> int:
    """End a token, now and for ever."""
    if not reason.strip():
        raise click.UsageError("--reason is needed: an auditor will ask.")
    ledger, by = at_hand.archive().ledger, at_hand.requested_by()
    token = revoke_token(ledger, token_id, reason=reason.strip(), by=by, now=at_hand.now())
    print_json(_json(token)) if as_json else say(f"token {token.id} opens nothing any more")
    return exits.DONE


def _json(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "organizations": None if token.organizations is None else sorted(token.organizations),
        "created": utc_text(token.created),
        "expires": utc_text(token.expires),
        "by": token.by,
        "revoked": utc_text(token.revoked) if token.revoked else None,
    }


def _bound(token: Token) -> str:
    return "all" if token.organizations is None else ", ".join(sorted(token.organizations))


def _ended(token: Token) -> str:
    return "revoked" if token.revoked else "expired"
