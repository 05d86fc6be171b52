"""A mail server and a web server of this machine that keep what they are sent."""

import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any


@dataclass
class Sink:
    """What a server got: mails or bodies, the commands of mail clients, the paths that were asked for."""

    port: int = 0
    bodies: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


class Mailbox(socketserver.StreamRequestHandler):
    """The server's side of one conversation about mail."""

    sink: Sink
    refuses = False
    tls: ssl.SSLContext | None = None

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline().decode().strip():
            self.sink.commands.append(line)
            verb = line.split()[0].upper()
            if verb == "STARTTLS":
                self._secure()
            elif verb == "DATA":
                self._say("354 go on")
                self.sink.bodies.append("".join(iter(lambda: self.rfile.readline().decode(), ".\r\n")))
                self._say("250 taken")
            else:
                self._say(self._answer(verb))

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _answer(self, verb: str) -> str:
        offered = ["250-sink", "250-AUTH PLAIN", *["250-STARTTLS"] * bool(self.tls), "250 8BITMIME"]
        refusal = "550 zebulon is not at home"
        answers = {"EHLO": "\r\n".join(offered), "AUTH": "235 welcome", "QUIT": "221 bye"}
        return refusal if verb == "RCPT" and self.refuses else answers.get(verb, "250 fine")

    def _secure(self) -> None:
        self._say("220 go ahead")
        assert self.tls
        self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def finish(self) -> None:
        super().finish()
        self.connection.close()


class Server(socketserver.TCPServer):
    """Silent about clients that hang up."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that refuses a certificate hangs up in the middle."""


@contextmanager
def mail_server(host: str = "127.0.0.1", *, refuses: bool = False, tls: ssl.SSLContext | None = None) -> Iterator[Sink]:
    """One that takes every mail, or none; with `tls` it offers STARTTLS."""
    sink = Sink()
    box = type("Box", (Mailbox,), {"sink": sink, "refuses": refuses, "tls": tls})
    with Server((host, 0), box) as server, _running(server, sink):
        yield sink


@contextmanager
def web_server(status: int = 200) -> Iterator[Sink]:
    """One that answers every POST with this status."""
    sink = Sink()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sink.paths.append(self.path)
            sink.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://127.0.0.1:{sink.port}/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing on the screen."""

    with HTTPServer(("127.0.0.1", 0), Hook) as server, _running(server, sink):
        yield sink


@contextmanager
def _running(server: socketserver.TCPServer, sink: Sink) -> Iterator[None]:
    sink.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
