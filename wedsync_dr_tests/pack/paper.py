"""A reader of packs that shares no code with their writer: it opens them after ISO 32000-2 and reads the text."""

import hashlib
import re
import zlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128, AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

_OBJECT = re.compile(rb"^(\d+) 0 obj\n", re.MULTILINE)
_STREAM = re.compile(rb"/Length (\d+)\b.*?>>\nstream\n", re.DOTALL)
_PIECE = re.compile(rb"/F(\d+) ([\d.]+) Tf|BT (-?[\d.]+) (-?[\d.]+) Td \(((?:[^\\()]|\\.)*)\) Tj", re.DOTALL)
_POINT, _HIGH = 25.4 / 72, 210.0
_MAPPED = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class Locked(Exception):
    """The passphrase does not open the document."""


@dataclass(frozen=True)
class Piece:
    """A line of text and where it begins, in millimetres from the left and from the top."""

    text: str
    x: float
    y: float
    size: float
    bold: bool


@dataclass(frozen=True)
class Paper:
    """An opened document: what stands on each page, as it was drawn."""

    pieces: tuple[tuple[Piece, ...], ...]

    @property
    def pages(self) -> list[str]:
        return ["\n".join([*(piece.text for piece in page), ""]) for page in self.pieces]

    @property
    def text(self) -> str:
        return "\n".join(self.pages)


def read(document: bytes, passphrase: str) -> Paper:
    """Open a document. Raises Locked for a wrong passphrase."""
    objects = dict(_objects(document))
    key = _file_key(objects, document, passphrase.encode())
    kids = re.search(rb"/Kids \[(.*?)\]", objects[1][0], re.DOTALL)
    assert kids
    numbers = [int(number) for number in re.findall(rb"(\d+) 0 R", kids[1])]
    return Paper(tuple(_page(objects, key, number) for number in numbers))


def _objects(document: bytes) -> list[tuple[int, tuple[bytes, bytes | None]]]:
    """Each object's dictionary, and its stream."""
    found, at = [], 0
    while start := _OBJECT.search(document, at):
        end = document.index(b"endobj", start.end())
        stream = _STREAM.search(document, start.end(), end)
        data = document[stream.end() : stream.end() + int(stream[1])] if stream else None
        head = document[start.end() : stream.start() + 400 if stream else end].split(b"\nstream\n")[0]
        found.append((int(start[1]), (head, data)))
        at = stream.end() + int(stream[1]) if stream else end
    return found


def _file_key(objects: dict[int, tuple[bytes, bytes | None]], document: bytes, passphrase: bytes) -> bytes:
    named = re.search(rb"/Encrypt (\d+) 0 R", document)
    assert named, "the document is not encrypted"
    head = objects[int(named[1])][0]
    assert re.search(rb"/V 5\b", head) and re.search(rb"/R 6\b", head) and b"/AESV3" in head
    values = {name: bytes.fromhex(text.decode()) for name, text in re.findall(rb"/(UE?|OE?) <([0-9A-Fa-f]+)>", head)}
    user = values[b"U"]
    if _hardened(passphrase, user[32:40]) != user[:32]:
        raise Locked
    cipher = Cipher(AES256(_hardened(passphrase, user[40:48])), CBC(bytes(16))).decryptor()
    return cipher.update(values[b"UE"]) + cipher.finalize()


def _hardened(passphrase: bytes, salt: bytes) -> bytes:
    """Algorithm 2.B."""
    key, number = hashlib.sha256(passphrase + salt).digest(), 0
    while True:
        cipher = Cipher(AES128(key[:16]), CBC(key[16:32])).encryptor()
        block = cipher.update((passphrase + key) * 64) + cipher.finalize()
        key = hashlib.new(("sha256", "sha384", "sha512")[sum(block[:16]) % 3], block).digest()
        number += 1
        if number >= 64 and block[-1] <= number - 32:
            return key[:32]


def _stream(objects: dict[int, tuple[bytes, bytes | None]], key: bytes, number: int) -> bytes:
    head, data = objects[number]
    assert data is not None
    cipher, unpadder = Cipher(AES256(key), CBC(data[:16])).decryptor(), PKCS7(128).unpadder()
    plain = unpadder.update(cipher.update(data[16:]) + cipher.finalize()) + unpadder.finalize()
    return zlib.decompress(plain) if b"/FlateDecode" in head else plain


def _page(objects: dict[int, tuple[bytes, bytes | None]], key: bytes, number: int) -> tuple[Piece, ...]:
    page = objects[number][0]
    resources = objects[_named(rb"/Resources (\d+) 0 R", page)][0]
    fonts = {int(f): _meaning(objects, key, int(o)) for f, o in re.findall(rb"/F(\d+) (\d+) 0 R", resources)}
    pieces, font, size = [], 0, 0.0
    for piece in _PIECE.finditer(_stream(objects, key, _named(rb"/Contents (\d+) 0 R", page))):
        if piece[1]:
            font, size = int(piece[1]), float(piece[2])
        else:
            codes = re.sub(rb"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), piece[5], flags=re.DOTALL)
            text = "".join(fonts[font][codes[i : i + 2]] for i in range(0, len(codes), 2))
            x, y = float(piece[3]) * _POINT, _HIGH - float(piece[4]) * _POINT
            pieces.append(Piece(text, x, y, size, bold=font == 2))
    return tuple(pieces)


def _meaning(objects: dict[int, tuple[bytes, bytes | None]], key: bytes, font: int) -> dict[bytes, str]:
    cmap = _stream(objects, key, _named(rb"/ToUnicode (\d+) 0 R", objects[font][0]))
    listed = cmap.partition(b"beginbfchar")[2]
    return {
        bytes.fromhex(a.decode()): bytes.fromhex(b.decode()).decode("utf-16-be") for a, b in _MAPPED.findall(listed)
    }


def _named(pattern: bytes, text: bytes) -> int:
    found = re.search(pattern, text)
    assert found
    return int(found[1])
