"""Make the vectors of a released format: `python -m wedsync_dr_tests.vectors.make URL NAME` with an empty database.

Done once per name. What a version wrote must be read by every later one, so what is there is never made again.
"""

import sys
from pathlib import Path

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.snapshot.take import take
from wedsync_dr_tests import town

HERE = Path(__file__).parent / "v1"
SUPPLEMENTS = Path(__file__).parent / "v1-supplements"
SCOPES = [town.wedding(3), ScopeId(Kind.VENDOR, "1"), ScopeId(Kind.PLATFORM, "public.venues")]
NAMES = {"v1": (HERE, SCOPES), "v1-supplements": (SUPPLEMENTS, SCOPES[:2])}


def main(url: str, name: str) -> None:
    home, scopes = NAMES[name]
    source, archive = town.build(url), town.new_archive(home)
    batch = take(source, archive, scopes, now=town.NOW, requested_by="vectors")
    assert not batch.failed


if __name__ == "__main__":
    main(*sys.argv[1:])
