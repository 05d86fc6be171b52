"""Dagster's webserver, spoken to over GraphQL: one answer, or one error that says that it cannot be had."""

from typing import Any

import requests

from wedsync_dr.errors import SchedulerUnreachable

PATIENCE_S = (3.0, 20.0)
"""To connect, and to answer. Launching takes a tenth of a second, the first question after a start a few seconds."""
LOCATION, REPOSITORY = "wedsync_dr", "__repository__"
IN_REPOSITORY = {"repositoryLocationName": LOCATION, "repositoryName": REPOSITORY}
_REMEDY = "See that Dagster's webserver runs and that WEDSYNC_DAGSTER_URL names it; then ask again."


class GraphQL:
    """A Dagster webserver at a URL. Any number of threads may ask."""

    def __init__(self, url: str, patience_s: tuple[float, float] = PATIENCE_S) -> None:
        self._url, self._patience_s = url.rstrip("/") + "/graphql", patience_s

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The one field that the query asks for, with its `__typename`.

        Raises SchedulerUnreachable where there is no answer, and where the answer is an error of Dagster itself; its
        words stay with Dagster.
        """
        answer = self._post({"query": query, "variables": variables})
        if answer.get("errors") or not answer.get("data"):
            raise SchedulerUnreachable("Dagster does not understand the question.", remedy=_OTHER_VERSION)
        (found,) = answer["data"].values()
        if found["__typename"] in ("PythonError", "UnauthorizedError"):
            raise SchedulerUnreachable(f"Dagster answered {found['__typename']}.", remedy=_LOOK)
        return dict(found)

    def _post(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = requests.post(self._url, json=question, timeout=self._patience_s, allow_redirects=False)
            return dict(answer.json()) if answer.ok else _refused(answer.status_code)
        except requests.JSONDecodeError:
            return _refused(None)
        except requests.RequestException as error:
            what = f"Dagster's webserver does not answer ({type(error).__name__})."
            raise SchedulerUnreachable(what, remedy=_REMEDY) from None


_OTHER_VERSION = "WEDSYNC_DAGSTER_URL must name the webserver of this version's own Dagster."
_LOOK = "Dagster's own log says why; the webserver must not be started with --read-only."


def _refused(status: int | None) -> dict[str, Any]:
    said = f"answered {status}" if status else "answered something that is not JSON"
    raise SchedulerUnreachable(f"What WEDSYNC_DAGSTER_URL names {said}.", remedy=_REMEDY)
