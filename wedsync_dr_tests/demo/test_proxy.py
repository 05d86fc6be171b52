"""nginx in front of everything, with the configuration that is shipped: TLS, and who gets where."""

import base64
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wedsync_dr.demo import processes

SHIPPED = Path(__file__).parents[2] / "deploy" / "proxy"
NGINX = shutil.which("nginx", path=f"{os.defpath}{os.pathsep}/usr/sbin")
NAME = "localhost"
PATIENCE_S = 120.0
LAUNCH = """
mutation { launchRun(executionParams: {mode: "default", selector: {
    repositoryLocationName: "wedsync_dr", repositoryName: "__repository__", jobName: "snapshot_wave"}}) { __typename } }
"""
AROUND = """
daemon off; master_process off; pid {home}/nginx.pid; error_log {home}/nginx-errors.log; events {{ }}
http {{ access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; uwsgi_temp_path {home}/uwsgi;
    fastcgi_temp_path {home}/fastcgi; scgi_temp_path {home}/scgi; include {home}/site.conf; }}
"""
pytestmark = pytest.mark.skipif(NGINX is None, reason="NOT TESTED: no nginx (apt-get install nginx-light)")


class Behind(BaseHTTPRequestHandler):
    """Stands in for the API, which says what it heard, and for the identity provider, which knows one cookie."""

    def do_GET(self) -> None:
        known = "session=anna" in self.headers.get("Cookie", "")
        body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200 if known or self.path != "/oauth2/auth" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


@dataclass
class Site:
    """What somebody on the network reaches."""

    https: int
    http: int
    trusted: ssl.SSLContext

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Over TLS, as somebody who checks the certificate."""
        return self._ask("GET", path, None, headers)

    def launch(self, path: str, **headers: str) -> str:
        """What the launch of a run is answered with."""
        status, text = self._ask("POST", path, json.dumps({"query": LAUNCH}), headers)
        return str(json.loads(text)["data"]["launchRun"]["__typename"]) if status == 200 else str(status)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        with closing(HTTPSConnection(NAME, self.https, context=self.trusted, timeout=60)) as connection:
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, response.read().decode()


def basic(name: str) -> str:
    """The header of somebody whose password is like the name."""
    return "Basic " + base64.b64encode(f"{name}:{name}".encode()).decode()


def _certificate(home: Path) -> None:
    """For this machine, signed by itself."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)  # noqa: TID251
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (home / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (home / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))


def _files(home: Path) -> dict[str, str]:
    """What the configuration names. Operators come by password, auditors by the identity provider."""
    (home / "passwords").write_text("operator:{PLAIN}operator\n")
    by_password = (SHIPPED / "by-password.conf").read_text()
    (home / "operators.conf").write_text(by_password.replace("/etc/nginx/wedsync-operators", str(home / "passwords")))
    guards = {"OPERATORS": home / "operators.conf", "AUDITORS": SHIPPED / "by-identity-provider.conf"}
    files = guards | {"CERTIFICATE": home / "cert.pem", "CERTIFICATE_KEY": home / "key.pem"}
    return {name: str(file) for name, file in files.items()}


def _webserver(home: Path, port: int, *options: str) -> processes.Process:
    home.mkdir()
    command = [sys.executable, "-m", "dagster_webserver", "--empty-workspace", "--host", "127.0.0.1", "--port"]
    environment = {"PATH": os.defpath, "HOME": str(home), "DAGSTER_HOME": str(home)}
    log = home / "log"
    return processes.start("webserver", [*command, str(port), *options], environment=environment, cwd=home, log=log)


def _behind(stack: ExitStack) -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return f"127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("proxy")
    https, http, dagster, read_only = (processes.free_port() for _ in range(4))
    _certificate(home)
    with ExitStack() as stack:
        behind = _behind(stack)
        operators = _webserver(home / "operators", dagster)
        auditors = _webserver(home / "auditors", read_only, "--read-only", "--path-prefix", "/audit")
        started = [operators, auditors]
        stack.callback(lambda: processes.end(started))
        ports = {"HTTPS": https, "HTTP": http, "DAGSTER": dagster, "READ_ONLY": read_only}
        names = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        names |= {"API": behind, "IDENTITY": behind, "SERVER_NAME": NAME, **_files(home)}
        template = (SHIPPED / "wedsync-dr.conf.template").read_text()
        (home / "site.conf").write_text(Template(template).safe_substitute(names))
        (home / "nginx.conf").write_text(AROUND.format(home=home))
        command = [str(NGINX), "-c", str(home / "nginx.conf"), "-e", str(home / "nginx-errors.log")]
        started.append(processes.start("nginx", command, environment={}, cwd=home, log=home / "nginx.log"))
        found = Site(https, http, ssl.create_default_context(cafile=str(home / "cert.pem")))
        _wait(found, started)
        yield found


def _wait(site: Site, started: list[processes.Process]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    ways = (("/server_info", {"Authorization": basic("operator")}), ("/audit/server_info", {"Cookie": "session=anna"}))
    while not all(_answers(site, path, headers) for path, headers in ways):
        words = [process.last_words() for process in started]
        assert time.monotonic() < deadline and all(process.alive for process in started), words
        time.sleep(0.3)


def _answers(site: Site, path: str, headers: dict[str, str]) -> bool:
    try:
        return site.get(path, **headers)[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("path", ["/", "/graphql", "/server_info", "/audit", "/audit/graphql", "/audit/server_info"])
def test_nobody_reaches_dagster_without_saying_who_it_is(site: Site, path: str) -> None:
    assert site.get(path)[0] == 401
    assert site.get(path, Authorization=basic("stranger"), Cookie="session=stranger")[0] == 401


def test_an_auditor_is_no_operator_and_an_operator_no_auditor(site: Site) -> None:
    assert site.get("/server_info", Cookie="session=anna")[0] == 401
    assert site.get("/audit/server_info", Authorization=basic("operator"))[0] == 401


def test_auditors_launch_nothing(site: Site) -> None:
    assert site.launch("/audit/graphql", Cookie="session=anna") == "UnauthorizedError"
    assert site.launch("/graphql", Authorization=basic("operator")) == "PipelineNotFoundError"  # asked, and not there


def test_the_auditors_pages_come_from_their_own_path(site: Site) -> None:
    status, page = site.get("/audit/", Cookie="session=anna")
    assert status == 200 and 'src="/audit/' in page


def test_the_api_gets_its_path_and_token_as_they_are_and_no_false_address(site: Site) -> None:
    token = {"Authorization": "Bearer a", "X-Forwarded-For": "10.0.0.1"}
    status, text = site.get("/api/backup/status?kind=wedding", **token)
    heard = json.loads(text)
    assert status == 200 and heard["path"] == "/api/backup/status?kind=wedding"
    assert heard["headers"]["Authorization"] == "Bearer a"
    assert heard["headers"]["X-Forwarded-For"] == "127.0.0.1" and heard["headers"]["X-Forwarded-Proto"] == "https"


def test_without_tls_there_is_only_the_way_to_it(site: Site) -> None:
    with closing(HTTPConnection(NAME, site.http, timeout=60)) as connection:
        connection.request("GET", "/api/backup/status", headers={"Authorization": "Bearer a"})
        response = connection.getresponse()
        assert response.status == 301
        assert response.headers["Location"] == f"https://{NAME}/api/backup/status"


def test_old_tls_is_refused(site: Site) -> None:
    command = [sys.executable, "-W", "ignore", "-c", SHAKE_HANDS, str(site.https)]

    def spoken(version: str) -> str:
        done = subprocess.run([*command, version], capture_output=True, text=True, check=True)  # noqa: S603
        return done.stdout.strip()

    assert spoken("TLSv1_2") == "TLSv1.2" and spoken("TLSv1_3") == "TLSv1.3"
    assert spoken("TLSv1_1") == "refused"


SHAKE_HANDS = """
import socket, ssl, sys
context = ssl._create_unverified_context()
context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[2]]
context.set_ciphers("DEFAULT:@SECLEVEL=0")  # this side would speak it
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as plain:
    try:
        print(context.wrap_socket(plain).version())
    except ssl.SSLError:
        print("refused")
"""
