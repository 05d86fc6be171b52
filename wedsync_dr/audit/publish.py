"""A report as a folder: the page, every figure as CSV and JSON, the manifest, and an entry in the ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wedsync_dr.audit.changes import REPORTED, policy_digest
from wedsync_dr.audit.document import Page
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.render import csv_file, figures_json, html
from wedsync_dr.audit.report import report
from wedsync_dr.audit.sign import FIGURES, MANIFEST, PAGE, PDF, sealed, signed_manifest
from wedsync_dr.errors import ObjectExists, VaultUnavailable
from wedsync_dr.model import utc_text
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.manifests import digest

Printer = Callable[[bytes], bytes]
"""Makes a PDF of a page."""


@dataclass(frozen=True)
class Published:
    """A report that is written. `entry` is the ledger's entry that names its manifest."""

    folder: Path
    page: Page
    files: tuple[str, ...]
    manifest: str
    entry: int


def publish(archive: Archive, material: Material, folder: Path, *, printer: Printer | None = None) -> Published:
    """Write the report of what was gathered into a new or empty folder, sign it, and put it on record.

    The manifest is written last and the ledger's entry after it. Raises ObjectExists where the folder has files, and
    VaultUnavailable where it cannot be written.
    """
    require_free(folder)
    page = report(material)
    files = _files(page, archive, material, printer)
    manifest = signed_manifest(files, archive.signer, _about(material))
    for name, data in (*sorted(files.items()), (MANIFEST, manifest)):
        write(folder / name, data)
    entry = archive.ledger.append(REPORTED, _body(material, manifest), material.made_at)
    return Published(folder, page, (*sorted(files), MANIFEST), digest(manifest), entry.sequence)


def require_free(folder: Path) -> None:
    """A report is never mixed with another one."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ObjectExists(f"{folder.name} is not an empty folder.", remedy="Name another one with --out.")


def _files(page: Page, archive: Archive, material: Material, printer: Printer | None) -> dict[str, bytes]:
    made = sealed(html(page), archive.signer, _about(material))
    files = {PAGE: made, FIGURES: figures_json(page)}
    files |= {f"{table.name}.csv": csv_file(table) for table in page.tables}
    return files | ({PDF: printer(made)} if printer else {})


def _about(material: Material) -> dict[str, Any]:
    """What is signed beside the files: which period, when, and how long the ledger was."""
    head = material.entries[-1] if material.entries else None
    ledger = {
        "entries": len(material.entries),
        "head": head.digest if head else "",
        "last": head.sequence if head else -1,
    }
    return {"period": material.period.to_json(), "made_at": utc_text(material.made_at), "tool": material.tool,
            "ledger": ledger}  # fmt: skip


def _body(material: Material, manifest: bytes) -> dict[str, Any]:
    return {
        "period": material.period.to_json(),
        "manifest": digest(manifest),
        "policy": policy_digest(material.policy),
        "rules": material.rules_digest,
        "requested_by": material.made_by,
    }


def write(path: Path, data: bytes) -> None:
    """The file is there whole, or not at all; only its owner may read it."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        what = f"{path.name} cannot be written ({error.strerror})."
        raise VaultUnavailable(what, remedy="Name a folder that can be written, with room in it.") from None
