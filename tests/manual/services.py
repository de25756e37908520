"""Programs beside mbmd that pages speak of: a broker, and a database that only takes what it is given."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_PATIENCE = 20.0
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Where programs look for who may sign certificates; others look for links in its folder."""


def mosquitto(folder: Path, names: tuple[str, ...]) -> None:
    """Start a broker at 1883, and at 8883 with TLS for these names, if it is installed."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or shutil.which("openssl") is None:
        return
    certificate, key = _certificate(folder, names)
    lines = ["user root", "allow_anonymous true", "listener 1883 0.0.0.0", "listener 8883 0.0.0.0"]
    lines += [f"certfile {certificate}", f"keyfile {key}"]
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (folder / "mosquitto.log").open("w") as log:
        subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)
    _await_port(8883)


def _certificate(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """A certificate that the system trusts."""
    certificate, key = folder / "broker.pem", folder / "broker.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-subj", "/CN=broker", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    subprocess.run(
        [*command, *subject, "-days", "2", "-out", str(certificate), "-keyout", str(key)],
        check=True,
        capture_output=True,
    )
    _AUTHORITIES.write_bytes(certificate.read_bytes())
    (_AUTHORITIES.parent / "broker.pem").write_bytes(certificate.read_bytes())
    subprocess.run(["openssl", "rehash", str(_AUTHORITIES.parent)], check=True, capture_output=True)
    return certificate, key


class Database(BaseHTTPRequestHandler):
    """Answers as InfluxDB 1, 2 and 3 do when all is well."""

    written = threading.Event()
    """Set when points come."""

    def do_POST(self) -> None:
        """Take points, or a query that changes something."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "write" in self.path:
            self.written.set()
            self._answer(204)
        else:
            self.do_GET()

    def do_GET(self) -> None:
        """Answer a query or a ping: there is nothing."""
        self._answer(200, json.dumps({"results": [{"statement_id": 0}]}).encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def databases(ports: tuple[int, ...]) -> None:
    """Start one at each port."""
    for port in ports:
        server = ThreadingHTTPServer(("127.0.0.1", port), Database)
        threading.Thread(target=server.serve_forever, daemon=True).start()


def _await_port(port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise TimeoutError(f"nobody listens at {port}")
