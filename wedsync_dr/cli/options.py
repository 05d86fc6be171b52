"""Options that several commands share, and the values they become."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, TypeVar

import click

from wedsync_dr.errors import ScopeNotFound
from wedsync_dr.model import Kind, ScopeId, SnapshotInstant, TableName

Command = TypeVar("Command", bound=Callable[..., Any])

_SNAPSHOT_ID = re.compile(r"\A(\d{8}T\d{6}\.\d{6}Z)-[0-9a-f]{8}\Z")
EVERY = ""  # --platform without a table


class InstantType(click.ParamType[datetime]):
    """An instant in ISO 8601, UTC where it has no offset; a snapshot's id stands for the instant it was taken at."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value)
        named = _SNAPSHOT_ID.match(text)
        try:
            moment = datetime.fromisoformat(named[1] if named else text)
        except ValueError:
            self.fail(f"{text!r} is not an instant; write it as 2026-11-24T08:30:00Z.", param, ctx)
        if len(text) <= len("2026-11-24"):
            self.fail(f"{text!r} is a day; give the time of day too, as in {text}T08:30:00Z.", param, ctx)
        asked = moment.replace(tzinfo=moment.tzinfo or UTC)
        return SnapshotInstant.of(text, asked) if named else asked


def example(line: str) -> str:
    """The end of a command's help: one line that can be typed as it stands, but for the ids."""
    return f"\b\nExample:\n  {line}"


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

as_of_option = click.option(
    "--as-of",
    type=InstantType(),
    metavar="T",
    help="The newest recovery point at or before this instant (UTC where no offset is given), or a snapshot's id.",
)


def one_scope(command: Command) -> Command:
    """Options that name exactly one scope; `the_scope` reads them."""
    return _options(command, multiple=False)


def some_scopes(command: Command) -> Command:
    """Options that name any number of scopes; `the_scopes` reads them."""
    return _options(command, multiple=True)


def _once(_ctx: click.Context, option: click.Parameter, given: tuple[str, ...]) -> str | None:
    """The one value; an option that is given again does not silently take the place of the first."""
    if len(given) > 1:
        raise click.UsageError(f"{option.opts[0]} was given {len(given)} times; this command takes one scope.")
    return given[0] if given else None


def _options(command: Command, *, multiple: bool) -> Command:
    platform: dict[str, Any] = {"is_flag": False, "flag_value": EVERY} if multiple else {"callback": _once}
    single: dict[str, Any] = {} if multiple else {"callback": _once}
    platform_help = "A platform table" + ("; without TABLE, each of them." if multiple else ", as schema.table.")
    for option in (
        click.option(
            "--platform", multiple=True, metavar="[TABLE]" if multiple else "TABLE", help=platform_help, **platform
        ),
        click.option(
            "--vendor", multiple=True, metavar="ID", help="A vendor, by id or by its root row's key.", **single
        ),
        click.option(
            "--wedding", multiple=True, metavar="ID", help="A wedding, by id or by its root row's key.", **single
        ),
    ):
        command = option(command)
    return command


def the_scope(wedding: str | None, vendor: str | None, platform: str | None) -> ScopeId:
    """The one scope that the options name. Raises UsageError where they name none or several."""
    named = _named([wedding], [vendor], [platform])
    if len(named) != 1:
        raise click.UsageError("Name one scope: --wedding ID, --vendor ID or --platform TABLE.")
    return named[0]


def the_scopes(wedding: Iterable[str], vendor: Iterable[str], platform: Iterable[str]) -> list[ScopeId]:
    """The scopes that the options name, each once; `EVERY` is the caller's to resolve."""
    return list(dict.fromkeys(_named(wedding, vendor, [table for table in platform if table != EVERY])))


def _named(
    wedding: Iterable[str | None], vendor: Iterable[str | None], platform: Iterable[str | None]
) -> list[ScopeId]:
    chosen = ((Kind.WEDDING, wedding), (Kind.VENDOR, vendor), (Kind.PLATFORM, platform))
    return [scope_of(kind, text) for kind, texts in chosen for text in texts if text is not None]


def scope_of(kind: Kind, text: str) -> ScopeId:
    """The scope that an operator names: by its id, or by its root row's key. Raises MalformedId."""
    text = text.strip()
    if kind is Kind.PLATFORM and text and "." not in text:
        return ScopeId.of_table(TableName("public", text))
    return ScopeId.named(kind, text)


@contextmanager
def close_matches(scope: ScopeId, known: Callable[[], Iterable[ScopeId]]) -> Iterator[None]:
    """Inside, a scope that is not found is told with the ids most like the one asked for."""
    try:
        yield
    except ScopeNotFound as error:
        raise with_close_matches(error, scope, known()) from None


def with_close_matches(error: ScopeNotFound, scope: ScopeId, known: Iterable[ScopeId]) -> ScopeNotFound:
    """The same error, whose remedy names the ids most like the one asked for. Ids only, never a name."""
    ids = {one.id for one in known if one.kind is scope.kind}
    close = get_close_matches(scope.id, sorted(ids - {scope.id}), n=3, cutoff=0.7)
    if scope.id in ids or not close:
        return error
    return ScopeNotFound(str(error), remedy=f"Close ids of the same kind: {', '.join(close)}. {error.remedy}")


tables_option = click.option(
    "--tables", multiple=True, metavar="T,…", help="Only these tables: guests,seats or public.guests or seat*."
)


def table_names(given: Iterable[str]) -> list[str]:
    """The names in `--tables`, which may be repeated and may hold commas. Naming none is not naming all."""
    parts = list(given)
    names = [name.strip() for part in parts for name in part.split(",") if name.strip()]
    if parts and not names:
        raise click.UsageError("--tables names no table; leave it out to restore all of them.")
    return names
