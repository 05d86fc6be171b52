"""Serving the API from the command line. The app is named, not imported: uvicorn loads it."""

import signal
import socket
from typing import Any

import click
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example
from wedsync_dr.cli.output import note, say
from wedsync_dr.errors import SettingsInvalid

APP = "wedsync_dr.api.app:create_app"
_PORT = 8586
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_GRACE_S = 20
_KEPT_S = 75  # an idle connection; longer than a reverse proxy keeps its own, so that none is closed under a request


@click.command(epilog=example("wedsync-dr api --port 8586"))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=_PORT, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--without-tls", is_flag=True, help="Listen on another address than loopback, where no proxy adds TLS.")
def api(host: str, port: int, without_tls: bool) -> int:
    """Serve the REST API until Ctrl-C; what is being answered then is answered to its end.

    /openapi.json describes it. Each call needs a token: `wedsync-dr tokens create`. It speaks plain HTTP: leave it on
    loopback and put a reverse proxy with TLS before it.
    """
    if host not in _LOOPBACK:
        if not without_tls:
            raise click.UsageError(f"{host} is not loopback, and tokens would travel in clear; see --without-tls.")
        note("warning: plain HTTP beyond loopback; whoever is on the way reads tokens. Put TLS before it.")
    at_hand.settings()
    config = uvicorn.Config(
        APP,
        factory=True,
        access_log=False,
        log_config=_logging(),
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=_KEPT_S,
    )
    with _listening(host, port) as listening:
        say(f"listening on http://{host}:{listening.getsockname()[1]}; make a token: wedsync-dr tokens create")
        _serve(uvicorn.Server(config), listening)
    return exits.DONE


def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    """Until SIGINT or SIGTERM, which is how a service ends and no failure: uvicorn raises the signal again at its
    end."""

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server.run(sockets=[listening])


def _logging() -> dict[str, Any]:
    """Uvicorn's own log, and in it the API's line a request, which has the request id; all on stderr."""
    shown = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return {**LOGGING_CONFIG, "loggers": {**LOGGING_CONFIG["loggers"], "wedsync_dr.api": shown}}


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError:
        raise SettingsInvalid(
            f"Port {port} of {host} cannot be listened on.", remedy="Another process has it, or it needs privileges."
        ) from None
