"""Signatures over reports, and what they hold against with the public key alone.

A page has its seal as its last line: a signed statement of the SHA-256 of everything before it. A folder has a signed
`manifest.json` that names every file with its SHA-256; it is written last, so a folder without one is unfinished.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wedsync_dr.encryption.framing import from_json
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import Damaged, KeyRefused, VaultUnavailable
from wedsync_dr.vault.manifests import is_signed, signed

MANIFEST, PAGE, FIGURES, PDF = "manifest.json", "report.html", "figures.json", "report.pdf"
FORMAT, SEAL, VERSION = "wedsync-dr report", "wedsync-dr page", 1
_OPEN, _CLOSE = b"\n<!-- wedsync-dr-seal ", b" -->\n"
_OTHER = "Get the files again from who made them."


@dataclass(frozen=True)
class Fault:
    """What is not as it was signed: a file, and what is wrong with it."""

    file: str
    what: str


@dataclass(frozen=True)
class Checked:
    """What a check found. `vouched`: the key was given from elsewhere, not taken from what is checked."""

    subject: str
    files: int
    fingerprint: str
    vouched: bool
    statement: Mapping[str, Any]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return self.vouched and not self.faults


def sealed(page: bytes, signer: Signer, about: Mapping[str, Any]) -> bytes:
    """A page with its seal as its last line."""
    body = {"format": SEAL, "version": VERSION, "about": dict(about), "sha256": _sha256(page)}
    return page + _OPEN + signed(body | _key_of(signer), signer) + _CLOSE


def signed_manifest(files: Mapping[str, bytes], signer: Signer, about: Mapping[str, Any]) -> bytes:
    """The manifest of a folder: what it is about, and every file."""
    listed = [{"name": name, "bytes": len(data), "sha256": _sha256(data)} for name, data in sorted(files.items())]
    body = {"format": FORMAT, "version": VERSION, "about": dict(about), "files": listed}
    return signed(body | _key_of(signer), signer)


def check_path(path: Path, given: Verifier | None) -> Checked:
    """Check a folder (or its manifest) or a page. Without a given key the one inside is used, which proves little.

    Raises Damaged where there is no signature to check, VaultUnavailable where the files cannot be read.
    """
    if path.is_dir() or path.name == MANIFEST:
        return _check_folder(path if path.is_dir() else path.parent, given)
    if path.suffix != ".html" and (path.parent / MANIFEST).exists():
        return _check_folder(path.parent, given)
    return _check_page(path, given)


def _check_page(path: Path, given: Verifier | None) -> Checked:
    data = _read(path)
    page, mark, rest = data.rpartition(_OPEN)
    if not mark or not rest.endswith(_CLOSE):
        raise Damaged(f"{path.name} has no seal.", remedy="Check the folder that it is from, or get the page again.")
    seal, verifier = _statement(rest.removesuffix(_CLOSE), f"The seal of {path.name}", SEAL, given)
    faults = [] if is_signed(seal, verifier) else [Fault(path.name, "the seal is not signed by this key")]
    if seal.get("sha256") != _sha256(page):
        faults.append(Fault(path.name, "the page is not the one that was sealed"))
    return Checked(path.name, 1, verifier.fingerprint, given is not None, _about(seal), tuple(faults))


def _check_folder(folder: Path, given: Verifier | None) -> Checked:
    if not (folder / MANIFEST).exists():
        raise Damaged(f"{folder.name} has no {MANIFEST}: the report was not finished.", remedy=_OTHER)
    manifest, verifier = _statement(_read(folder / MANIFEST), MANIFEST, FORMAT, given)
    faults = [] if is_signed(manifest, verifier) else [Fault(MANIFEST, "it is not signed by this key")]
    listed = manifest.get("files")
    names = listed if isinstance(listed, list) else []
    faults += _of_files(folder, names)
    return Checked(folder.name, len(names), verifier.fingerprint, given is not None, _about(manifest), tuple(faults))


def _of_files(folder: Path, listed: list[Any]) -> Iterator[Fault]:
    named = {str(one.get("name")): one.get("sha256") for one in listed if isinstance(one, dict)}
    for name, digest in sorted(named.items()):
        if Path(name).name != name or not (folder / name).is_file():
            yield Fault(name, "it is missing")
        elif _sha256(_read(folder / name)) != digest:
            yield Fault(name, "it is not the file that was signed")
    for path in sorted(folder.iterdir()):
        if path.name not in named and path.name != MANIFEST:
            yield Fault(path.name, "it is not in the manifest: nobody signed it")


def _statement(data: bytes, name: str, kind: str, given: Verifier | None) -> tuple[dict[str, Any], Verifier]:
    statement = from_json(data, name)
    if statement.get("format") != kind or statement.get("version") != VERSION:
        raise Damaged(f"{name} is not what wedsync_dr {VERSION} writes.", remedy="Use the wedsync_dr that made it.")
    return statement, given or _inside(statement, name)


def _inside(statement: Mapping[str, Any], name: str) -> Verifier:
    try:
        return Verifier(base64.b64decode(statement["public_key"], validate=True))
    except (KeyError, TypeError, binascii.Error):
        raise KeyRefused(f"{name} has no public key in it.", remedy="Give it with --public-key.") from None


def _about(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    about = statement.get("about")
    return about if isinstance(about, dict) else {}


def _key_of(signer: Signer) -> dict[str, str]:
    return {"public_key": base64.b64encode(signer.public).decode()}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VaultUnavailable(f"{path.name} cannot be read ({error.strerror}).", remedy="Check the path.") from None
