"""Accounts of those who sign in."""

from wedsync_dr.demo.copytext import NULL, Rows, document
from wedsync_dr.demo.dice import Dice
from wedsync_dr.demo.texts import FAMILY_NAMES, GIVEN_NAMES, MAILBOXES, PREFERENCES, TIME_ZONES

AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0)", "WedSync/4.2 (Android 16)")


def full_name(dice: Dice) -> tuple[str, str]:
    """A given and a family name."""
    return dice.pick(GIVEN_NAMES), dice.words(FAMILY_NAMES)


def write_account(rows: Rows, dice: Dice, user: str, name: tuple[str, str], today: int) -> str:
    """A user with profile, identity and sessions. Returns the e-mail address."""
    since = today - dice.between(30, 900)
    email = f"{MAILBOXES[name[0]]}.{user[:8]}@example.org"
    seen, created = dice.moment(today - dice.between(0, 20)), dice.moment(since)
    banned = "infinity" if dice.chance(0.01) else NULL
    phone = f"+49 30 {dice.between(1000000, 9999999)}" if dice.chance(0.6) else NULL
    rows.add("auth.users", user, email, phone, f"$2b$12${user}", dice.pick(PREFERENCES), seen, dice.address(), banned,
             created, seen)  # fmt: skip
    rows.add("auth.identities", dice.id(), user, "email", email, document({"sub": user, "verified": True}), created)
    rows.add("auth.sessions", dice.id(), user, seen, "infinity", dice.address(), dice.pick(AGENTS))
    rows.add("public.http_sessions", user.replace("-", ""), user, dice.octets(24), dice.moment(today + 14))
    _write_profile(rows, dice, user, " ".join(name), (created, seen))
    return email


def _write_profile(rows: Rows, dice: Dice, user: str, name: str, times: tuple[str, str]) -> None:
    channels = "{email,sms}" if dice.chance(0.3) else "{email}"
    quiet = ("22:00:00", "07:30:00+02") if dice.chance(0.4) else (NULL, NULL)
    locale = dice.pick(("en", "de", "fr", "he"))
    rows.add(
        "public.profiles", user, name, locale, dice.pick(TIME_ZONES), dice.pick(PREFERENCES), channels, *quiet, *times
    )
