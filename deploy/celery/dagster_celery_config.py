"""What a Celery worker reads by this name. The addresses hold a password, so they come from the environment."""

import os
from multiprocessing import current_process
from multiprocessing.process import AuthenticationString

from celery.signals import worker_process_init

broker_url = os.environ["DAGSTER_CELERY_BROKER"]
result_backend = os.environ["DAGSTER_CELERY_BACKEND"]
worker_prefetch_multiplier = 1  # a run waits where a worker is free, not behind another run
worker_max_tasks_per_child = 20
broker_connection_retry_on_startup = True


@worker_process_init.connect
def may_have_children(**_: object) -> None:
    """Large batches are read by several processes; Celery's own are marked as ones that start none."""
    process = current_process()
    process._config.update(daemon=False, authkey=AuthenticationString(process.authkey))
