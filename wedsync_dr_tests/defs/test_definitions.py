"""What Dagster loads."""

import subprocess
import sys
from pathlib import Path

import dagster as dg

import wedsync_dr
from wedsync_dr.definitions import defs
from wedsync_dr.defs.restore_form import EmergencyRestore, RestoreVendor, RestoreWedding
from wedsync_dr.defs.wave import Wave

DAGSTER_S_OWN = (  # it warns about its own command, and about a property of schedules that its own snapshot reads
    "Function `definitions_validate_command`",
    "Property `ScheduleDefinition.environment_vars`",
)
ROOT = Path(wedsync_dr.__file__).parents[1]


def test_the_definitions_load_and_are_complete() -> None:
    dg.Definitions.validate_loadable(defs)
    jobs = {job.name for job in defs.get_repository_def().get_all_jobs()}
    assert {"snapshot_wave", "evidence", "restore_wedding", "restore_vendor"} <= jobs


def test_dagster_validates_them_with_warnings_as_errors(tmp_path: Path) -> None:
    warnings = ["-W", "error", *(f"-Wignore:{message}" for message in DAGSTER_S_OWN)]
    command = [sys.executable, *warnings, "-m", "dagster", "definitions", "validate", "-m", "wedsync_dr.definitions"]
    environment = {"DAGSTER_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr


def test_every_job_runs_in_the_process_of_its_run() -> None:
    for job in defs.get_repository_def().get_all_jobs():
        assert job.executor_def.name == "in_process", job.name


def test_an_operator_finds_a_description_everywhere() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
    for check in graph.asset_check_keys:
        assert graph.get_check_spec(check).description, check
    for job in defs.get_repository_def().get_all_jobs():
        assert job.name.startswith("__") or job.description, job.name
    for restore in ("restore_wedding", "restore_vendor", "emergency_restore", "snapshot_wave"):
        for step in defs.resolve_job_def(restore).nodes:
            assert step.definition.description, step.name


def test_every_field_of_the_restore_forms_explains_itself() -> None:
    for form in (RestoreWedding, RestoreVendor, EmergencyRestore, Wave):
        for name, field in form.model_fields.items():
            assert field.description, f"{form.__name__}.{name}"


def test_no_definition_file_grows_beyond_its_budget() -> None:
    lines = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "wedsync_dr" / "defs").glob("*.py")}
    assert {name: count for name, count in lines.items() if count > 120} == {}
    assert len((ROOT / "wedsync_dr" / "definitions.py").read_text().splitlines()) <= 40
