import inspect
import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from wedsync_dr import errors
from wedsync_dr.cli import exits
from wedsync_dr.cli.main import COMMANDS, Commands, cli
from wedsync_dr.errors import DisasterRecoveryError

EVERY_ERROR = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DisasterRecoveryError)
]


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_has_an_exit_code_and_only_what_is_transient_says_run_it_again(
    kind: type[DisasterRecoveryError],
) -> None:
    code = exits.exit_code(kind("what", remedy="remedy"))
    assert code in exits.MEANINGS
    assert (code == exits.UNAVAILABLE) == kind.transient


def test_the_table_of_exit_codes_holds_nothing_that_is_not_an_error() -> None:
    assert set(exits.EXIT_CODES) == set(EVERY_ERROR)


def test_a_batch_in_which_some_failed_ends_with_3_and_one_that_failed_for_one_reason_with_that() -> None:
    lost, busy = errors.ScopeNotFound("w", remedy="r"), errors.ScopeBusy("w", remedy="r")
    assert exits.joint_exit_code([], succeeded=0) == 0
    assert exits.joint_exit_code([lost], succeeded=4) == 3
    assert exits.joint_exit_code([lost, busy], succeeded=0) == 3
    assert exits.joint_exit_code([lost, lost], succeeded=0) == 6
    assert exits.joint_exit_code([busy], succeeded=0) == 7


def ending(error: BaseException) -> click.Group:
    """The commands, with one that ends like this."""

    class Ending(Commands):
        def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
            return click.Command(name, callback=self._end, params=[click.Option(["--json"], is_flag=True)])

        @staticmethod
        def _end(json: bool) -> None:
            raise error

    return Ending("wedsync-dr")


def test_an_error_says_what_happened_and_what_to_do_on_stderr_and_nothing_on_stdout() -> None:
    ended = CliRunner().invoke(ending(errors.Conflict("Rows are taken.", remedy="Choose tables.")), ["restore"])
    assert (ended.exit_code, ended.stdout) == (5, "")
    assert ended.stderr == "error: Rows are taken.\nwhat to do: Choose tables.\n"


def test_an_error_is_json_on_stdout_where_json_is_asked_for() -> None:
    ended = CliRunner().invoke(
        ending(errors.Conflict("Rows are taken.", remedy="Choose tables.")), ["restore", "--json"]
    )
    assert ended.exit_code == 5
    assert json.loads(ended.stdout) == {"error": "Rows are taken.", "code": "Conflict", "remedy": "Choose tables."}


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_and_a_no_end_with_their_own_codes(as_json: bool) -> None:
    arguments = ["restore"] + ["--json"] * as_json
    stopped = CliRunner().invoke(ending(KeyboardInterrupt()), arguments)
    declined = CliRunner().invoke(ending(click.Abort()), arguments)
    assert (stopped.exit_code, declined.exit_code) == (130, 5)
    assert "interrupted; nothing half-made is listed; run again" in stopped.output
    assert "nothing was changed" in declined.output


@pytest.mark.parametrize("arguments", [["nonsense"], ["snapshots", "--nonsense"], ["show", "--as-of", "yesterday"]])
def test_misuse_ends_with_2_and_names_the_help(arguments: list[str]) -> None:
    ended = CliRunner().invoke(cli, arguments)
    assert ended.exit_code == 2
    assert "--help" in ended.stderr
    assert json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)["code"] == "Usage"


def test_the_help_names_every_exit_code_and_every_command_as_the_command_itself_does() -> None:
    text = " ".join(CliRunner().invoke(cli, ["--help"]).stdout.split())
    for code, meaning in exits.MEANINGS.items():
        assert f"{code} {meaning}" in text
    for name, (_, help_line) in COMMANDS.items():
        assert f"{name} {help_line}" in text


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("demo", "up")])
def test_every_command_has_an_example_in_its_help(name: str) -> None:
    help_text = CliRunner().invoke(cli, [name, "--help"]).stdout
    assert "Example" in help_text
    assert f"wedsync-dr {name}" in help_text


def test_the_main_help_loads_neither_driver_nor_parquet_nor_dagster() -> None:
    program = (
        "import sys; from wedsync_dr.cli.main import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'psycopg', 'pyarrow', 'rich', 'cryptography', 'dagster'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def test_no_command_loads_dagster() -> None:
    program = (
        "import sys; from wedsync_dr.cli.main import COMMANDS, cli\n"
        "[cli.get_command(None, name) for name in COMMANDS]\n"
        "assert 'dagster' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603


def test_a_fault_of_the_program_itself_shows_where_but_not_with_which_row() -> None:
    program = (
        "from wedsync_dr.cli import exits\n"
        "exits.hide_messages_of_faults()\n"
        "def deeper(): raise KeyError('Emma Example')\n"
        "try: deeper()\n"
        "except KeyError as error: raise ValueError('guest Emma Example') from error"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)  # noqa: S603
    assert ended.returncode == 1
    assert "ValueError" in ended.stderr
    assert "what to do" in ended.stderr
    assert "Emma" not in ended.stderr
