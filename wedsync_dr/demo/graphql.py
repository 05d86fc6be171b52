"""What Dagster's UI asks its server, asked from here: GraphQL over HTTP, with nothing but the standard library."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

from wedsync_dr.demo import queries

FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}
BACKFILL_FAILED = {"COMPLETED_FAILED", "FAILED", "FAILING", "CANCELED", "CANCELING"}
PATIENCE_S = 60.0


class DagsterRefused(RuntimeError):
    """Dagster's server does not answer, or answered with an error; that text is its own."""


@dataclass(frozen=True)
class Backfill:
    """Where a backfill stands. Its own state lags up to 30 seconds behind its runs."""

    failed: bool
    runs: int
    runs_finished: bool
    failure: str


@dataclass(frozen=True)
class CheckResult:
    """The last evaluation of an asset check, with the rows of its table of failures."""

    name: str
    passed: bool
    severity: str
    failures: tuple[Mapping[str, Any], ...]
    run_id: str


class Dagster:
    """A running Dagster webserver on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port

    def answers(self) -> bool:
        """Whether the server is up. Never raises."""
        try:
            return self._request("GET", "/server_info", None)[0] == 200
        except DagsterRefused:
            return False

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The data of an answer; every error in it raises DagsterRefused."""
        body = json.dumps({"query": query, "variables": variables})
        _, text = self._request("POST", "/graphql", body)
        answer = json.loads(text)
        if answer.get("errors"):
            raise DagsterRefused(str(answer["errors"][0].get("message"))[:400])
        data: dict[str, Any] = answer["data"]
        for value in data.values():
            if value["__typename"].endswith(("Error", "Invalid", "Conflict")):
                raise DagsterRefused(f"{value['__typename']}: {value.get('message') or value.get('errors')}"[:400])
        return data

    def load_problem(self) -> str | None:
        """Why the definitions do not load; None where they do."""
        entries = self.ask(queries.LOCATIONS)["workspaceOrError"]["locationEntries"]
        errors = [e["locationOrLoadError"].get("message") for e in entries if e["loadStatus"] == "LOADED"]
        if len(errors) < len(entries) or not entries:
            return "still loading"
        return next((message for message in errors if message), None)

    def partition_keys(self, asset: str) -> list[str]:
        """All partitions of an asset."""
        found: list[str] = self.ask(queries.PARTITIONS, asset=[asset])["assetNodeOrError"]["partitionKeys"]
        return found

    def materialized(self, asset: str) -> int:
        """How many partitions of an asset have been materialized."""
        stats = self.ask(queries.MATERIALIZED, asset=[asset])["assetNodeOrError"]["partitionStats"]
        return int(stats["numMaterialized"])

    def launch_backfill(self, asset: str, keys: Sequence[str]) -> str:
        """Start a backfill of some partitions; returns its id."""
        params = {"assetSelection": [{"path": [asset]}], "partitionNames": list(keys), "title": f"All of {asset}"}
        return str(self.ask(queries.LAUNCH_BACKFILL, params=params)["launchPartitionBackfill"]["backfillId"])

    def backfill(self, backfill_id: str) -> Backfill:
        """Where a backfill stands."""
        found = self.ask(queries.BACKFILL, id=backfill_id)["partitionBackfillOrError"]
        states = [run["status"] for run in found["runs"]]
        failed = found["status"] in BACKFILL_FAILED or not {"FAILURE", "CANCELED"}.isdisjoint(states)
        why = (found["error"] or {}).get("message") or found["status"]
        return Backfill(failed, len(states), bool(states) and FINISHED.issuperset(states), why)

    def launch(self, job: str, run_config: Mapping[str, object]) -> str:
        """Start a run of a job, as the launchpad does; returns its id."""
        selector = {"repositoryLocationName": "wedsync_dr", "repositoryName": "__repository__", "jobName": job}
        params = {"selector": selector, "runConfigData": run_config, "mode": "default"}
        return str(self.ask(queries.LAUNCH_RUN, params=params)["launchRun"]["run"]["runId"])

    def run_status(self, run_id: str) -> str:
        """The state of a run, in Dagster's words."""
        return str(self.ask(queries.STATUS, id=run_id)["runOrError"]["status"])

    def outputs(self, run_id: str) -> dict[str, dict[str, Any]]:
        """What the steps of a run said: metadata by step."""
        events = self.ask(queries.EVENTS, id=run_id)["runOrError"]["eventConnection"]["events"]
        said = {event["stepKey"]: event["metadataEntries"] for event in events if event.get("metadataEntries")}
        return {step: {entry["label"]: _value(entry) for entry in entries} for step, entries in said.items()}

    def failure(self, run_id: str) -> str:
        """Why a run failed, in the words of the first step that did."""
        events = self.ask(queries.EVENTS, id=run_id)["runOrError"]["eventConnection"]["events"]
        texts = [
            (e.get("error") or {}).get("message") for e in events if e["__typename"] == "ExecutionStepFailureEvent"
        ]
        return str(next((text for text in texts if text), "it gave no reason")).strip()

    def checks(self, asset: str) -> list[CheckResult]:
        """The last result of each check of an asset that has one."""
        found = self.ask(queries.CHECKS, asset=[asset])["assetNodeOrError"]["assetChecksOrError"]["checks"]
        ran = [(check["name"], check["executionForLatestMaterialization"]) for check in found]
        return [_check(name, run) for name, run in ran if run and run["evaluation"]]

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, HTTPException) as error:
            raise DagsterRefused(f"Dagster's webserver does not answer ({type(error).__name__}).") from None
        finally:
            connection.close()


def _check(name: str, run: Mapping[str, Any]) -> CheckResult:
    evaluation = run["evaluation"]
    metadata = {entry["label"]: _value(entry) for entry in evaluation["metadataEntries"]}
    failures = tuple(metadata.get("failures", ()))
    return CheckResult(name, evaluation["success"], evaluation["severity"], failures, run["runId"])


def _value(entry: Mapping[str, Any]) -> Any:
    if "table" in entry:
        return [json.loads(record) for record in entry["table"]["records"]]
    return next((entry[name] for name in ("text", "intValue", "floatValue") if name in entry), None)
