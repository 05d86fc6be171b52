"""Ed25519 signatures over manifests and ledger entries (RFC 8032)."""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


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
