"""`mbmd run` with users, tokens and a certificate, asked as its users ask it, and reloaded."""

import asyncio
import json
import shutil
import ssl
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.certificates import make_certificate
from tests.integration.command import ROOT, Running, mbmd, running, until
from tests.integration.meters import free_port

RIGHT = "Basic " + b64encode(b"alice:correct horse").decode()


def status(url: str, tls: ssl.SSLContext | None = None, authorization: str = "") -> int | None:
    """The status of an answer, 0 from a server that is not trusted; None while nobody listens."""
    lines = {"Authorization": authorization} if authorization else {}
    try:
        request = Request(url, headers=lines)  # noqa: S310
        with urlopen(request, timeout=30, context=tls) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, ConnectionError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return 0
        return None


def passwd(*words: str, typed: str = "") -> dict[str, str]:
    """What `mbmd passwd` makes."""
    command = [sys.executable, "-m", "mbmd", "passwd", "--json", *words]
    done = subprocess.run(command, cwd=ROOT, input=typed, capture_output=True, text=True, check=True)
    made: dict[str, str] = json.loads(done.stdout)
    return made


def write(config: Path, port: int, web: str, api: str = "127.0.0.1") -> None:
    config.write_text(f"api: {api}:{port}\nadapter: mock\ndevices: [{{type: sdm, id: 1}}]\nweb:\n{web}")


def reload(folder: Path, daemon: Running) -> "subprocess.CompletedProcess[str]":
    return mbmd("reload", "--pid", str(daemon.process.pid), RUNTIME_DIRECTORY=str(folder))


async def first_message(url: str, tls: ssl.SSLContext, authorization: str) -> str:
    async with connect(url, ssl=tls, proxy=None, additional_headers={"Authorization": authorization}) as client:
        return str(await asyncio.wait_for(client.recv(), 30))


def test_a_daemon_that_is_locked_and_encrypted(tmp_path: Path) -> None:
    port, made = free_port(), make_certificate(tmp_path)
    user, token = passwd("alice", typed="correct horse\n"), passwd("--token", "grafana")
    config = tmp_path / "mbmd.yaml"
    keys = f"  cert: {made.cert.name}\n  cert_key: {made.key.name}\n"
    write(config, port, f"{keys}  users: [{user['line']}]\n  tokens: [{token['line']}]\n")
    url, tls = f"https://localhost:{port}/api/status", made.trusting()
    with running(tmp_path, "run", "-c", str(config)) as daemon:
        assert until(lambda: status(url, tls), daemon) == 401
        assert status(url, tls, RIGHT) == 200
        assert status(url, tls, f"Bearer {token['token']}") == 200
        assert status(url, tls, "Basic d3Jvbmc6d3Jvbmc=") == 401
        message = asyncio.run(first_message(f"wss://localhost:{port}/ws", tls, f"Bearer {token['token']}"))
        assert "Meters" in message
        with pytest.raises(InvalidStatus):
            asyncio.run(first_message(f"wss://localhost:{port}/ws", tls, "Bearer no"))
        if curl := shutil.which("curl"):
            command = [curl, "-s", "--cacert", str(made.cert), "-u", "alice:correct horse", url]
            assert "Meters" in json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

        other = make_certificate(tmp_path, "renewed")
        shutil.copy(other.cert, made.cert)
        shutil.copy(other.key, made.key)
        write(config, port, f"{keys}  users: [{user['line'].replace('alice', 'bob')}]\n")
        assert reload(tmp_path, daemon).stdout == "devices: 1 untouched; web: changed users, tokens, certificate\n"
        tls = other.trusting()
        assert status(url, tls, RIGHT) == 401
        assert status(url, tls, "Basic " + b64encode(b"bob:correct horse").decode()) == 200

        made.key.write_text("no key")
        done = reload(tmp_path, daemon)
        assert done.returncode == 2
        assert f"mbmd.yaml:6: web.cert_key: {made.key} holds no key" in done.stderr
        assert status(url, tls, "Basic " + b64encode(b"bob:correct horse").decode()) == 200

        write(config, port, f"  users: [{user['line']}]\n")
        done = reload(tmp_path, daemon)
        assert "web.cert: the new one takes a restart of the daemon" in done.stdout
        assert status(url, tls, RIGHT) == 200
    assert f"listening on https://127.0.0.1:{port}" in daemon.log
    assert "Traceback" not in daemon.log
    assert "correct horse" not in daemon.log
    assert token["token"] not in daemon.log


@pytest.mark.parametrize(
    ("web", "said"),
    [
        ("  origins: []\n", "everyone who reaches the web server may read it"),
        ("  tokens: [grafana=sha256$q8Zr1VtXw5Yp3LkNc7BgJd2HfSm9TaEu4RiQo6PxKyE]\n", "as plain text"),
    ],
)
def test_a_daemon_that_others_reach_says_so(web: str, said: str, tmp_path: Path) -> None:
    port = free_port()
    write(tmp_path / "mbmd.yaml", port, web, "0.0.0.0")
    with running(tmp_path, "run", "-c", str(tmp_path / "mbmd.yaml")) as daemon:
        until(lambda: status(f"http://127.0.0.1:{port}/api/status"), daemon)
        until(lambda: said in daemon.log or None, daemon)


def test_a_certificate_that_does_not_do_keeps_it_from_starting(tmp_path: Path) -> None:
    write(tmp_path / "mbmd.yaml", free_port(), "  cert: no-such.pem\n")
    done = mbmd("run", "-c", str(tmp_path / "mbmd.yaml"), STATE_DIRECTORY=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == (
        f"mbmd: {tmp_path}/mbmd.yaml:5: web.cert: {tmp_path}/no-such.pem cannot be read: No such file or directory\n"
    )
