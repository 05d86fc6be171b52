"""A channel that fails stops no other, gets later what it missed, and is reported."""

from dataclasses import dataclass, field
from datetime import timedelta

from wedsync_dr.alerts.alert import Alert, AlertCode, Judgement, Severity
from wedsync_dr.alerts.delivery import Kept, Round, note_changes, tell_people
from wedsync_dr.alerts.message import Message, News
from wedsync_dr.errors import AlertNotSent
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests.town import NOW

LATE = Alert(AlertCode.OBJECTIVE_MISSED, Severity.ERROR, "Late.", "Look.", "day_of", ("wedding/1",), NOW)
FULL = Alert(AlertCode.VAULT_SPACE, Severity.WARNING, "Full.", "Make room.")
MINUTE = timedelta(minutes=1)


@dataclass
class Pager:
    """A channel that keeps what it gets, or takes nothing while it is broken."""

    name: str
    broken: bool = False
    got: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        if self.broken:
            raise AlertNotSent(f"Channel {self.name} did not take the message: it is broken.", remedy="Mend it.")
        self.got.append(message)


def told(kept: Kept, *alerts: Alert, channels: list[Pager], minutes: int = 0) -> Round:
    return tell_people(kept, Judgement(alerts), channels, NOW + minutes * MINUTE)


def codes(pager: Pager) -> list[list[str]]:
    return [[notice.code.value for notice in message.notices] for message in pager.got]


def test_a_broken_channel_stops_no_other_and_gets_later_what_it_missed() -> None:
    mail, chat = Pager("mail", broken=True), Pager("chat")
    first = told(Kept(), LATE, channels=[mail, chat])
    assert codes(chat) == [["objective-missed"]]
    assert [(change.channel, change.ok) for change in first.changes] == [("mail", False)]
    second = told(first.kept, LATE, FULL, channels=[mail, chat], minutes=1)
    assert codes(chat) == [["objective-missed"], ["vault-space"]]
    assert second.changes == ()
    mail.broken = False
    third = told(second.kept, LATE, FULL, channels=[mail, chat], minutes=2)
    assert codes(mail) == [["objective-missed", "vault-space"]]
    assert len(chat.got) == 2
    assert [(change.channel, change.ok) for change in third.changes] == [("mail", True)]
    assert (third.kept.owed, third.kept.failing) == ({}, {})


def test_what_is_kept_survives_as_text_and_is_small() -> None:
    mail = Pager("mail", broken=True)
    kept = told(Kept(), LATE, FULL, channels=[mail]).kept
    again = Kept.from_text(kept.to_text())
    assert again == kept
    assert len(kept.to_text()) < 2000
    mail.broken = False
    told(again, LATE, FULL, channels=[mail], minutes=1)
    assert [notice.news for notice in mail.got[0].notices] == [News.NEW, News.NEW]


def test_what_is_kept_and_cannot_be_read_is_forgotten_so_that_people_hear_it_again() -> None:
    assert Kept.from_text("{broken") == Kept.from_text('{"owed": 3}') == Kept.from_text(None) == Kept()


def test_what_waits_for_a_channel_is_bounded() -> None:
    mail, kept = Pager("mail", broken=True), Kept()
    for number in range(80):
        kept = told(kept, Alert(AlertCode.RUN_FAILED, Severity.ERROR, f"{number}", "Look.", f"{number}"),
                    channels=[mail], minutes=number * 5).kept  # fmt: skip
    assert len(kept.owed["mail"].notices) == 50


def test_a_channel_that_is_not_configured_any_more_is_forgotten() -> None:
    kept = told(Kept(), LATE, channels=[Pager("mail", broken=True)]).kept
    kept = told(kept, LATE, channels=[Pager("chat")], minutes=1).kept
    assert (kept.owed, kept.failing) == ({}, {})


def test_the_ledger_knows_which_channel_is_mute(archive: Archive) -> None:
    mail = Pager("mail", broken=True)
    first = told(Kept(), LATE, channels=[mail])
    note_changes(first.changes, archive.ledger, NOW)
    assert "it is broken" in archive.ledger.known().mute_channels["mail"]["why"]
    mail.broken = False
    note_changes(told(first.kept, LATE, channels=[mail], minutes=1).changes, archive.ledger, NOW)
    assert archive.ledger.known().mute_channels == {}
