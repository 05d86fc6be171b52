"""Messages reach a mail server and web servers; a channel that fails says so without a secret."""

import datetime as dt
import json
import ssl
from email import message_from_string
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wedsync_dr.alerts.addresses import parse_addresses
from wedsync_dr.alerts.alert import AlertCode, Severity
from wedsync_dr.alerts.channels import Channel, channel_at
from wedsync_dr.alerts.message import Message, News, Notice
from wedsync_dr.errors import AlertNotSent, SettingsInvalid
from wedsync_dr_tests.alerts.servers import mail_server, web_server
from wedsync_dr_tests.town import NOW

PASSWORD = "correct-horse"
ELSEWHERE = "127.0.0.2"  # answers here, and is none of the names of this machine
NOTICE = Notice(
    News.NEW, AlertCode.OBJECTIVE_MISSED, Severity.ERROR, "12 weddings (day_of) past the objective of 5 min.",
    "Take them now.", tuple(f"wedding/{n}" for n in range(10)), 12, NOW - dt.timedelta(minutes=50),
)  # fmt: skip
MESSAGE = Message(NOW, (NOTICE,))


def channel(url: str) -> Channel:
    (address,) = parse_addresses(url)
    return channel_at(address)


def mail(port: int, user: str = "", host: str = "127.0.0.1") -> Channel:
    return channel(f"smtp://{user}{host}:{port}/?from=backup@example.org&to=oncall@example.org,boss@example.org")


def refusal(sent_by: Channel) -> str:
    with pytest.raises(AlertNotSent) as refused:
        sent_by.send(MESSAGE)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None or refused.value.__suppress_context__
    return f"{refused.value} {refused.value.remedy}"


def certificate(place: Path) -> ssl.SSLContext:
    """A server's side of TLS; its certificate is in `place`, signed by nobody."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2090, 1, 1, tzinfo=dt.UTC))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    place.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    place.with_suffix(".key").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place, place.with_suffix(".key"))
    return context


def test_a_mail_says_what_is_wrong_where_since_when_and_what_to_do() -> None:
    with mail_server() as sink:
        mail(sink.port).send(MESSAGE)
    read = message_from_string(sink.bodies[0], policy=default)
    assert read["Subject"].strip() == "wedsync-dr: 1 to look at (12 weddings (day_of) past the objective of 5 min.)"
    assert (read["From"], read["To"]) == ("backup@example.org", "oncall@example.org, boss@example.org")
    text = read.get_content().replace("\r\n", "\n")
    assert text.startswith("ERROR, new: 12 weddings (day_of) past the objective of 5 min.\n")
    assert "since 2026-11-24 08:10 UTC, 50 min" in text
    assert "wedding/9 and 2 more\n" in text
    assert "what to do: Take them now." in text
    assert "docs/runbook.md, objective-missed" in text
    receivers = [line[8:] for line in sink.commands if line.upper().startswith("RCPT TO:")]
    assert receivers == ["<oncall@example.org>", "<boss@example.org>"]


def test_a_password_goes_through_tls_where_it_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = certificate(tmp_path / "sink.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "sink.pem"))
    with mail_server(tls=tls) as sink:
        mail(sink.port, f"me:{PASSWORD}@").send(MESSAGE)
    assert sink.commands.index("STARTTLS") < next(n for n, line in enumerate(sink.commands) if line.startswith("AUTH"))
    assert len(sink.bodies) == 1


def test_a_mail_server_that_nobody_vouches_for_gets_no_password(tmp_path: Path) -> None:
    with mail_server(tls=certificate(tmp_path / "sink.pem")) as sink:
        assert PASSWORD not in refusal(mail(sink.port, f"me:{PASSWORD}@"))
    assert not any(line.startswith("AUTH") for line in sink.commands)


def test_a_mail_server_elsewhere_that_offers_no_tls_gets_no_password() -> None:
    with mail_server(ELSEWHERE) as sink:
        assert "no TLS" in refusal(mail(sink.port, f"me:{PASSWORD}@", ELSEWHERE))
        mail(sink.port, host=ELSEWHERE).send(MESSAGE)
    assert not any(line.startswith("AUTH") for line in sink.commands)
    assert len(sink.bodies) == 1


def test_a_mail_server_of_this_machine_needs_no_tls() -> None:
    with mail_server() as sink:
        mail(sink.port, f"me:{PASSWORD}@").send(MESSAGE)
    assert len(sink.bodies) == 1


def test_a_webhook_gets_json() -> None:
    with web_server() as sink:
        channel(f"http://127.0.0.1:{sink.port}/hook?token=t").send(MESSAGE)
    assert sink.paths == ["/hook?token=t"]
    document = json.loads(sink.bodies[0])
    (notice,) = document["notices"]
    assert document["text"] == MESSAGE.text()
    assert (notice["code"], notice["severity"], notice["count"]) == ("objective-missed", "error", 12)
    assert notice["subjects"] == [f"wedding/{number}" for number in range(10)]


def test_slack_gets_its_text_and_a_long_one_is_cut() -> None:
    long = Message(NOW, (NOTICE,) * 40)
    with web_server() as sink:
        slack = channel(f"slack+http://127.0.0.1:{sink.port}/services/T0/B0/{PASSWORD}")
        slack.send(MESSAGE)
        slack.send(long)
    short, cut = (json.loads(body)["text"] for body in sink.bodies)
    assert short == f"*{MESSAGE.subject}*\n{MESSAGE.text()}"
    assert len(cut) < 3200
    assert cut.endswith("`wedsync-dr status` has the rest.")


@pytest.mark.parametrize("status", [302, 403, 500])
def test_a_server_that_does_not_take_it_is_a_failure_and_no_redirect_is_followed(status: int) -> None:
    with web_server(status) as sink:
        said = refusal(channel(f"http://127.0.0.1:{sink.port}/hook/{PASSWORD}"))
    assert str(status) in said
    assert PASSWORD not in said
    assert len(sink.paths) == 1


def test_what_a_mail_server_answers_is_not_repeated() -> None:
    with mail_server(refuses=True) as sink:
        said = refusal(mail(sink.port))
    assert "zebulon" not in said
    assert "oncall" not in said


@pytest.mark.parametrize("scheme", ["smtp", "smtps", "http", "slack+http"])
def test_a_channel_that_does_not_answer_is_a_failure_without_a_secret(scheme: str) -> None:
    said = refusal(channel(f"{scheme}://me:{PASSWORD}@127.0.0.1:1/{PASSWORD}?from=a@example.org&to=b@example.org"))
    assert "127.0.0.1" in said
    assert PASSWORD not in said


@pytest.mark.parametrize(
    "text",
    [
        f"ftp://me:{PASSWORD}@host/",
        f"http://example.org/{PASSWORD}",
        f"slack+http://example.org/{PASSWORD}",
        f"smtp://me:{PASSWORD}@host/",
        f"smtp://me:{PASSWORD}@host/?from=a@example.org",
        f"https:///{PASSWORD}",
        f"https://host:{PASSWORD}/",
        PASSWORD,
    ],
)
def test_an_address_that_is_none_is_refused_by_its_number_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="address 2") as refused:
        parse_addresses(f"https://hooks.example.org/x {text}")
    assert PASSWORD not in str(refused.value) + repr(refused.value)


def test_an_address_shows_no_secret() -> None:
    (address,) = parse_addresses(f"smtp://me:{PASSWORD}@mail.example.org/?from=a@example.org&to=b@example.org")
    assert address.credentials == ("me", PASSWORD)
    assert PASSWORD not in repr(address) + repr(channel_at(address)) + address.name
    assert address.name == "1 (mail at mail.example.org)"
