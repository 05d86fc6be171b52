"""Getting messages to people: every channel by itself, and what one did not take is kept for it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from wedsync_dr.alerts.alert import Judgement
from wedsync_dr.alerts.channels import Channel
from wedsync_dr.alerts.message import Message
from wedsync_dr.alerts.telling import Memory, tell
from wedsync_dr.errors import AlertNotSent, DisasterRecoveryError
from wedsync_dr.vault.ledger import Ledger

EVENT = "channel"
_KEPT = 50  # notices that wait for a channel; the oldest give way


@dataclass(frozen=True)
class Kept:
    """What people know, what each channel has not taken yet, and why the channels that failed did."""

    memory: Memory = field(default_factory=Memory)
    owed: Mapping[str, Message] = field(default_factory=dict)
    failing: Mapping[str, str] = field(default_factory=dict)

    def to_text(self) -> str:
        """Small, for a cursor or a file; `from_text` reads it."""
        return _FORM.dump_json(self, exclude_defaults=True).decode()

    @classmethod
    def from_text(cls, text: str | None) -> "Kept":
        """What was kept. What cannot be read is forgotten: people rather hear twice than never."""
        try:
            return _FORM.validate_json(text) if text else cls()
        except ValidationError:
            return cls()


_FORM = TypeAdapter(Kept)


@dataclass(frozen=True)
class Change:
    """A channel that stopped taking messages, or takes them again; `why` is empty then."""

    channel: str
    why: str

    @property
    def ok(self) -> bool:
        return not self.why


@dataclass(frozen=True)
class Round:
    """What came of telling: what is to be kept, the message that was new, and how channels changed."""

    kept: Kept
    message: Message | None
    changes: tuple[Change, ...]


def tell_people(kept: Kept, judged: Judgement, channels: Sequence[Channel], now: datetime) -> Round:
    """Tell what is to be told now. A channel that fails stops neither the others nor the caller."""
    message, memory = tell(kept.memory, judged, now)
    owed = {one.name: _joined(kept.owed.get(one.name), message) for one in channels}
    to_send = [(one, due) for one in channels if (due := owed[one.name])]
    with ThreadPoolExecutor(max(1, len(to_send))) as beside:
        outcomes = dict(zip((one.name for one, _ in to_send), beside.map(_sent, to_send), strict=True))
    left = {name: due for name, due in owed.items() if due and outcomes.get(name)}
    names = {one.name for one in channels}
    failing = {name: why for name, why in {**kept.failing, **outcomes}.items() if why and name in names}
    changes = tuple(Change(name, why) for name, why in outcomes.items() if bool(why) != (name in kept.failing))
    return Round(Kept(memory, left, failing), message, changes)


def note_changes(changes: Sequence[Change], ledger: Ledger, now: datetime) -> None:
    """Put into the ledger which channels changed, so that `status` warns of them; a vault that fails stops nothing."""
    for change in changes:
        try:
            ledger.append(EVENT, {"channel": change.channel, "ok": change.ok, "why": change.why}, now)
        except DisasterRecoveryError:
            return


def _joined(waiting: Message | None, message: Message | None) -> Message | None:
    if waiting is None or message is None:
        return message or waiting
    return Message(message.at, (*waiting.notices, *message.notices)[-_KEPT:])


def _sent(pair: tuple[Channel, Message]) -> str:
    """Why it was not; empty where it was."""
    channel, message = pair
    try:
        channel.send(message)
    except AlertNotSent as error:
        return str(error)
    return ""
