"""Runs as tasks of Celery workers on any machine, whose death is noticed. Imported by who names it in dagster.yaml."""

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus  # private: what run monitoring asks for
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

PATIENCE_S = 10.0


class WatchedCeleryLauncher(CeleryRunLauncher):
    """dagster-celery believes what a worker last wrote, so the run of a killed one stays started for hours; here the
    worker is asked whether it is at it."""

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Raises what the broker's client raises where the broker is away: then nothing is known, and nothing is done.

        A run that ends while this looks is no failure: run monitoring reads its state again.
        """
        task = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG, "")
        worker = self._worker_of(task)
        inspect = self.celery.control.inspect(destination=[worker] if worker else None, timeout=PATIENCE_S)
        answers = inspect.query_task([task]) or {}
        if any(task in tasks for tasks in answers.values()):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"{worker or 'No worker'} is not at it any more.")

    def _worker_of(self, task: str) -> str | None:
        """Who wrote that it began; None where the broker has lost that."""
        told = self.celery.AsyncResult(task).info
        return told.get("hostname") if isinstance(told, dict) else None
