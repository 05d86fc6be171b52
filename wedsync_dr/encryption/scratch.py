"""A key for data that does not outlive its run: it is made for it, never stored, and gone with it."""

import os
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wedsync_dr.encryption.framing import framed
from wedsync_dr.errors import Damaged

_NONCE = 12


@dataclass(frozen=True)
class ScratchKey:
    """AES-256-GCM. Can be sent to the other processes of a run."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def seal(self, data: bytes | memoryview, *place: str) -> bytes:
        """What opens with this key, under the name of this place only."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, data, framed(*place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """The inverse of `seal`; Damaged where it is anything else."""
        try:
            return AESGCM(self.secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], framed(*place))
        except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
            raise Damaged("A sealed file was changed by somebody else.", remedy="Run the command again.") from None
