"""Where alerts go: the addresses in WEDSYNC_ALERTS. They hold passwords and secret paths, so none is ever shown."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from wedsync_dr.errors import SettingsInvalid

SETTING = "WEDSYNC_ALERTS"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_REMEDY = (
    "Write smtp://user:password@host:587/?from=a@example.org&to=b@example.org, slack+https://hooks.slack.com/services/…"
    " or https://host/path, several with blanks between them."
)


class Way(StrEnum):
    """How a channel is spoken to."""

    MAIL = "mail"
    SLACK = "slack"
    WEBHOOK = "webhook"


@dataclass(frozen=True)
class Address:
    """A channel for alerts. `name` says which one without a secret; `url` is for the channel alone."""

    name: str
    way: Way
    url: str = field(repr=False)

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def loopback(self) -> bool:
        return self.parts.hostname in _LOOPBACK

    def asked(self, parameter: str) -> str:
        """A parameter of the URL; empty where it has none."""
        return parse_qs(self.parts.query).get(parameter, [""])[0]

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password, where the URL has both."""
        user, password = self.parts.username, self.parts.password
        return (unquote(user), unquote(password)) if user and password else None


_SCHEMES = {
    "smtp": Way.MAIL,
    "smtps": Way.MAIL,
    "slack+https": Way.SLACK,
    "slack+http": Way.SLACK,
    "https": Way.WEBHOOK,
    "http": Way.WEBHOOK,
}


def parse_addresses(text: str) -> tuple[Address, ...]:
    """The addresses in a text, in its order. Raises SettingsInvalid, which says which one is wrong and repeats none."""
    return tuple(_address(number, url) for number, url in enumerate(text.split(), 1))


def _address(number: int, url: str) -> Address:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _wrong(number, "is not a URL") from None
    way = _SCHEMES.get(parts.scheme)
    if way is None or not host:
        raise _wrong(number, "is not the address of a channel")
    address = Address(f"{number} ({way.value} at {host})", way, url)
    if parts.scheme in ("http", "slack+http") and not address.loopback:
        raise _wrong(number, "sends in the clear; only this machine may be written to with http")
    if way is Way.MAIL and not (address.asked("from") and address.asked("to")):
        raise _wrong(number, "does not say from whom and to whom")
    return address


def _wrong(number: int, why: str) -> SettingsInvalid:
    return SettingsInvalid(f"{SETTING}: address {number} {why}.", remedy=_REMEDY)
