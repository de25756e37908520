"""The door of a real server: users, tokens, other origins and proxies."""

import asyncio
import threading
from base64 import b64encode
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from mbmd.config.passwords import Cost, hash_password, hash_token
from mbmd.config.secret import Secret
from mbmd.config.web import Login, Web
from mbmd.web.access import warning
from mbmd.web.credentials import Credentials, Password
from mbmd.web.server import plan
from tests.web_site import Answer, Site, hear, run

USERS = (Login("alice", Secret(str(hash_password("correct horse", Cost(2, 1, 1))))),)
TOKENS = (Login("grafana", Secret(hash_token("a token"))),)
LOCKED = Web(users=USERS, tokens=TOKENS)
FRIEND = "https://home.example"
HERE = "http://127.0.0.1"


def basic(name: str = "alice", password: str = "correct horse") -> str:  # noqa: S107
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def serve(main: Any, web: Web = LOCKED) -> None:
    run(asyncio.new_event_loop, main, web)


PATHS = ["/", "/static/js/main.js", "/api/last", "/api/last/SDM1.1", "/api/status", "/metrics"]
EVERYTHING = [*PATHS, "/ws", "/nothing", "/api/last/no"]


@pytest.mark.parametrize("path", EVERYTHING)
def test_nothing_is_told_to_who_does_not_say_who_it_is(path: str) -> None:
    async def main(site: Site) -> None:
        answers = [await site.ask(path), await site.ask(path, authorization=basic("alice", "wrong password"))]
        answers += [await site.ask(path, "POST"), await site.ask(path, authorization="Bearer wrong")]
        for answer in answers:
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == 'Basic realm="mbmd", charset="UTF-8"'
            assert answer.json["status"] == 401
            assert "access-control-allow-origin" not in answer.headers
            assert "no-store" in answer.headers["cache-control"]

    serve(main)


@pytest.mark.parametrize("line", [basic(), "Bearer a token", "bearer a token"])
def test_who_shows_a_password_or_token_gets_all(line: str) -> None:
    async def main(site: Site) -> None:
        for _ in range(2):
            assert [(await site.ask(path, authorization=line)).status for path in PATHS] == [200] * 6
        assert (await site.ask("/nothing", authorization=line)).status == 404
        assert "private" in (await site.ask("/api/last", authorization=line)).headers["cache-control"]

    serve(main)


@pytest.mark.parametrize(
    "line", ["", "Basic", "Basic x", "Bearer", basic("bob"), "Digest a", "Basic \x80\xff", basic() + "A" * 5000]
)
def test_what_is_no_login(line: str) -> None:
    async def main(site: Site) -> None:
        assert (await site.ask("/api/last", authorization=line)).status == 401

    serve(main)


def test_tokens_alone_are_asked_for_as_such() -> None:
    async def main(site: Site) -> None:
        assert (await site.ask("/")).headers["www-authenticate"] == 'Bearer realm="mbmd"'
        assert (await site.ask("/", authorization=basic())).status == 401
        assert (await site.ask("/", authorization="Bearer a token")).status == 200

    serve(main, Web(tokens=TOKENS))


def test_health_is_told_to_everyone_and_what_looks_like_it_is_not() -> None:
    async def main(site: Site) -> None:
        for path in ("/api/healthz", "/api/readyz"):
            assert (await site.ask(path)).status != 401
        for path in ("/api/healthz/", "/api/healthz/../last", "//api/healthz", "/api/HEALTHZ", "/api/%68ealthz"):
            assert (await site.ask(path)).status in (401, 404)

    serve(main)


def test_a_websocket_has_to_say_who_it_is() -> None:
    async def main(site: Site) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await site.websocket()
        assert refused.value.response.status_code == 401
        client = await site.websocket(additional_headers={"Authorization": basic()})
        assert await hear(client, 1, "Meters")
        await client.close()

    serve(main)


def test_who_guesses_has_to_wait_and_others_do_not(caplog: pytest.LogCaptureFixture) -> None:
    async def main(site: Site) -> None:
        def guess(number: int, client: str) -> Any:
            return site.ask("/api/last", authorization=basic("alice", f"hunter{number}"), x_forwarded_for=client)

        assert [(await guess(number, "192.0.2.1")).status for number in range(10)] == [401] * 10
        blocked = await guess(10, "192.0.2.1")
        assert blocked.status == 429
        assert 0 < int(blocked.headers["retry-after"]) <= 60
        for client, status in (("192.0.2.1", 429), ("192.0.2.2", 200), ("192.0.2.1", 429)):
            assert (await site.ask("/api/last", x_forwarded_for=client, authorization=basic())).status == status
        assert (await site.ask("/api/last", x_forwarded_for="192.0.2.1", authorization="Bearer a token")).status == 200
        assert (await site.ask("/api/last", x_forwarded_for="192.0.2.1", authorization="Bearer no")).status == 429

    serve(main, Web(users=USERS, tokens=TOKENS, proxies=("127.0.0.1",)))
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == ["web server: wrong password or token from 192.0.2.1"]
    assert "hunter" not in caplog.text


def test_many_guesses_at_once_are_not_more() -> None:
    async def main(site: Site) -> None:
        guesses = (site.ask("/api/last", authorization=basic("alice", f"hunter{number}")) for number in range(30))
        statuses = sorted(answer.status for answer in await asyncio.gather(*guesses))
        assert statuses == [401] * 10 + [429] * 20

    serve(main)


def test_the_same_wrong_password_again_and_again_locks_nobody_out() -> None:
    async def main(site: Site) -> None:
        for _ in range(30):
            assert (await site.ask("/api/last", authorization=basic("alice", "an old one"))).status == 401
        assert (await site.ask("/api/last", authorization=basic())).status == 200

    serve(main)


def test_who_does_not_wait_for_the_answer_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def check(_: Credentials, given: Password) -> bool:
        return go.wait(30) and "correct" in given.password

    monkeypatch.setattr(Credentials, "is_user", check)

    async def main(site: Site) -> None:
        access = site.server._site.access
        for number in range(10):
            line = basic("alice", f"hunter{number}")
            _, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(f"GET /api/last HTTP/1.1\r\nHost: h\r\nAuthorization: {line}\r\n\r\n".encode())
            while not access._verifier.is_checked(access._verifier.digest(line)):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.001)
            writer.transport.abort()
        go.set()
        assert (await site.ask("/api/last", authorization=basic())).status == 429

    serve(main)


def test_without_a_trusted_proxy_what_is_forwarded_counts_for_nothing() -> None:
    async def main(site: Site) -> None:
        for number in range(10):
            line = basic("alice", f"hunter{number}")
            await site.ask("/api/last", authorization=line, x_forwarded_for=f"192.0.2.{number}")
        answer = await site.ask("/api/last", authorization=basic("alice", "hunter"), x_forwarded_for="192.0.2.99")
        assert answer.status == 429

    serve(main)


@pytest.mark.parametrize("web", [LOCKED, Web(users=USERS, origins=(FRIEND,)), Web(origins=(FRIEND,))])
def test_pages_of_another_origin_read_nothing(web: Web) -> None:
    async def main(site: Site) -> None:
        for origin in ("https://evil.example", "null", "http://home.example", "https://home.example.evil.example"):
            for line in (None, basic()):
                for path in ("/api/last", "/", "/ws", "/nothing"):
                    answer = await site.ask(path, origin=origin, authorization=line)
                    assert "access-control-allow-origin" not in answer.headers
            answer = await site.ask("/api/last", "OPTIONS", origin=origin, access_control_request_method="GET")
            assert answer.status in (401, 405)
            assert "access-control-allow-origin" not in answer.headers
            with pytest.raises(InvalidStatus) as refused:
                await site.websocket(additional_headers={"Authorization": basic()}, origin=origin)
            assert refused.value.response.status_code == 403

    serve(main, web)


def test_pages_of_a_friendly_origin_read_all_that_they_may() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/last", origin=FRIEND, authorization=basic())
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, FRIEND)
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "origin" in answer.headers["vary"]
        assert "origin" in (await site.ask("/api/last", authorization=basic())).headers["vary"]
        refused = await site.ask("/api/last", origin=FRIEND)
        assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, FRIEND)
        assert f"frame-ancestors 'self' {FRIEND}" in answer.headers["content-security-policy"]
        client = await site.websocket(additional_headers={"Authorization": basic()}, origin=FRIEND)
        assert await hear(client, 1, "Meters")
        await client.close()

    serve(main, Web(users=USERS, origins=(FRIEND,)))


@pytest.mark.parametrize("path", ["/api/last", "/ws", "/nothing"])
def test_a_friendly_page_may_ask_whether_it_may_ask(path: str) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(path, "OPTIONS", origin=FRIEND, access_control_request_method="GET")
        assert answer.status == 204
        assert answer.headers["access-control-allow-methods"] == "GET, HEAD"
        assert answer.headers["access-control-allow-headers"] == "Authorization"

    serve(main, Web(users=USERS, origins=(FRIEND,)))


def test_pages_of_the_server_itself_listen() -> None:
    async def main(site: Site) -> None:
        client = await site.websocket(additional_headers={"Authorization": basic()}, origin=f"{HERE}:{site.port}")
        await client.close()

    serve(main)


@pytest.mark.parametrize(
    ("forwarded", "is_let_in"),
    [
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "meter.example"}, True),
        ({"X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "Meter.Example:443, inner"}, True),
        ({"X-Forwarded-Proto": "http", "X-Forwarded-Host": "meter.example"}, False),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "other.example"}, False),
        ({"X-Forwarded-Proto": "\\", "X-Forwarded-Host": "["}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_behind_a_trusted_proxy_the_origin_is_what_the_client_sees(forwarded: dict[str, str], is_let_in: bool) -> None:
    async def main(site: Site) -> None:
        lines = {"Authorization": basic(), **forwarded}
        for_us = site.websocket(additional_headers=lines, origin="https://meter.example")
        if is_let_in:
            await (await for_us).close()
            return
        with pytest.raises(InvalidStatus) as refused:
            await for_us
        assert refused.value.response.status_code == 403

    serve(main, Web(users=USERS, proxies=("127.0.0.0/8",)))


def test_a_proxy_that_is_not_trusted_is_not_believed() -> None:
    async def main(site: Site) -> None:
        lines = {"Authorization": basic(), "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
        with pytest.raises(InvalidStatus):
            await site.websocket(additional_headers=lines, origin="https://evil.example")

    serve(main, Web(users=USERS, proxies=("192.0.2.1",)))


def test_without_access_control_all_is_open_as_it_always_was() -> None:
    async def main(site: Site) -> None:
        for origin in (None, "https://anything.example", "null"):
            for path in ("/api/last", "/", "/metrics", "/nothing"):
                assert (await site.ask(path, origin=origin)).headers["access-control-allow-origin"] == "*"
        client = await site.websocket(origin="https://anything.example")
        await client.close()

    serve(main, Web())


def test_another_configuration_counts_at_once_and_ends_streams() -> None:
    async def main(site: Site) -> None:
        assert (await site.ask("/api/last", authorization=basic())).status == 200
        client = await site.websocket(additional_headers={"Authorization": basic()})
        bob = (Login("bob", Secret(str(hash_password("correct horse", Cost(2, 1, 1))))),)
        assert site.server.change(plan(Web(users=bob, tokens=TOKENS))) == "web: changed users"
        with pytest.raises(ConnectionClosed):
            await hear(client, 1000, "never")
        assert (await site.ask("/api/last", authorization=basic())).status == 401
        assert (await site.ask("/api/last", authorization=basic("bob"))).status == 200
        client = await site.websocket(additional_headers={"Authorization": basic("bob")})
        assert site.server.change(plan(Web(users=bob, tokens=TOKENS))) == ""
        assert await hear(client, 1, "Meters")
        await client.close()
        assert site.server.change(plan(Web(origins=(FRIEND,)))) == "web: changed users, tokens, origins"
        assert (await site.ask("/api/last")).status == 200

    serve(main)


def test_closing_while_a_password_is_checked_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(site: Site) -> None:
        asked = asyncio.create_task(site.ask("/api/last", authorization=basic()))
        await asyncio.sleep(0.01)
        await site.server.close()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    serve(main)


@pytest.mark.parametrize(
    ("host", "web", "said"),
    [
        ("127.0.0.1", Web(), None),
        ("::1", LOCKED, None),
        ("0.0.0.0", Web(), "everyone who reaches the web server may read it"),
        ("192.168.0.7", Web(proxies=("127.0.0.1",)), "everyone who reaches the web server may read it"),
        ("::", LOCKED, "as plain text"),
        ("0.0.0.0", Web(tokens=TOKENS), "as plain text"),
        ("0.0.0.0", Web(users=USERS, proxies=("127.0.0.1",)), None),
        ("0.0.0.0", Web(users=USERS, cert="x"), None),  # type: ignore[arg-type]
    ],
)
def test_what_is_warned_of(host: str, web: Web, said: str | None) -> None:
    told = warning(host, web)
    assert (told is None) == (said is None)
    assert said is None or said in str(told)


def findings(answer: Answer, is_page: bool) -> list[str]:
    """What a scan of the head of an answer finds, as those of well-known scanners do."""
    if answer.headers["content-type"].startswith("text/plain"):  # of Prometheus, who keeps nothing
        answer.headers.setdefault("cache-control", "no-cache")
    head, found = answer.headers, []
    policy = head.get("content-security-policy", "")
    wanted = {
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "",
        "content-type": "",
        "cache-control": "",
        **({"referrer-policy": "no-referrer", "permissions-policy": ""} if is_page else {}),
    }
    found += [name for name, text in wanted.items() if text not in head.get(name, "\0")]
    found += [name for name in ("server", "x-powered-by", "alt-svc", "via") if name in head]
    found += [part for part in ("frame-ancestors 'self'",) if part not in policy]
    if is_page:
        parts = ("default-src 'none'", "base-uri 'none'", "form-action 'none'")
        found += [part for part in parts if part not in policy]
    found += [part for part in ("unsafe-inline", "unsafe-eval", " *", "http:") if part in policy]
    if head.get("access-control-allow-credentials") and head.get("access-control-allow-origin") == "*":
        found.append("credentials for all")
    return found


@pytest.mark.parametrize("web", [Web(), LOCKED, Web(users=USERS, origins=(FRIEND,))])
@pytest.mark.parametrize("line", [None, basic()])
def test_a_scan_of_the_heads_finds_nothing(web: Web, line: str | None) -> None:
    async def main(site: Site) -> None:
        for path in EVERYTHING:
            answer = await site.ask(path, authorization=line)
            found = findings(answer, path == "/" and answer.status == 200)
            # What is open to everyone may be shown in any frame, as users of the original do.
            assert found == ([] if web != Web() else ["frame-ancestors 'self'"]), path

    serve(main, web)
