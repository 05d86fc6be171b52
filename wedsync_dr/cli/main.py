"""`wedsync-dr`: its commands, each loaded only when it is called, and the one place where their errors end up."""

from importlib import import_module
from typing import Any

import click

from wedsync_dr.cli import exits
from wedsync_dr.errors import DisasterRecoveryError

# name: (module under wedsync_dr.cli, short help)
COMMANDS = {
    "init": ("init", "Create root key, keyring and vault, and check the source."),
    "scopes": ("scopes", "Show whose every table's rows are, and what is undecided."),
    "snapshot": ("snapshot", "Take snapshots of weddings, vendors or platform tables."),
    "status": ("status", "Show on one screen how everything stands and what needs you."),
    "due": ("due", "Show what is to be snapshotted now, the most urgent first, and why."),
    "snapshots": ("snapshots", "List the snapshots in the vault, newest first."),
    "show": ("contents", "Print a table of a snapshot as a data frame."),
    "export": ("contents", "Write a snapshot's tables as typed Parquet or CSV files."),
    "verify": ("verify", "Read every byte of the vault and say what is wrong with it."),
    "diff": ("diff", "Show field by field what changed in a scope."),
    "restore": ("restore", "Plan a restore, and with --apply do it."),
    "approvals": ("approvals", "List and decide restores that take another person."),
    "drill": ("drill", "Prove that recovery points restore, in a scratch database."),
    "retention": ("retention", "Show which snapshots may go and why, and with --apply remove them."),
    "hold": ("hold", "Hold a scope, so that nothing of it is removed; or list the holds."),
    "release": ("hold", "End a hold."),
    "vanished": ("vanished", "List what is gone from the source, and say where that was meant."),
    "ledger": ("ledger", "Read and check the record of everything done."),
    "report": ("report", "Write the auditors' report, answer a question on one page, or check one."),
    "pack": ("pack", "Make, list and hand out emergency packs: a wedding on paper, without network."),
    "alerts": ("alerts", "List the channels for alerts, and with --test try them."),
    "tokens": ("tokens", "Make, list and revoke tokens for the API."),
    "api": ("api", "Serve the REST API."),
    "demo": ("demo", "Tell the whole story on an embedded PostgreSQL."),
    "up": ("demo", "Leave the demo platform and the Dagster UI open."),
}

_JSON = "wedsync_dr.json"


class Commands(click.Group):
    """Commands by name; `wedsync-dr --help` loads none of them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(import_module(f"wedsync_dr.cli.{COMMANDS[name][0]}"), name)
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; every way it can end becomes an exit code and, where it failed, a message with a next step."""
        as_json = ctx.meta[_JSON]
        try:
            ctx.exit(super().invoke(ctx) or exits.DONE)
        except DisasterRecoveryError as error:
            ctx.exit(exits.say_error(error, as_json=as_json))
        except click.ClickException as error:
            ctx.exit(exits.say_misuse(error, as_json=as_json))
        except click.Abort:
            ctx.exit(exits.say_declined(as_json=as_json))
        except KeyboardInterrupt:
            ctx.exit(exits.say_interrupted(as_json=as_json))


_EPILOG = "Exit codes:\n\n\b\n" + "\n".join(f"{code:>4}  {meaning}" for code, meaning in exits.MEANINGS.items())


@click.group(
    cls=Commands,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="wedsync-dr")
def cli() -> None:
    """Back up and restore a wedding platform one wedding at a time.

    Settings come from the environment and from a .env file in the working directory (WEDSYNC_SOURCE_URL,
    WEDSYNC_VAULT_URL, WEDSYNC_KEYRING_URL, WEDSYNC_ROOT_KEY, WEDSYNC_RULES, WEDSYNC_TIMEZONE); docs/runbook.md
    explains each, and what to do after every error and finding.

    \b
    Example: lose nothing, bring one wedding back.
      wedsync-dr init
      wedsync-dr snapshot --all
      wedsync-dr restore --wedding 6f1c… --mode replace --apply
    """


def main() -> None:
    """The program."""
    exits.hide_messages_of_faults()
    cli.main(prog_name="wedsync-dr")
