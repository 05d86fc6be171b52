from datetime import UTC, datetime
from pathlib import Path

import pytest

from wedsync_dr.errors import KeyRefused, RulesInvalid, SettingsInvalid
from wedsync_dr.initialise import initialise
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr.settings import NAMES, Settings, database_url, open_archive, open_policy, open_source, places
from wedsync_dr.source.session import PATIENCE, Patience

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
PASSWORD = "rice-and-confetti"


def settings_in(home: Path, **more: str) -> Settings:
    environ = {
        "WEDSYNC_VAULT_URL": (home / "vault").as_uri(),
        "WEDSYNC_KEYRING_URL": (home / "keyring").as_uri(),
        "WEDSYNC_ROOT_KEY": (home / "keys" / "root.key").as_uri(),
    }
    return Settings.from_environ(environ | more)


def test_where_nothing_is_said_everything_lives_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environ({}, Path(".env"))
    assert settings.vault_url == (tmp_path / ".wedsync" / "vault").as_uri()
    assert settings.keyring_url == (tmp_path / ".wedsync" / "keyring").as_uri()
    assert settings.root_key == (tmp_path / ".wedsync" / "root.key").as_uri()
    assert (settings.source_url, settings.rules, settings.time_zone) == (None, tmp_path / "rules.toml", "UTC")


def test_the_policy_is_the_file_in_the_working_directory_where_there_is_one_else_what_is_built_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_policy(Settings.from_environ({})) == DEFAULT
    (tmp_path / "policy.toml").write_text("[retention]\nyearly = 2\n")
    assert open_policy(Settings.from_environ({})).of(None).retention.yearly == 2
    (tmp_path / "other.toml").write_text("[retention]\nyearly = 3\n")
    named = Settings.from_environ({"WEDSYNC_POLICY": str(tmp_path / "other.toml")})
    assert open_policy(named).of(None).retention.yearly == 3


def test_the_environment_wins_over_the_file_and_an_empty_value_is_not_set(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("WEDSYNC_TIMEZONE=Europe/Berlin\nWEDSYNC_VAULT_URL=file:///from/file\nWEDSYNC_KEYRING_URL=\n")
    settings = Settings.from_environ({"WEDSYNC_VAULT_URL": "file:///from/environment", "WEDSYNC_KEYRING_URL": ""}, file)
    assert settings.vault_url == "file:///from/environment"
    assert settings.time_zone == "Europe/Berlin"
    assert settings.keyring_url.endswith("/.wedsync/keyring")


def test_a_password_with_a_dollar_sign_in_the_file_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("WEDSYNC_SOURCE_URL='postgresql://backup:a${HOME}b@db/wedsync'\n")
    assert Settings.from_environ({}, file).source_url == "postgresql://backup:a${HOME}b@db/wedsync"


def test_no_secret_is_printed_with_the_settings(tmp_path: Path) -> None:
    url = f"postgresql://backup:{PASSWORD}@db/wedsync"
    rules = tmp_path / "rules.toml"
    rules.touch()
    settings = Settings.from_environ(
        {"WEDSYNC_SOURCE_URL": url, "WEDSYNC_PASSPHRASE": PASSWORD, "WEDSYNC_RULES": str(rules)}
    )
    assert settings.source_url == url
    assert PASSWORD not in f"{settings!r} {settings}"
    assert PASSWORD not in repr(open_source(settings))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEDSYNC_SOURCE_URL", f"mysql://backup:{PASSWORD}@db/wedsync"),
        ("WEDSYNC_SOURCE_URL", f"postgresql://backup:{PASSWORD}@db:port/wedsync"),
        ("WEDSYNC_SOURCE_URL", f"host=db password={PASSWORD}"),
        ("WEDSYNC_VAULT_URL", "ftp://host/vault"),
        ("WEDSYNC_VAULT_URL", "relative/vault"),
        ("WEDSYNC_VAULT_URL", "file:///"),
        ("WEDSYNC_VAULT_URL", "file://elsewhere/vault"),
        ("WEDSYNC_KEYRING_URL", "file:///keys#1"),
        ("WEDSYNC_ROOT_KEY", "env:ROOT_KEY"),
        ("WEDSYNC_ROOT_KEY", PASSWORD),
        ("WEDSYNC_RULES", "/nowhere/rules.toml"),
        ("WEDSYNC_POLICY", "/nowhere/policy.toml"),
        ("WEDSYNC_TIMEZONE", "Europe/Bielefeld-am-Meer"),
        ("WEDSYNC_TIMEZONE", "../../etc/passwd"),
        ("WEDSYNC_PG_BIN", "/nowhere/bin"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_with_a_remedy_and_without_its_secret(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=name) as refused:
        Settings.from_environ({name: value})
    assert refused.value.remedy
    assert PASSWORD not in f"{refused.value} {refused.value.remedy}"
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEDSYNC_VAULT_URL", "s3://bucket/prefix"),
        ("WEDSYNC_KEYRING_URL", "s3://bucket/keys"),
        ("WEDSYNC_ROOT_KEY", "awskms:alias/wedsync"),
    ],
)
def test_what_a_later_version_brings_is_refused_and_said_so(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match="this version") as refused:
        Settings.from_environ({name: value})
    assert "file:///" in refused.value.remedy


@pytest.mark.parametrize("wrong", ["WEDSYNC_VAULT", "WEDSYNC_TIME_ZONE", "WEDSYNC_SOURCE", "WEDSYNC_RULE"])
def test_a_misspelt_setting_is_refused_instead_of_meaning_a_default(wrong: str) -> None:
    with pytest.raises(SettingsInvalid, match=wrong) as refused:
        Settings.from_environ({wrong: "file:///somewhere"})
    assert any(name in refused.value.remedy for name in NAMES)


def test_other_names_of_the_platform_are_not_ours_to_refuse() -> None:
    Settings.from_environ({"WEDSYNC_STRIPE_KEY": "x", "WEDSYNC_DAGSTER_HOME": "y"})


def test_a_target_is_checked_under_its_own_name() -> None:
    assert database_url("postgres://db/aside", "--target") == "postgres://db/aside"
    with pytest.raises(SettingsInvalid, match="--target"):
        database_url("db/aside", "--target")


def test_a_source_needs_its_url_and_rules_that_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="WEDSYNC_SOURCE_URL"):
        open_source(Settings.from_environ({}))
    rules = tmp_path / "rules.toml"
    rules.write_text("[roots\n")
    with pytest.raises(RulesInvalid):
        open_source(
            Settings.from_environ({"WEDSYNC_SOURCE_URL": "postgresql://db/wedsync", "WEDSYNC_RULES": str(rules)})
        )


def test_waits_are_whole_seconds_and_reach_the_source(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[roots]\nwedding = ["public.weddings"]')
    given = {"WEDSYNC_SOURCE_URL": "postgresql://host/db", "WEDSYNC_RULES": str(rules)}
    assert open_source(settings_in(tmp_path, **given)).patience == PATIENCE
    waits = {"WEDSYNC_CONNECT_TIMEOUT": "3", "WEDSYNC_LOCK_PATIENCE": "120"}
    assert open_source(settings_in(tmp_path, **given, **waits)).patience == Patience(connect_s=3, lock_s=120)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "ten", "²", "3601"])
@pytest.mark.parametrize("name", ["WEDSYNC_CONNECT_TIMEOUT", "WEDSYNC_LOCK_PATIENCE"])
def test_a_wait_that_is_no_number_of_seconds_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        settings_in(tmp_path, **{name: text})


def test_a_passphrase_is_asked_for_only_where_none_is_set(tmp_path: Path) -> None:
    asked = settings_in(tmp_path, WEDSYNC_ROOT_KEY="passphrase:")
    initialise(asked, NOW, lambda: PASSWORD)
    known = settings_in(tmp_path, WEDSYNC_ROOT_KEY="passphrase:", WEDSYNC_PASSPHRASE=PASSWORD)
    assert open_archive(asked, lambda: PASSWORD).signer == open_archive(known).signer
    with pytest.raises(KeyRefused):
        open_archive(asked, lambda: "another")
    with pytest.raises(SettingsInvalid, match="passphrase") as refused:
        open_archive(asked)
    assert "WEDSYNC_PASSPHRASE" in refused.value.remedy


def test_alerts_go_to_several_channels_and_no_secret_of_theirs_is_shown(tmp_path: Path) -> None:
    given = "https://hooks.example.org/hush  smtp://me:hush@mail.example.org/?from=a@example.org&to=b@example.org"
    settings = settings_in(tmp_path, WEDSYNC_ALERTS=given, WEDSYNC_SPACE_WARN="70")
    assert [one.name for one in settings.alerts] == ["1 (webhook at hooks.example.org)", "2 (mail at mail.example.org)"]
    assert settings.space_warn == 70
    assert "hush" not in repr(settings) + repr(settings.alerts) + repr(places(settings))
    assert settings_in(tmp_path).alerts == ()


@pytest.mark.parametrize("text", ["0", "101", "85%", "half"])
def test_a_share_of_the_disk_is_a_percentage(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsInvalid, match="WEDSYNC_SPACE_WARN"):
        settings_in(tmp_path, WEDSYNC_SPACE_WARN=text)
