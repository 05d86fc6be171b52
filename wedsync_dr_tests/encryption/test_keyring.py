"""The keyring: one key per scope and class, bound to its place, made once, never shown."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wedsync_dr.encryption.framing import to_json
from wedsync_dr.encryption.keyring import Keyring, ScopeKey
from wedsync_dr.encryption.root_key import RootKey
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import Damaged, FormatUnsupported, KeyMissing, KeyRefused, NotInitialised
from wedsync_dr.model import Kind, RowClass, ScopeId
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr_tests.encryption.leaks import prints_of, shown, traceback_with_locals

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
ROOT = RootKey(bytes(range(32)))
SCOPE, OTHER = ScopeId(Kind.WEDDING, "1"), ScopeId(Kind.WEDDING, "2")
VENDOR = ScopeId(Kind.VENDOR, "1")
PERSONAL, BUSINESS = RowClass.PERSONAL, RowClass.BUSINESS
KEY = ScopeKey("personal-1", bytes(range(32)))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def keyring(store: MemoryStore) -> Keyring:
    return Keyring(store, ROOT)


def derived(key: ScopeKey) -> bytes:
    return key.file_key(SCOPE, "s", "o")


def test_a_key_is_made_once_and_found_again(store: MemoryStore, keyring: Keyring) -> None:
    made = keyring.newest(SCOPE, PERSONAL, NOW)
    assert made.id == "personal-1"
    assert derived(keyring.newest(SCOPE, PERSONAL, NOW)) == derived(made)
    assert derived(Keyring(store, ROOT).newest(SCOPE, PERSONAL, NOW)) == derived(made)
    assert derived(Keyring(store, ROOT).key(SCOPE, "personal-1")) == derived(made)


def test_every_scope_and_class_has_a_key_of_its_own(store: MemoryStore, keyring: Keyring) -> None:
    pairs = [(scope, row_class) for scope in (SCOPE, OTHER, VENDOR) for row_class in RowClass]
    keys = {derived(keyring.newest(scope, row_class, NOW)) for scope, row_class in pairs}
    assert len(keys) == len(pairs)
    assert [info.key for info in store.list("wedding/1/")] == ["wedding/1/business-1.json", "wedding/1/personal-1.json"]


def test_many_threads_that_need_one_key_get_the_same(store: MemoryStore) -> None:
    keyrings = [Keyring(store, ROOT), Keyring(store, ROOT)]
    with ThreadPoolExecutor(8) as threads:
        keys = threads.map(lambda i: derived(keyrings[i % 2].newest(SCOPE, PERSONAL, NOW)), range(64))
    assert len(set(keys)) == 1


def test_a_key_that_is_not_there_is_missing_and_none_is_made(store: MemoryStore, keyring: Keyring) -> None:
    with pytest.raises(KeyMissing):
        keyring.key(SCOPE, "personal-1")
    assert list(store.list("")) == []


def test_another_root_key_opens_no_key_and_makes_none(store: MemoryStore, keyring: Keyring) -> None:
    keyring.newest(SCOPE, PERSONAL, NOW)
    before = [(info.key, store.get(info.key)) for info in store.list("")]
    stranger = Keyring(store, RootKey(bytes(32)))
    with pytest.raises(KeyRefused):
        stranger.newest(SCOPE, PERSONAL, NOW)
    with pytest.raises(KeyRefused):
        stranger.key(SCOPE, "personal-1")
    assert [(info.key, store.get(info.key)) for info in store.list("")] == before


@pytest.mark.parametrize(
    "place",
    ["wedding/2/personal-1.json", "vendor/1/personal-1.json", "wedding/1/business-1.json", "wedding/1/personal-2.json"],
)
def test_a_key_file_copied_to_another_place_is_refused(store: MemoryStore, keyring: Keyring, place: str) -> None:
    keyring.newest(SCOPE, PERSONAL, NOW)
    data = store.get("wedding/1/personal-1.json")
    kind, scope_id, name = place.split("/")
    row_class, _, number = name.removesuffix(".json").partition("-")
    honest = json.loads(data) | {"kind": kind, "id": scope_id, "class": row_class, "number": int(number)}
    for content in (data, to_json(honest)):
        store.put(place, content)
        with pytest.raises(KeyRefused):
            Keyring(store, ROOT).key(ScopeId(Kind(kind), scope_id), f"{row_class}-{number}")
        store.delete(place)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", Damaged),
        (b"[]", Damaged),
        (b"{}", FormatUnsupported),
        (b'{"format": 2}', FormatUnsupported),
        (b'{"format": 1}', KeyRefused),
        (b'{"format": 1, "wrapped": 1}', KeyRefused),
        (b'{"format": 1, "wrapped": "="}', KeyRefused),
        (b'{"format": 1, "wrapped": ""}', KeyRefused),
    ],
)
def test_a_key_file_that_cannot_be_read_is_refused(
    store: MemoryStore, keyring: Keyring, content: bytes, error: type[Exception]
) -> None:
    store.put("wedding/1/personal-1.json", content)
    with pytest.raises(error):
        keyring.newest(SCOPE, PERSONAL, NOW)


@pytest.mark.parametrize(
    "other",
    [
        KEY.file_key(OTHER, "s", "o"),
        KEY.file_key(VENDOR, "s", "o"),
        KEY.file_key(SCOPE, "t", "o"),
        KEY.file_key(SCOPE, "s", "p"),
        KEY.file_key(SCOPE, "so", ""),
        KEY.content_key(SCOPE),
        ScopeKey("personal-1", bytes(32)).file_key(SCOPE, "s", "o"),
    ],
)
def test_every_object_has_a_file_key_of_its_own(other: bytes) -> None:
    assert derived(KEY) != other
    assert len(other) == 32


def test_a_file_key_is_what_the_format_says() -> None:
    # HKDF-SHA256 over lengths and texts, computed apart with hmac: the format must not drift.
    import hashlib
    import hmac

    parts = ["wedding", "1", "20261124T083000.123456Z-1a2b3c4d", "personal-0.parquet", "1"]
    info = b"".join(len(part).to_bytes(2, "big") + part.encode() for part in parts)
    extracted = hmac.digest(bytes(32), bytes(range(32)), hashlib.sha256)
    assert KEY.file_key(SCOPE, parts[2], parts[3]) == hmac.digest(extracted, info + b"\x01", hashlib.sha256)


def test_the_content_key_stays_the_same_for_all_snapshots_of_a_scope(store: MemoryStore, keyring: Keyring) -> None:
    first = keyring.newest(SCOPE, PERSONAL, NOW).content_key(SCOPE)
    assert Keyring(store, ROOT).newest(SCOPE, PERSONAL, NOW).content_key(SCOPE) == first
    assert first != keyring.newest(SCOPE, BUSINESS, NOW).content_key(SCOPE)


def test_the_signing_key_is_made_once(keyring: Keyring) -> None:
    assert keyring.create(NOW) is True
    public = keyring.signer().public
    assert keyring.create(NOW) is False
    assert keyring.signer().public == public == keyring.verifier().public


def test_without_a_signing_key_init_is_the_remedy(keyring: Keyring) -> None:
    for attempt in (keyring.signer, keyring.verifier):
        with pytest.raises(NotInitialised) as caught:
            attempt()
        assert "wedsync-dr init" in caught.value.remedy


def test_another_root_key_does_not_sign(store: MemoryStore, keyring: Keyring) -> None:
    keyring.create(NOW)
    with pytest.raises(KeyRefused):
        Keyring(store, RootKey(bytes(32))).signer()


def test_an_exchanged_public_key_is_refused(store: MemoryStore, keyring: Keyring) -> None:
    keyring.create(NOW)
    other = MemoryStore()
    Keyring(other, ROOT).create(NOW)
    entry = json.loads(store.get("signing/1.json")) | {"public": json.loads(other.get("signing/1.json"))["public"]}
    store.delete("signing/1.json")
    store.put("signing/1.json", to_json(entry))
    with pytest.raises(KeyRefused):
        keyring.signer()


def test_only_the_signed_bytes_verify() -> None:
    signer = Signer.new()
    verifier = Verifier(signer.public)
    signature = signer.sign(b"manifest")
    assert verifier.verify(b"manifest", signature)
    assert not verifier.verify(b"manifesT", signature)
    assert not verifier.verify(b"manifest", signature[:-1])
    assert not verifier.verify(b"manifest", bytes(64))
    assert not Verifier(Signer.new().public).verify(b"manifest", signature)
    assert not Verifier(b"short").verify(b"manifest", signature)


def test_nothing_in_the_keyring_holds_a_key_in_clear(store: MemoryStore, keyring: Keyring) -> None:
    keyring.create(NOW)
    key = keyring.newest(SCOPE, PERSONAL, NOW)
    files = b"".join(store.get(info.key) for info in store.list(""))
    for secret in (key._secret, keyring.signer().secret, ROOT._secret):
        assert not shown(secret, [files.decode()])


def test_keys_show_nothing_of_themselves(store: MemoryStore, keyring: Keyring) -> None:
    keyring.create(NOW)
    key, signer = keyring.newest(SCOPE, PERSONAL, NOW), keyring.signer()
    with pytest.raises(KeyRefused) as caught:
        Keyring(store, RootKey(bytes(32))).key(SCOPE, "personal-1")
    texts = [text for thing in (keyring, key, signer) for text in prints_of(thing)]
    texts.append(traceback_with_locals(caught.value))
    for secret in (key._secret, signer.secret, ROOT._secret):
        assert shown(secret, [repr(secret)])
        assert not shown(secret, texts)


def test_a_keyring_can_be_sent_to_another_process(tmp_path: Path) -> None:
    keyring = Keyring(LocalStore(tmp_path), ROOT)
    key = keyring.newest(SCOPE, PERSONAL, NOW)
    copy = pickle.loads(pickle.dumps(keyring))  # noqa: S301
    assert derived(copy.key(SCOPE, "personal-1")) == derived(key)
    assert shown(key._secret, [repr(key._secret)])
    assert not shown(key._secret, [repr(pickle.dumps(keyring))])
