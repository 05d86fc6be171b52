"""Who asks for restores through the API in tests, and how."""

from dataclasses import replace
from typing import Any

from wedsync_dr.access.roles import Role
from wedsync_dr.api.backup_id import backup_id
from wedsync_dr.api.once import Launcher
from wedsync_dr.api.runs import Runs
from wedsync_dr_tests import town
from wedsync_dr_tests.api.running import Running

PATH = "/api/recovery/restore"
WHY = "guests were imported twice"


def use(api: Running, runs: Runs) -> None:
    api.app.state.site = replace(api.site, launcher=Launcher(runs))


class People:
    """Who calls, by what they may do."""

    def __init__(self, api: Running) -> None:
        self.anna, self.rita = api.token(Role.OPERATOR, name="anna"), api.token(Role.RESPONDER, name="rita")
        self.bert, self.cara = (api.token(Role.APPROVER, name=name) for name in ("bert", "cara"))
        self.anna_too = api.token(Role.APPROVER, name="Anna")
        self.viewer = api.token(Role.VIEWER, name="victor")
        self.first, self.second = (api.token(Role.OPERATOR, number, name=f"org {number}") for number in "12")


def backup(api: Running, wedding: int) -> str:
    newest = next(iter(api.archive.vault.snapshots(scope=town.wedding(wedding))))
    return backup_id(newest.scope, newest.snapshot_id)


def spoil(api: Running, wedding: int) -> list[tuple[object, ...]]:
    """The guests as they were before somebody renamed them."""
    before = guests(api, wedding)
    town.run(api.source, f"UPDATE guests SET name = 'wrong' WHERE wedding_id = {wedding}")
    return before


def guests(api: Running, wedding: int) -> list[tuple[object, ...]]:
    return town.rows(api.source, f"SELECT * FROM guests WHERE wedding_id = {wedding} ORDER BY id")


def plan(api: Running, wedding: int, token: str, **more: Any) -> dict[str, Any]:
    answer = api.call("POST", PATH, token, json={"backupId": backup(api, wedding), "reason": WHY} | more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def do(api: Running, verb: str, restore: dict[str, Any], token: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = api.call("POST", f"{PATH}/{restore['restoreId']}/{verb}", token, json=body)
    return answer.status_code, answer.json()


def seen(api: Running, restore: dict[str, Any], token: str) -> dict[str, Any]:
    return dict(api.get(PATH, token, params={"restoreId": restore["restoreId"]}).json()["restore"])
