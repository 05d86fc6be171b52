"""Tokens: told once, known by their digest, and good until they expire or are revoked."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from wedsync_dr.access.roles import RIGHTS, Right, Role
from wedsync_dr.access.tokens import create_token, identify, revoke_token, token_book
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import NotAuthenticated, NotPermitted, TokenNotFound
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.vault.ledger import Ledger
from wedsync_dr.vault.memory import MemoryStore

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HARBOUR = ScopeId(Kind.VENDOR, "harbour")


def new_ledger(store: MemoryStore | None = None) -> Ledger:
    signer = Signer(bytes(range(32)))
    return Ledger(store or MemoryStore(), signer, Verifier(signer.public))


def created(ledger: Ledger, *organizations: ScopeId, role: Role = Role.VIEWER, days: int = 90) -> str:
    bound = list(organizations) or None
    return create_token(ledger, name="nina", role=role, organizations=bound, days=days, by="olga", now=NOW)[0]


def test_a_token_says_who_calls_with_which_role_and_for_whom() -> None:
    ledger = new_ledger()
    secret, other = created(ledger, HARBOUR, role=Role.OPERATOR), created(ledger)
    who = identify(token_book(ledger).now(), secret, NOW)
    assert (who.subject, who.role, who.organizations) == ("token:nina", Role.OPERATOR, frozenset({"harbour"}))
    assert identify(token_book(ledger).now(), other, NOW).organizations is None


def test_neither_token_nor_anything_it_can_be_guessed_from_is_kept() -> None:
    store = MemoryStore()
    secret = created(new_ledger(store))
    kept = b"".join(store.get(info.key) for info in store.list("")).decode()
    assert len(secret) > 43  # 256 bits
    assert secret not in kept and secret.removeprefix("wdr_") not in kept
    assert secret not in repr(token_book(new_ledger(store)).now().tokens)
    assert len(json.loads(kept)["body"]["hash"]) == 64


def test_no_two_tokens_are_the_same() -> None:
    ledger = new_ledger()
    assert len({created(ledger) for _ in range(20)}) == 20


def test_an_unknown_an_expired_and_a_revoked_token_are_refused_in_the_same_words() -> None:
    ledger = new_ledger()
    short, lost = created(ledger, days=1), created(ledger)
    book = token_book(ledger)
    identify(book.now(), short, NOW + timedelta(hours=23))
    token = book.now().by_secret(lost)
    assert token
    revoke_token(ledger, token.id, reason="laptop lost", by="olga", now=NOW)
    words = set()
    for secret, at in (("wdr_made_up", NOW), (short, NOW + timedelta(days=1)), (lost, NOW)):
        with pytest.raises(NotAuthenticated) as refused:
            identify(book.now(), secret, at)
        words.add(str(refused.value))
    assert len(words) == 1


def test_a_revocation_is_seen_by_a_book_that_was_read_before_it() -> None:
    store = MemoryStore()
    secret = created(new_ledger(store))
    book = token_book(new_ledger(store))
    token = book.now().by_secret(secret)
    assert token and token.is_good(NOW)
    revoke_token(new_ledger(store), token.id, reason="left", by="olga", now=NOW)
    again = book.now().by_secret(secret)
    assert again and not again.is_good(NOW)


def test_revoking_what_is_not_there_is_an_error_and_twice_is_once() -> None:
    ledger = new_ledger()
    with pytest.raises(TokenNotFound):
        revoke_token(ledger, "0f0f", reason="gone", by="olga", now=NOW)
    secret = created(ledger)
    token = token_book(ledger).now().by_secret(secret) or pytest.fail("no token")
    revoke_token(ledger, token.id, reason="gone", by="olga", now=NOW)
    revoke_token(ledger, token.id, reason="gone", by="olga", now=NOW + timedelta(days=1))
    assert sum(entry.event == "token-revoked" for entry in ledger.entries()) == 1


def test_a_book_reads_no_entry_twice() -> None:
    class Counting(MemoryStore):
        gets = 0

        def get(self, key: str) -> bytes:
            self.gets += 1
            return super().get(key)

    store = Counting()
    ledger = new_ledger(store)
    for number in range(50):
        ledger.append("channel", {"channel": str(number), "ok": True, "why": ""}, NOW)
    book = token_book(ledger)
    book.now()
    store.gets = 0
    book.now()
    assert store.gets <= 1


def test_a_book_of_a_vault_that_was_exchanged_forgets_the_old_tokens() -> None:
    store = MemoryStore()
    secret = created(new_ledger(store))
    book = token_book(new_ledger(store))
    assert book.now().by_secret(secret)
    store.delete("ledger/000000000000.json")
    created(new_ledger(store))
    assert book.now().by_secret(secret) is None


def test_a_role_without_a_right_is_told_who_has_it() -> None:
    ledger = new_ledger()
    secret = created(ledger)
    viewer = identify(token_book(ledger).now(), secret, NOW)
    viewer.require(Right.READ)
    with pytest.raises(NotPermitted) as refused:
        viewer.require(Right.APPROVE)
    assert "approver" in refused.value.remedy


def test_nobody_who_may_request_or_apply_a_restore_may_approve_one() -> None:
    assert not any({Right.RESTORE, Right.APPROVE} <= rights for rights in RIGHTS.values())
    assert set(RIGHTS) == set(Role)
    assert all(any(right in rights for rights in RIGHTS.values()) for right in Right)
