"""Signed identities: only what the issuer signed, for us, in time, with an asymmetric key."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wedsync_dr.access.issuer import Issuer, SignedIdentities, parse_issuer
from wedsync_dr.access.key_set import AGAIN, KEPT, KeySet
from wedsync_dr.access.roles import Role
from wedsync_dr.errors import IdentityUnavailable, NotAuthenticated, NotPermitted, SettingsInvalid
from wedsync_dr_tests.access.issuing import ISSUER, NOW, OTHER, PRIVATE, RSA_KEY, Issuing, claims, issuer, public, token


@pytest.fixture
def issuing() -> Iterator[Issuing]:
    with issuer() as issuing:
        yield issuing


def test_a_signed_token_says_who_calls_with_which_role_and_for_whom(issuing: Issuing) -> None:
    who = issuing.identities().identify(token(), NOW)
    assert (who.subject, who.role, who.organizations) == ("oidc:nina", Role.OPERATOR, frozenset({"harbour"}))
    assert issuing.identities().identify(token(RSA_KEY, "rsa", "RS256"), NOW).subject == "oidc:nina"


def test_who_is_said_to_belong_nowhere_sees_nothing_and_only_a_star_means_everything(issuing: Issuing) -> None:
    identities = issuing.identities()
    assert identities.identify(token(wedsync_organizations=None), NOW).organizations == frozenset()
    assert identities.identify(token(wedsync_organizations={"all": 1}), NOW).organizations == frozenset()
    assert identities.identify(token(wedsync_organizations="*"), NOW).organizations is None


def test_a_claim_may_be_nested_as_supabase_has_it(issuing: Issuing) -> None:
    nested = Issuer(ISSUER, "wedsync-dr", issuing.url, "app_metadata.role", "app_metadata.orgs")
    who = SignedIdentities(nested, KeySet(issuing.url)).identify(
        token(wedsync_role=None, app_metadata={"role": "viewer", "orgs": ["meadow"]}), NOW
    )
    assert (who.role, who.organizations) == (Role.VIEWER, frozenset({"meadow"}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": NOW.timestamp() - 60},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": NOW.timestamp() + 60},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "the shop"},
        {"aud": None},
        {"sub": None},
        {"sub": " "},
        {"sub": "nina\noidc:olga"},
    ],
    ids=str,
)
def test_a_token_not_of_this_issuer_for_this_audience_at_this_time_is_refused(
    issuing: Issuing, wrong: dict[str, Any]
) -> None:
    with pytest.raises(NotAuthenticated):
        issuing.identities().identify(token(**wrong), NOW)


def test_a_token_that_another_key_signed_is_refused(issuing: Issuing) -> None:
    with pytest.raises(NotAuthenticated):
        issuing.identities().identify(token(OTHER), NOW)


def test_unsigned_tokens_and_those_signed_with_a_shared_secret_are_refused_and_no_key_is_asked_for(
    issuing: Issuing,
) -> None:
    shown = PRIVATE.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    unsigned = jwt.encode(claims(), "", algorithm="none", headers={"kid": "first"})
    for forged in (unsigned, token(shown, algorithm="HS256"), "not.a.token", "", "a" * 5000):
        with pytest.raises(NotAuthenticated):
            issuing.identities().identify(forged, NOW)
    assert issuing.asked == 0


def test_a_key_of_another_kind_than_the_token_says_is_refused(issuing: Issuing) -> None:
    with pytest.raises(NotAuthenticated):
        issuing.identities().identify(token(PRIVATE, "rsa"), NOW)


def test_a_caller_without_a_role_is_known_and_may_do_nothing(issuing: Issuing) -> None:
    for role in (None, "admin", 7, ["operator"]):
        with pytest.raises(NotPermitted):
            issuing.identities().identify(token(wedsync_role=role), NOW)


def test_keys_are_fetched_once_and_again_when_they_are_old(issuing: Issuing) -> None:
    identities = issuing.identities()
    for _ in range(3):
        identities.identify(token(), NOW)
    assert issuing.asked == 1
    later = NOW + KEPT
    identities.identify(token(exp=later.timestamp() + 60), later)
    assert issuing.asked == 2


def test_a_new_key_is_found_and_made_up_names_do_not_make_us_ask_each_time(issuing: Issuing) -> None:
    identities = issuing.identities()
    identities.identify(token(), NOW)
    for name in ("a", "b", "c"):
        with pytest.raises(NotAuthenticated):
            identities.identify(token(kid=name), NOW + timedelta(seconds=1))
    assert issuing.asked == 1
    issuing.keys.append(public("second", OTHER))
    assert identities.identify(token(OTHER, "second"), NOW + AGAIN).subject == "oidc:nina"
    assert issuing.asked == 2


def test_an_issuer_that_does_not_tell_its_keys_lets_nobody_in(issuing: Issuing) -> None:
    identities = issuing.identities()
    issuing.status = 500
    with pytest.raises(IdentityUnavailable):
        identities.identify(token(), NOW)
    issuing.status = 200
    with pytest.raises(IdentityUnavailable):
        identities.identify(token(), NOW)
    assert identities.identify(token(), NOW + AGAIN).subject == "oidc:nina"
    issuing.status = 500
    old = NOW + AGAIN + KEPT
    with pytest.raises(IdentityUnavailable):
        identities.identify(token(exp=old.timestamp() + 60), old)


def test_keys_that_moved_elsewhere_are_not_followed(issuing: Issuing) -> None:
    issuing.status = 302
    with pytest.raises(IdentityUnavailable):
        issuing.identities().identify(token(), NOW)
    assert issuing.asked == 1


def test_a_key_of_a_kind_that_we_do_not_know_does_not_hide_the_others(issuing: Issuing) -> None:
    issuing.keys.insert(0, {"kty": "EC", "crv": "P-999", "kid": "odd", "x": "AA", "y": "AA"})
    assert issuing.identities().identify(token(), NOW).subject == "oidc:nina"


def test_a_secret_among_the_keys_is_never_used(issuing: Issuing) -> None:
    issuing.keys = [{"kty": "oct", "kid": "first", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}]
    with pytest.raises(NotAuthenticated):
        issuing.identities().identify(token(), NOW)


def test_an_issuer_needs_an_audience_and_keys_come_over_tls_or_from_this_machine() -> None:
    named = {"WEDSYNC_OIDC_ISSUER": ISSUER, "WEDSYNC_OIDC_AUDIENCE": "wedsync-dr"}
    assert parse_issuer({}) is None
    found = parse_issuer(named)
    assert found and found.keys_url == f"{ISSUER}/.well-known/jwks.json"
    assert parse_issuer({**named, "WEDSYNC_OIDC_JWKS_URL": "http://127.0.0.1:9/keys"})
    for wrong in (
        {"WEDSYNC_OIDC_ISSUER": ISSUER},
        {"WEDSYNC_OIDC_AUDIENCE": "a"},
        {**named, "WEDSYNC_OIDC_JWKS_URL": "http://wedsync.example/keys"},
        {**named, "WEDSYNC_OIDC_JWKS_URL": "file:///etc/keys"},
    ):
        with pytest.raises(SettingsInvalid):
            parse_issuer(wrong)
