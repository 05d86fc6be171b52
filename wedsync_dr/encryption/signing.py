"""Ed25519 signatures over manifests and ledger entries (RFC 8032)."""

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from wedsync_dr.errors import KeyRefused


@dataclass(frozen=True)
class Signer:
    """Signs; shows nothing of its key."""

    _secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> "Signer":
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def secret(self) -> bytes:
        """For wrapping, and for nothing else."""
        return self._secret

    @property
    def public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self._secret).public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self._secret).sign(data)


@dataclass(frozen=True)
class Verifier:
    """Checks signatures with the public key alone."""

    public: bytes = field(repr=False)

    def verify(self, data: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    @classmethod
    def from_pem(cls, pem: bytes) -> "Verifier":
        """The public key in a PEM file. Raises KeyRefused where it is none, or of another kind."""
        try:
            key = load_pem_public_key(pem)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise KeyRefused(
                "The file is not an Ed25519 public key in PEM.",
                remedy="`wedsync-dr report public-key` writes it where the vault is.",
            )
        return cls(key.public_bytes_raw())

    @property
    def pem(self) -> bytes:
        """The public key as a PEM file, which other programs read, too."""
        key = Ed25519PublicKey.from_public_bytes(self.public)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key in hex: what people compare by eye."""
        return hashlib.sha256(self.public).hexdigest()
