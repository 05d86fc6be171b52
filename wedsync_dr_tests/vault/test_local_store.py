"""The local store and the system below it: order of calls, dead writers, full and read-only disks, strange names."""

import fcntl
import os
import pickle
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from wedsync_dr.errors import ObjectMissing, VaultUnavailable
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.store import ObjectInfo

PUT = """
import sys
from pathlib import Path
from wedsync_dr.vault.local import LocalStore
LocalStore(Path(sys.argv[1])).put(sys.argv[2], b"sealed" * 1000)
"""
PUT_ALL = """
import sys
from pathlib import Path
from wedsync_dr.vault.local import LocalStore
sys.exit(len(LocalStore(Path(sys.argv[1])).put_all({sys.argv[2] + str(i): b"sealed" * 1000 for i in range(3)})))
"""
ON_A_SMALL_DISK = """
import subprocess, sys
from pathlib import Path
from wedsync_dr.errors import VaultUnavailable
from wedsync_dr.vault.local import LocalStore
place = sys.argv[1]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", place], check=True)
store = LocalStore(Path(place) / "vault")
written = 0
try:
    while True:
        store.put(f"objects/{written}", bytes(30_000))
        written += 1
except VaultUnavailable as error:
    print(error.remedy)
assert 0 < written < 9
assert [info.bytes for info in store.list("")] == [30_000] * written
assert not list((Path(place) / "vault/.unfinished").iterdir())
store.delete("objects/0")
store.put("again", bytes(30_000))
subprocess.run(["mount", "-o", "remount,ro", place], check=True)
for change in (lambda: store.put("b", b""), lambda: store.delete("again")):
    try:
        change()
    except VaultUnavailable as error:
        print(error.remedy)
assert store.get("again") == bytes(30_000)
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "vault")


def traced(tmp_path: Path, *options: str, program: str = PUT) -> tuple[int, list[str]]:
    """Put one object under strace; how that ended, and the calls that matter."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: the order of system calls is NOT tested on this machine")
    log = tmp_path / "strace.log"
    command = [strace, "-f", "-qq", "-y", "-o", str(log), "-e", "trace=write,fsync,syncfs,link,linkat,mkdir", *options]
    done = subprocess.run(  # noqa: S603
        [*command, sys.executable, "-c", program, str(tmp_path / "vault"), "snapshots/wedding/7/x/personal-0.parquet"],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    return done.returncode, [line for line in log.read_text().splitlines() if str(tmp_path) in line]


def order(calls: list[str], *patterns: str) -> list[int]:
    """Where the last call of each pattern stands."""
    return [max(i for i, call in enumerate(calls) if re.search(pattern, call)) for pattern in patterns]


def test_data_is_synced_before_it_gets_its_name_and_the_name_after(tmp_path: Path) -> None:
    code, calls = traced(tmp_path)
    assert code == 0
    places = order(
        calls,
        r"write\(\d+<.*/\.unfinished/",
        r"fsync\(\d+<.*/\.unfinished/",
        r"link(at)?\(.*/personal-0\.parquet",
        r"fsync\(\d+<.*/snapshots/wedding/7/x>",
    )
    assert places == sorted(places)


def test_a_new_directory_is_synced_into_its_parent_before_an_object_is_linked_into_it(tmp_path: Path) -> None:
    _, calls = traced(tmp_path)
    (linked,) = order(calls, r"link(at)?\(")
    for path in ("snapshots", "snapshots/wedding", "snapshots/wedding/7", "snapshots/wedding/7/x"):
        parent = Path("vault", path).parent
        made, synced = order(calls, rf'mkdir\(".*/vault/{path}"', rf"fsync\(\d+<.*/{parent}>")
        assert made < synced < linked


@pytest.mark.parametrize("sync", range(1, 7))
def test_a_writer_killed_at_any_sync_leaves_no_object_and_the_next_writer_cleans_up(tmp_path: Path, sync: int) -> None:
    code, _ = traced(tmp_path, "-e", f"inject=fsync:signal=KILL:when={sync}")
    assert code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    store = LocalStore(tmp_path / "vault")
    assert list(store.list("")) == []
    store.put("next", b"")
    assert list((store.root / ".unfinished").iterdir()) == []
    assert [info.key for info in store.list("")] == ["next"]


def test_a_writer_killed_after_the_link_leaves_the_whole_object(tmp_path: Path) -> None:
    code, _ = traced(tmp_path, "-e", "inject=fsync:signal=KILL:when=7")
    assert code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    (info,) = LocalStore(tmp_path / "vault").list("")
    assert info.bytes == len(b"sealed" * 1000)


def test_a_failing_sync_means_that_nothing_was_put(tmp_path: Path) -> None:
    code, _ = traced(tmp_path, "-e", "inject=fsync:error=EIO")
    assert code == 1
    assert list(LocalStore(tmp_path / "vault").list("")) == []


def test_many_at_once_are_synced_before_they_get_their_names_and_after(tmp_path: Path) -> None:
    code, calls = traced(tmp_path, program=PUT_ALL)
    assert code == 0
    (first, last) = [i for i, call in enumerate(calls) if "syncfs(" in call]
    (written,) = order(calls, r"write\(\d+<.*/\.unfinished/")
    links = [i for i, call in enumerate(calls) if re.search(r"link(at)?\(", call)]
    assert len(links) == 3
    assert written < first < min(links) <= max(links) < last


def test_a_writer_of_many_killed_before_they_are_synced_leaves_none(tmp_path: Path) -> None:
    code, _ = traced(tmp_path, "-e", "inject=syncfs:signal=KILL:when=1", program=PUT_ALL)
    assert code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    store = LocalStore(tmp_path / "vault")
    assert list(store.list("")) == []
    store.put("next", b"")
    assert list((store.root / ".unfinished").iterdir()) == []


def test_many_that_cannot_be_synced_are_all_said_to_have_failed(tmp_path: Path) -> None:
    code, _ = traced(tmp_path, "-e", "inject=syncfs:error=EIO", program=PUT_ALL)
    assert code == 3
    assert list(LocalStore(tmp_path / "vault").list("")) == []


def test_the_unfinished_file_of_a_living_writer_is_left_alone(store: LocalStore) -> None:
    store.put("a", b"")
    living, dead = (store.root / ".unfinished" / name for name in ("living", "dead"))
    dead.touch()
    with living.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert LocalStore(store.root).clean() == 1
        LocalStore(store.root).put("b", b"")
        assert list((store.root / ".unfinished").iterdir()) == [living]
    assert store.clean() == 1


def test_unfinished_files_are_never_listed(store: LocalStore) -> None:
    store.put("a", b"")
    (store.root / ".unfinished" / "left").write_bytes(b"half")
    assert list(store.list("")) == [ObjectInfo("a", 0)]


def test_files_are_for_their_owner_alone_and_read_only(store: LocalStore) -> None:
    store.put("a/b", b"")
    assert stat.S_IMODE((store.root / "a/b").stat().st_mode) == 0o400
    for directory in (store.root, store.root / "a", store.root / ".unfinished"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_disk_that_is_full_or_read_only_is_said_and_loses_nothing(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed: full and read-only disks are NOT tested on this machine")
    alone = [unshare, "--mount"] if os.geteuid() == 0 else [unshare, "--user", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("this machine allows no mounts: full and read-only disks are NOT tested on it")
    done = subprocess.run(  # noqa: S603
        [*alone, sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    full, *read_only = done.stdout.splitlines()
    assert full.startswith("Make room")
    assert len(read_only) == 2
    assert all(remedy.startswith("Let this user write there") for remedy in read_only)


def test_a_vault_that_is_no_directory_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("a file")
    store = LocalStore(tmp_path / "vault")
    with pytest.raises(VaultUnavailable):
        store.put("a", b"")
    with pytest.raises(ObjectMissing):
        store.get("a")
    assert list(store.list("")) == []


def test_foreign_files_of_any_name_are_listed_and_links_are_not_followed(store: LocalStore, tmp_path: Path) -> None:
    store.put("a", b"")
    (store.root / "with space").write_bytes(b"12")
    (store.root / ".DS_Store").write_bytes(b"")
    (store.root / "loop").symlink_to(store.root)
    Path(os.fsdecode(os.fsencode(store.root) + b"/\xff")).touch()
    assert [info.key for info in store.list("")] == [
        ".DS_Store",
        "a",
        "loop",
        "with space",
        "\N{REPLACEMENT CHARACTER}",
    ]


def test_an_empty_directory_goes_with_its_last_object(store: LocalStore) -> None:
    store.put("a/b/c", b"")
    store.put("a/d", b"")
    store.delete("a/b/c")
    assert sorted(path.name for path in store.root.rglob("*")) == [".unfinished", "a", "d"]


def test_a_directory_that_was_removed_meanwhile_is_made_again(store: LocalStore) -> None:
    store.put("a/b", b"")
    LocalStore(store.root).delete("a/b")
    assert not (store.root / "a").exists()
    store.put("a/b", b"again")
    assert store.get("a/b") == b"again"


def test_a_store_can_be_sent_to_another_process(store: LocalStore) -> None:
    store.put("a", b"1")
    assert pickle.loads(pickle.dumps(store)).get("a") == b"1"  # noqa: S301
