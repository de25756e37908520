"""Certificates for tests, made by openssl."""

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


class Made(NamedTuple):
    """A certificate that signs itself, and its key; both are PEM files."""

    cert: Path
    key: Path

    def trusting(self) -> ssl.SSLContext:
        """A client that trusts it."""
        return ssl.create_default_context(cafile=self.cert)


def make_certificate(folder: Path, name: str = "web", days: int = 365) -> Made:
    """A new one for localhost; skips the test where openssl is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    made = Made(folder / f"{name}.pem", folder / f"{name}.key")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-days", str(days), "-out", str(made.cert), "-keyout", str(made.key)]
    subprocess.run([*command, *names, *files], capture_output=True, check=True)
    return made
