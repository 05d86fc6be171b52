"""The root key: who may read it, what opens with it, and that it is never overwritten or shown."""

import base64
import os
import shutil
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wedsync_dr.encryption.root_key import (
    RootKey,
    create_passphrase_parameters,
    create_root_key_file,
    open_root_key,
    root_key_path,
)
from wedsync_dr.errors import KeyRefused, NotInitialised, SettingsInvalid
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr_tests.encryption.leaks import prints_of, shown, traceback_with_locals

SECRET = bytes(range(100, 132))
CONTEXT = ("wedding", "1", "personal", "1")


def no_passphrase() -> str:
    raise AssertionError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "root.key"


def opened(path: Path) -> RootKey:
    return open_root_key(path.as_uri(), MemoryStore(), no_passphrase)


def test_what_the_root_key_wraps_it_unwraps() -> None:
    root = RootKey(SECRET)
    assert root.unwrap(root.wrap(b"key", *CONTEXT), *CONTEXT) == b"key"


def test_two_wraps_of_one_key_differ() -> None:
    root = RootKey(SECRET)
    assert root.wrap(b"key", *CONTEXT) != root.wrap(b"key", *CONTEXT)


@pytest.mark.parametrize("place", range(4))
def test_a_wrapped_key_opens_only_in_its_own_context(place: int) -> None:
    root = RootKey(SECRET)
    other = [*CONTEXT]
    other[place] += "x"
    with pytest.raises(KeyRefused):
        root.unwrap(root.wrap(b"key", *CONTEXT), *other)


def test_parts_of_a_context_cannot_be_shifted() -> None:
    root = RootKey(SECRET)
    with pytest.raises(KeyRefused):
        root.unwrap(root.wrap(b"key", "wedding", "11"), "wedding1", "1")


def test_every_changed_byte_and_every_cut_of_a_wrapped_key_is_refused() -> None:
    root = RootKey(SECRET)
    wrapped = root.wrap(b"k" * 32, *CONTEXT)
    changed = [bytes([*wrapped[:i], wrapped[i] ^ 1, *wrapped[i + 1 :]]) for i in range(len(wrapped))]
    for damaged in [*changed, *(wrapped[:i] for i in range(len(wrapped)))]:
        with pytest.raises(KeyRefused):
            root.unwrap(damaged, *CONTEXT)


def test_another_root_key_is_refused() -> None:
    with pytest.raises(KeyRefused, match="wedding/1/personal/1"):
        RootKey(bytes(32)).unwrap(RootKey(SECRET).wrap(b"key", *CONTEXT), *CONTEXT)


def test_a_root_key_shows_nothing_of_itself() -> None:
    root = RootKey(SECRET)
    with pytest.raises(KeyRefused) as caught:
        root.unwrap(b"x" * 60, *CONTEXT)
    assert shown(SECRET, [repr(SECRET)])
    assert not shown(SECRET, [*prints_of(root), traceback_with_locals(caught.value)])


def test_a_new_root_key_file_opens_and_is_for_its_owner_alone(path: Path) -> None:
    assert create_root_key_file(path) is True
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(base64.b64decode(path.read_text())) == 32
    assert path.read_text().endswith("\n")
    assert list(path.parent.iterdir()) == [path]
    wrapped = opened(path).wrap(b"key", *CONTEXT)
    assert opened(path).unwrap(wrapped, *CONTEXT) == b"key"


def test_two_root_key_files_hold_two_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        create_root_key_file(tmp_path / name)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("content", [b"precious", b""])
def test_a_root_key_file_is_never_overwritten(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert create_root_key_file(path) is False
    assert path.read_bytes() == content


def test_of_many_that_create_the_root_key_one_wins(path: Path) -> None:
    with ThreadPoolExecutor(8) as many:
        assert sum(many.map(lambda _: create_root_key_file(path), range(8))) == 1
    opened(path)


@pytest.mark.parametrize("sync", [1, 2])
def test_a_process_killed_while_it_creates_the_root_key_leaves_a_whole_one_or_none(path: Path, sync: int) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: a crash while the root key is written is NOT tested on this machine")
    program = "import sys; from pathlib import Path; from wedsync_dr.encryption.root_key import *; "
    program += "create_root_key_file(Path(sys.argv[1]))"
    tracing = [
        strace,
        "-f",
        "-qq",
        "-o",
        os.devnull,
        "-e",
        "trace=fsync",
        "-e",
        f"inject=fsync:signal=KILL:when={sync}",
    ]
    done = subprocess.run(  # noqa: S603
        [*tracing, sys.executable, "-c", program, str(path)],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert path.exists() is (sync == 2)
    create_root_key_file(path)
    opened(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_root_key_file_that_others_may_use_is_refused_with_the_command_to_mend_it(path: Path, mode: int) -> None:
    create_root_key_file(path)
    path.chmod(mode)
    with pytest.raises(KeyRefused) as caught:
        opened(path)
    assert caught.value.remedy == f"chmod 600 {path}"


@pytest.mark.parametrize("text", ["", "\n", "not base64!", base64.b64encode(bytes(31)).decode(), "ä" * 44, "A" * 9000])
def test_a_file_that_holds_no_root_key_is_refused_and_not_repeated(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(KeyRefused) as caught:
        opened(path)
    assert not text.strip() or text not in str(caught.value) + caught.value.remedy


def test_without_a_root_key_file_init_is_the_remedy(path: Path) -> None:
    with pytest.raises(NotInitialised) as caught:
        opened(path)
    assert "wedsync-dr init" in caught.value.remedy


def test_a_place_where_no_key_can_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for attempt in (create_root_key_file, opened):
        with pytest.raises(KeyRefused):
            attempt(tmp_path / "file" / "root.key")


@pytest.mark.parametrize("url", ["", "root.key", "https://x/y", "awskms:1", "file:"])
def test_a_root_key_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid):
        open_root_key(url, MemoryStore(), no_passphrase)


def test_a_path_may_hold_spaces() -> None:
    assert root_key_path("file:///a%20b/root.key") == Path("/a b/root.key")


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    store = MemoryStore()
    assert create_passphrase_parameters(store) is True
    return store


def from_passphrase(store: MemoryStore, passphrase: str) -> RootKey:
    return open_root_key("passphrase:", store, lambda: passphrase)


def test_the_same_passphrase_opens_and_another_does_not(store: MemoryStore) -> None:
    wrapped = from_passphrase(store, "correct horse").wrap(b"key", *CONTEXT)
    assert from_passphrase(store, "correct horse").unwrap(wrapped, *CONTEXT) == b"key"
    with pytest.raises(KeyRefused):
        from_passphrase(store, "correct horsf").unwrap(wrapped, *CONTEXT)


def test_a_passphrase_is_the_same_however_the_keyboard_composes_it(store: MemoryStore) -> None:
    wrapped = from_passphrase(store, "caf\N{LATIN SMALL LETTER E WITH ACUTE}").wrap(b"key", *CONTEXT)
    assert from_passphrase(store, "cafe\N{COMBINING ACUTE ACCENT}").unwrap(wrapped, *CONTEXT) == b"key"


def test_the_same_passphrase_gives_another_key_in_another_keyring(store: MemoryStore) -> None:
    other = MemoryStore()
    create_passphrase_parameters(other)
    with pytest.raises(KeyRefused):
        from_passphrase(other, "same").unwrap(from_passphrase(store, "same").wrap(b"key", *CONTEXT), *CONTEXT)


def test_the_salt_is_never_replaced(store: MemoryStore) -> None:
    before = store.get("root/argon2id.json")
    assert create_passphrase_parameters(store) is False
    assert store.get("root/argon2id.json") == before


def test_a_keyring_without_a_passphrase_says_so() -> None:
    with pytest.raises(NotInitialised):
        from_passphrase(MemoryStore(), "x")


GOOD = '"format":1,"iterations":3,"lanes":4,"memory_cost":65536,"salt":"AAAAAAAAAAAAAAAAAAAAAA=="'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        GOOD.replace("65536", "1024"),
        GOOD.replace("65536", "999999999999"),
        GOOD.replace("65536", '"many"'),
        GOOD.replace('"iterations":3', '"iterations":1'),
        GOOD.replace("AA==", "A"),
        GOOD.replace('"format":1', '"format":2'),
    ],
)
def test_weakened_absurd_or_broken_parameters_are_refused(content: str) -> None:
    store = MemoryStore()
    store.put("root/argon2id.json", f"{{{content}}}".encode())
    with pytest.raises(KeyRefused):
        from_passphrase(store, "x")
