"""An issuer of identities on loopback, and tokens that it and others signed."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wedsync_dr.access.issuer import Issuer, SignedIdentities
from wedsync_dr.access.key_set import KeySet

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ISSUER = "https://wedsync.example/auth/v1"
PRIVATE, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(name: str, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}


class Issuing:
    """A server of keys on loopback."""

    def __init__(self) -> None:
        rsa_key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key()))
        self.keys = [public("first", PRIVATE), {**rsa_key, "kid": "rsa"}]
        self.asked = 0
        self.status = 200
        issuing = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuing.asked += 1
                self.send_response(issuing.status)
                self.send_header("Location", issuing.url)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": issuing.keys}).encode())

            def log_message(self, *_: object) -> None:
                """Not on the terminal."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"

    def identities(self) -> SignedIdentities:
        return SignedIdentities(Issuer(ISSUER, "wedsync-dr", self.url), KeySet(self.url))


@contextmanager
def issuer() -> Iterator[Issuing]:
    """Answering until the end."""
    issuing = Issuing()
    thread = threading.Thread(target=issuing.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuing
    finally:
        issuing.server.shutdown()
        thread.join()
        issuing.server.server_close()


def claims(**more: Any) -> dict[str, Any]:
    said = {
        "iss": ISSUER,
        "aud": "wedsync-dr",
        "sub": "nina",
        "exp": NOW.timestamp() + 600,
        "wedsync_role": "operator",
        "wedsync_organizations": ["harbour"],
    }
    return {name: value for name, value in (said | more).items() if value is not None}


def token(key: Any = PRIVATE, kid: str = "first", algorithm: str = "ES256", **more: Any) -> str:
    return jwt.encode(claims(**more), key, algorithm=algorithm, headers={"kid": kid})
