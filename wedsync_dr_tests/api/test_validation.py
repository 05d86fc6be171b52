"""Each kind of verification does what it says, a failed check is never valid, and a foreign snapshot is not there."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from wedsync_dr.access.roles import Role
from wedsync_dr.api import checker
from wedsync_dr.api.checker import Checker, State
from wedsync_dr.api.validation_words import _TEXTS
from wedsync_dr.model import FindingCode, ScopeId
from wedsync_dr.verification.checked import ask
from wedsync_dr.verification.depth import CHECKS, Depth
from wedsync_dr_tests import town
from wedsync_dr_tests.api.running import Running

PATH = "/api/backup/validation"


def home(api: Running, kind: str = "vault") -> Path:
    url = api.settings.vault_url if kind == "vault" else api.settings.keyring_url
    return Path(urlsplit(url).path)


def newest(api: Running, scope: ScopeId) -> tuple[str, Path]:
    """The `backupId` of the newest snapshot of a scope, and where it lies."""
    ref = api.archive.vault.newest(scope) or pytest.fail("no snapshot")
    return f"{scope.kind.value}:{scope.id}:{ref.snapshot_id}", home(api) / "snapshots" / str(scope) / ref.snapshot_id


def verified(api: Running, backup_id: str, depth: str = "FULL", **more: bool) -> Any:
    sent = {"backupId": backup_id, "validationType": depth, **more}
    answer = api.call("POST", PATH, api.token(), json=sent)
    assert answer.status_code == 200, answer.text
    return answer.json()["validation"]


def overwrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(change(data))


def flipped(data: bytes) -> bytes:
    return data[:99] + bytes([data[99] ^ 1]) + data[100:]


def cut(data: bytes) -> bytes:
    return data[:-1]


@pytest.mark.parametrize("depth", list(Depth))
def test_an_intact_snapshot_is_valid_at_every_depth_and_says_what_was_not_looked_at(api: Running, depth: Depth) -> None:
    told = verified(api, newest(api, town.wedding(6))[0], depth.value)
    assert (told["isValid"], told["validationScore"], told["issues"], told["status"]) == (True, 100, [], "COMPLETED")
    assert told["completedChecks"] == [one.value for one in CHECKS[depth]]
    assert bool(told["warnings"]) == (depth is not Depth.FULL)


def damage_cut(place: Path, _keys: Path) -> None:
    overwrite(place / "personal-0.parquet", cut)


def damage_bit(place: Path, _keys: Path) -> None:
    overwrite(place / "personal-0.parquet", flipped)


def damage_gone(place: Path, _keys: Path) -> None:
    (place / "business-0.parquet").unlink()


def damage_manifest(place: Path, _keys: Path) -> None:
    overwrite(place / "manifest.json", lambda data: data.replace(b'"rows":', b'"rows":1', 1))


def damage_no_manifest(place: Path, _keys: Path) -> None:
    (place / "manifest.json").unlink()


def damage_keys(_place: Path, keys: Path) -> None:
    shutil.rmtree(keys)


ALL, READ, OPENED = set(Depth), set(Depth) - {Depth.QUICK}, {Depth.ENCRYPTION_ONLY, Depth.FULL}
DAMAGE = [
    (1, damage_cut, ALL),
    (2, damage_bit, READ),
    (3, damage_gone, ALL),
    (4, damage_manifest, ALL),
    (5, damage_no_manifest, ALL),
    (6, damage_keys, OPENED),
]


@pytest.mark.parametrize(("number", "damage", "seen_by"), DAMAGE, ids=lambda one: getattr(one, "__name__", ""))
def test_each_depth_finds_what_it_looks_at_and_a_failed_check_is_never_valid(
    api: Running, number: int, damage: Callable[[Path, Path], None], seen_by: set[Depth]
) -> None:
    town.run(api.source, f"UPDATE guests SET name = 'Nina' WHERE wedding_id = {number}")
    town.taken(api.source, api.archive, town.wedding(number))
    api.site.standing.refresh()
    backup_id, place = newest(api, town.wedding(number))
    assert verified(api, backup_id)["isValid"] is True
    damage(place, home(api, "keyring") / "wedding" / str(number))
    for depth in Depth:
        told = verified(api, backup_id, depth.value)
        assert told["isValid"] == (depth not in seen_by), (depth, told)
        assert bool(told["issues"]) == (depth in seen_by)
        assert (told["validationScore"] < 80) == (depth in seen_by)
    assert town.SECRET_NAME not in api.get(PATH, api.token()).text


def test_parts_of_full_can_be_left_out(api: Running) -> None:
    backup_id, _ = newest(api, ScopeId.named(town.wedding(1).kind, "1"))
    assert verified(api, backup_id, includeEncryptionValidation=False)["validationType"] == "INTEGRITY_ONLY"
    assert verified(api, backup_id, includeDataConsistencyCheck=False)["validationType"] == "ENCRYPTION_ONLY"


def test_what_was_found_is_kept_and_summed_up(api: Running) -> None:
    backup_id, _ = newest(api, vendor(api))
    done = verified(api, backup_id, "QUICK")
    token = api.token()
    assert api.get(PATH, token, params={"validationId": done["validationId"]}).json()["validation"] == done
    assert api.get(f"{PATH}/{done['validationId']}", token).json()["validation"] == done
    assert done in api.get(PATH, token, params={"backupId": backup_id}).json()["validations"]
    summary = api.get(PATH, token, params={"organizationId": "1"}).json()["summary"]
    assert summary["validBackups"] + summary["invalidBackups"] == summary["totalValidations"] > 0
    assert summary["validations"][0]["validationId"] == done["validationId"]
    entry = next(one for one in api.archive.ledger.entries() if one.body.get("id") == done["validationId"])
    assert entry.event == "verified" and entry.body["whole"] is False


def vendor(api: Running) -> ScopeId:
    return next(ref.scope for ref in api.archive.vault.snapshots() if str(ref.scope) == "vendor/1")


def test_a_foreign_snapshot_and_its_verifications_are_not_there(api: Running) -> None:
    backup_id, _ = newest(api, town.wedding(5))
    done = verified(api, backup_id, "QUICK")
    stranger = api.token(Role.OPERATOR, "1")
    sent = {"backupId": backup_id, "validationType": "QUICK"}
    assert api.call("POST", PATH, stranger, json=sent).status_code == 404
    assert api.get(f"{PATH}/{done['validationId']}", stranger).status_code == 404
    for params in ({"validationId": done["validationId"]}, {"backupId": backup_id}, {"organizationId": "2"}):
        assert api.get(PATH, stranger, params=params).status_code == 404
    shown = api.get(PATH, stranger).json()["summary"]["validations"]
    assert all(one["backupId"].split(":")[1] in "123" for one in shown)


def test_who_may_only_look_has_nothing_verified(api: Running) -> None:
    sent = {"backupId": newest(api, town.wedding(2))[0]}
    assert api.call("POST", PATH, api.token(Role.VIEWER), json=sent).status_code == 403
    assert api.call("POST", PATH, api.token(Role.AUDITOR), json=sent).status_code == 200


def test_a_kind_that_there_is_not_and_a_snapshot_that_there_is_not_are_told_apart(api: Running) -> None:
    backup_id, _ = newest(api, town.wedding(2))
    wrong = api.call("POST", PATH, api.token(), json={"backupId": backup_id, "validationType": "DEEP"})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["pointer"] == "/body/validationType"
    gone = backup_id.replace(":2026", ":2016")
    assert api.call("POST", PATH, api.token(), json={"backupId": gone}).status_code == 404
    assert api.call("POST", PATH, api.token(), json={}).status_code == 400


def test_a_long_verification_is_accepted_and_polled(api: Running) -> None:
    ref = api.archive.vault.newest(vendor(api)) or pytest.fail("no snapshot")
    long = checker.SHORT_BYTES + 1
    asked = api.site.checker.verify(ref, Depth.FULL, "test", long)
    assert asked.at is None
    for _ in range(100):
        told = api.get(f"{PATH}/{asked.id}", api.token()).json()
        if told["validation"]["status"] == "COMPLETED":
            break
        time.sleep(0.05)
    assert told["validation"]["isValid"] is True and told["poll"] is None


def test_what_was_asked_of_a_process_that_ended_is_lost_and_says_so(api: Running) -> None:
    ref = api.archive.vault.newest(vendor(api)) or pytest.fail("no snapshot")
    asked = ask(api.archive, "v-0123456789abcdef", ref, Depth.FULL, by="test", now=api.clock())
    told = api.get(f"{PATH}/{asked.id}", api.token()).json()["validation"]
    assert (told["status"], told["isValid"], told["validatedAt"]) == (State.LOST, None, None)
    assert Checker(api.archive, api.clock).state(asked) is State.LOST


def test_every_finding_has_words() -> None:
    assert set(_TEXTS) == set(FindingCode)
