"""The silence between frames, by the real clock: only lower bounds are exact."""

import asyncio
from pathlib import Path
from time import monotonic

from mbmd.bus.silence import Silence


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_quiet_line_is_free_at_once() -> None:
    async def run() -> bool:
        silence = Silence(5.0, 100.0)
        try:
            return await asyncio.wait_for(silence.wait(), 4)
        finally:
            silence.close()

    assert asyncio.run(run())


def test_it_waits_for_the_frame_and_the_interval() -> None:
    async def run() -> float:
        silence = Silence(0.02, 10)
        start = monotonic()
        silence.sending(0.03)
        assert await silence.wait()
        silence.close()
        return monotonic() - start

    assert asyncio.run(run()) >= 0.05


def test_what_is_heard_while_a_frame_goes_out_does_not_end_its_time() -> None:
    async def run() -> float:
        silence = Silence(0.001, 10)
        start = monotonic()
        silence.sending(0.03)
        silence.heard()
        assert await silence.wait()
        silence.close()
        return monotonic() - start

    assert asyncio.run(run()) >= 0.03


def test_a_longer_rest_may_be_asked_for() -> None:
    async def run() -> float:
        silence = Silence(0.001, 10)
        silence.heard()
        start = monotonic()
        assert await silence.wait(0.04)
        silence.close()
        return monotonic() - start

    assert asyncio.run(run()) >= 0.039


def test_characters_that_come_meanwhile_prolong_it() -> None:
    async def run() -> float:
        silence = Silence(0.02, 10)
        last = 0.0

        async def talk() -> None:
            nonlocal last
            for _ in range(5):
                silence.heard()
                last = monotonic()
                await asyncio.sleep(0.01)

        talking = asyncio.create_task(talk())
        await asyncio.sleep(0)
        assert await silence.wait()
        rest = monotonic() - last
        talking.cancel()
        silence.close()
        return rest

    assert asyncio.run(run()) >= 0.02


def test_a_line_that_is_never_silent_is_given_up() -> None:
    async def run() -> bool:
        silence = Silence(1.0, 0.05)
        silence.heard()

        async def babble() -> None:
            while True:
                silence.heard()
                await asyncio.sleep(0.001)

        babbling = asyncio.create_task(babble())
        try:
            return await asyncio.wait_for(silence.wait(), 30)
        finally:
            babbling.cancel()
            silence.close()

    assert asyncio.run(run()) is False


def test_cancelled_it_can_be_used_again_and_closed() -> None:
    async def run() -> bool:
        silence = Silence(0.01, 10)
        silence.heard()
        waiting = asyncio.create_task(silence.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        silence.heard()
        free = await silence.wait()
        silence.close()
        return free

    assert asyncio.run(run())


def test_closing_gives_the_descriptor_back() -> None:
    async def run() -> tuple[int, int]:
        before = open_descriptors()
        for _ in range(20):
            Silence(0.01, 1).close()
        return before, open_descriptors()

    before, after = asyncio.run(run())
    assert after == before
