"""Answers: unchanged, compressed, or as they are, whatever a client says."""

import asyncio
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.web.answers import LONG, WORTH_ZIPPING, Content, Kind, is_among, takes_gzip
from tests.web_devices import large
from tests.web_site import Site, run

LINES = st.one_of(st.text(max_size=60), st.text("gzip*;,=q0.1 WW/\"'\x00\udcff\t", max_size=40))
CODINGS = st.sampled_from(["gzip", "br", "deflate", "identity", "*"])
WEIGHTS = st.sampled_from(["", ";q=1", "; q=0.5", ";q=0", "; q=0.000", ";Q=0.0", ";q=1.0", ";q=0.001"])
TAGS = st.text("xyz, /\\", max_size=5)


@given(LINES)
def test_no_accept_encoding_brings_an_error(line: str) -> None:
    assert takes_gzip(line) in (True, False)


@given(LINES, st.binary(max_size=8))
def test_no_if_none_match_brings_an_error(line: str, body: bytes) -> None:
    assert is_among(Content(body).etag, line) in (True, False)


@given(st.lists(st.tuples(CODINGS, WEIGHTS), max_size=4, unique_by=lambda one: one[0]))
def test_gzip_is_taken_as_the_client_says(parts: list[tuple[str, str]]) -> None:
    wanted = {coding: weight.lower().replace(" ", "") not in (";q=0", ";q=0.0", ";q=0.000") for coding, weight in parts}
    line = ", ".join(coding + weight for coding, weight in parts)
    assert takes_gzip(line) == wanted.get("gzip", wanted.get("*", False))


@given(st.lists(TAGS, max_size=3), st.binary(max_size=8))
def test_a_tag_is_found_among_others(others: list[str], body: bytes) -> None:
    etag = Content(body).etag
    known = [f'"{other}"' for other in others]
    assert not is_among(etag, ", ".join(known))
    assert is_among(etag, ", ".join([*known, etag]))
    assert is_among(etag, " ,".join([etag.removeprefix("W/"), *known]))
    assert is_among(etag, " * ")


def test_tags_tell_bodies_apart() -> None:
    assert Content(b"one").etag == Content(b"one").etag != Content(b"two").etag
    assert Content(b"one").etag.startswith('W/"')


@pytest.mark.parametrize("size", [WORTH_ZIPPING, LONG])
def test_a_body_is_compressed_once(size: int) -> None:
    async def main() -> None:
        content = Content(b"x" * size)
        first = await content.zipped()
        assert gzip.decompress(first) == content.body
        assert await content.zipped() is first

    asyncio.run(main())


def test_only_long_texts_are_worth_compressing() -> None:
    assert Content(b"x" * WORTH_ZIPPING).is_worth_zipping
    assert not Content(b"x" * (WORTH_ZIPPING - 1)).is_worth_zipping
    assert not Content(b"x" * WORTH_ZIPPING, Kind("image/png", is_text=False)).is_worth_zipping


@pytest.mark.parametrize("path", ["/api/last/SDM1.1", "/api/last?fields=Power", "/api/devices", "/api/docs", "/"])
def test_what_is_unchanged_is_not_sent_again(path: str) -> None:
    async def main(site: Site) -> None:
        whole = await site.ask(path)
        again = await site.ask(path, if_none_match=f'"other", {whole.headers["etag"]}')
        assert (whole.status, again.status, again.body) == (200, 304, b"")
        for line in ("etag", "cache-control", "access-control-allow-origin"):
            assert again.headers[line] == whole.headers[line]
        assert not {"content-type", "content-encoding"} & set(again.headers)
        assert (await site.ask(path, if_none_match='"other"')).body == whole.body

    run(asyncio.new_event_loop, main)


def test_a_new_reading_is_another_answer() -> None:
    async def main(site: Site) -> None:
        tags = [(await site.ask(path)).headers["etag"] for path in ("/api/last", "/api/last/SDM1.1")]
        site.publish(0, 9, 9)
        for path, tag in zip(("/api/last", "/api/last/SDM1.1"), tags, strict=True):
            assert (await site.ask(path, if_none_match=tag)).status == 200

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("count", [5, 40])
def test_long_answers_are_compressed_for_who_takes_that(count: int) -> None:
    async def main(site: Site) -> None:
        site.hub.replace(large(count).devices.values(), ())
        plain = await site.ask("/api/last")
        zipped = await site.ask("/api/last", accept_encoding="br, gzip;q=0.5")
        assert "content-encoding" not in plain.headers
        assert zipped.headers["content-encoding"] == "gzip"
        assert gzip.decompress(zipped.body) == plain.body
        assert zipped.headers["etag"] == plain.headers["etag"]
        assert plain.headers["vary"] == zipped.headers["vary"] == "accept-encoding"
        head = await site.ask("/api/last", "HEAD", accept_encoding="gzip")
        assert (head.headers["content-length"], head.body) == (str(len(zipped.body)), b"")
        refused = await site.ask("/api/last", accept_encoding="gzip;q=0")
        assert refused.body == plain.body

    run(asyncio.new_event_loop, main)
