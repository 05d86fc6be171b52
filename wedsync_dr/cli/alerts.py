"""Trying the channels for alerts."""

from datetime import datetime

import click

from wedsync_dr.alerts.alert import AlertCode, Severity
from wedsync_dr.alerts.channels import channel_at
from wedsync_dr.alerts.message import Message, News, Notice
from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import example, json_option
from wedsync_dr.cli.output import print_json, say
from wedsync_dr.errors import AlertNotSent, SettingsInvalid


@click.command(epilog=example("wedsync-dr alerts --test"))
@click.option("--test", is_flag=True, help="Send a test message to each channel.")
@json_option
def alerts(test: bool, as_json: bool) -> int:
    """List the channels that alerts go through, and with --test send each of them a message.

    Nothing secret is shown. Exit code 4: a channel did not take its message. `wedsync-dr status` shows what is wrong
    now; Dagster's sensor `alarms` tells it.
    """
    addresses = at_hand.settings().alerts
    if not addresses:
        raise SettingsInvalid("WEDSYNC_ALERTS is not set: nobody is told.", remedy="docs/runbook.md, WEDSYNC_ALERTS.")
    said: dict[str, str] = {}
    for address in addresses:
        try:
            if test:
                channel_at(address).send(_trial(at_hand.now()))
            said[address.name] = "sent" if test else "configured"
        except AlertNotSent as error:
            said[address.name] = str(error)
    failed = test and any(outcome != "sent" for outcome in said.values())
    if as_json:
        print_json({"channels": [{"channel": name, "outcome": outcome} for name, outcome in said.items()]})
    for name, outcome in said.items() if not as_json else ():
        say(f"{name}: {outcome}")
    return exits.FINDINGS if failed else exits.DONE


def _trial(now: datetime) -> Message:
    title = "This is a test. Alerts of wedsync-dr reach you here."
    todo = "Nothing. When it is earnest, this line says what."
    return Message(now, (Notice(News.NEW, AlertCode.CHANNEL_FAILED, Severity.WARNING, title, todo, (), 0, now),))
