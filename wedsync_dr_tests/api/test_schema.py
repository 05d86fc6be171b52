"""What the OpenAPI document promises, tried on the running server."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from wedsync_dr.api.limits import Buckets
from wedsync_dr_tests.api import formats
from wedsync_dr_tests.api.running import MANY, Running


def test_the_server_does_what_its_document_says(api: Running, tmp_path: Path) -> None:
    """All checks of schemathesis: values that fit and values that do not, missing credentials, other methods."""
    api.site.standing.view()
    api.app.state.site = replace(api.site, within_refusals=Buckets(MANY))  # there are many calls without credentials
    program = Path(sys.executable).with_name("schemathesis")
    ended = subprocess.run(  # noqa: S603
        [program, "run", f"{api.url}/openapi.json", "--header", f"Authorization: Bearer {api.token()}",
         "--max-examples", "4", "--seed", "1", "--no-color", "--phases", "examples,coverage,fuzzing", "--checks",
         "all"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "SCHEMATHESIS_HOOKS": formats.__name__},  # noqa: TID251
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-1000:]


def test_every_answer_has_an_example_and_every_route_a_word_of_what_it_does(api: Running) -> None:
    document = api.get("/openapi.json").json()
    operations = [(path, method, one) for path, item in document["paths"].items() for method, one in item.items()]
    assert len(operations) > 5
    for path, method, operation in operations:
        assert operation["tags"] and operation["summary"] and operation["description"], (path, method)
        for status, answer in operation["responses"].items():
            assert status == "304" or all(map(_is_told, answer["content"].items())), (path, method, status)


def _is_told(content: tuple[str, dict[str, Any]]) -> bool:
    name, kind = content
    return "example" in kind and ("schema" in kind or name == "text/plain")


def test_nothing_is_loaded_from_elsewhere(api: Running) -> None:
    for page in ("/docs", "/redoc"):
        assert api.get(page).status_code == 404
