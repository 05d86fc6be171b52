"""The channels that alerts go through: mail, Slack's incoming webhooks, and any webhook that takes JSON."""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Protocol

import requests

from wedsync_dr.alerts.addresses import Address, Way
from wedsync_dr.alerts.message import Message
from wedsync_dr.errors import AlertNotSent

PATIENCE_S = 5.0
_SUBMISSION, _IMPLICIT_TLS = 587, 465
_LONGEST_TEXT = 3000  # characters; Slack cuts beyond


class Channel(Protocol):
    """Takes a message, or raises AlertNotSent within a few seconds; what it raises holds no secret."""

    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> None: ...


def channel_at(address: Address) -> Channel:
    """The channel that an address names. Nothing is connected to before a message is sent."""
    ways: dict[Way, Callable[[Address], Channel]] = {Way.MAIL: Mail, Way.SLACK: Slack, Way.WEBHOOK: Webhook}
    return ways[address.way](address)


@dataclass(frozen=True)
class Mail:
    """A mail server. TLS is used where it is offered; a password is never sent to another machine in the clear."""

    address: Address

    @property
    def name(self) -> str:
        return self.address.name

    def send(self, message: Message) -> None:
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"], mail["To"] = self.address.asked("from"), self.address.asked("to")
        mail.set_content(message.text())
        with _told(self.name), self._server() as server:
            server.send_message(mail)

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        parts, trusted = self.address.parts, ssl.create_default_context()
        host = str(parts.hostname)
        if parts.scheme == "smtps":
            with smtplib.SMTP_SSL(host, parts.port or _IMPLICIT_TLS, timeout=PATIENCE_S, context=trusted) as server:
                self._log_in(server, secure=True)
                yield server
            return
        with smtplib.SMTP(host, parts.port or _SUBMISSION, timeout=PATIENCE_S) as server:
            server.ehlo()
            secure = bool(server.has_extn("starttls"))
            if secure:
                server.starttls(context=trusted)
                server.ehlo()
            self._log_in(server, secure=secure)
            yield server

    def _log_in(self, server: smtplib.SMTP, *, secure: bool) -> None:
        known = self.address.credentials
        if known is None:
            return
        if not secure and not self.address.loopback:
            raise _not_sent(self.name, "the server offers no TLS, and the password is not sent without it")
        server.login(*known)


@dataclass(frozen=True)
class Slack:
    """An incoming webhook of Slack, or of what understands the same."""

    address: Address

    @property
    def name(self) -> str:
        return self.address.name

    def send(self, message: Message) -> None:
        text = message.text()
        cut = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…\n`wedsync-dr status` has the rest."
        _post(self.address, {"text": f"*{message.subject}*\n{cut}"})


@dataclass(frozen=True)
class Webhook:
    """Any server that takes a POST of JSON: what `Message.to_json` returns."""

    address: Address

    @property
    def name(self) -> str:
        return self.address.name

    def send(self, message: Message) -> None:
        _post(self.address, message.to_json())


def _post(address: Address, document: dict[str, Any]) -> None:
    """Follows no redirect: the path is a secret, and the message is not another server's."""
    url = address.url.removeprefix("slack+")
    with _told(address.name):
        answer = requests.post(url, json=document, timeout=PATIENCE_S, allow_redirects=False)
    if not 200 <= answer.status_code < 300:
        raise _not_sent(address.name, f"the server answered {answer.status_code}")


@contextmanager
def _told(name: str) -> Iterator[None]:
    """What libraries raise inside names its kind only: their words repeat addresses and passwords."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise _not_sent(name, f"the server answered {error.smtp_code}") from None
    except (OSError, smtplib.SMTPException, requests.RequestException, ValueError) as error:
        raise _not_sent(name, type(error).__name__) from None


def _not_sent(name: str, why: str) -> AlertNotSent:
    return AlertNotSent(
        f"Channel {name} did not take the message: {why}.",
        remedy="See that it answers and that WEDSYNC_ALERTS is right: `wedsync-dr alerts --test`.",
    )
