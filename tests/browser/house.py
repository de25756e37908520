"""A house with meters, most of which answer, and the daemon that polls them: commands as users run them."""

import json
import signal
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request

from tests.integration.command import Running, running, until
from tests.integration.meters import fetch, free_port

ODD_NAME = """Wärme & <img src=x onerror=alert(1)> "1" 'a'?b=%25"""
ODD, THREE, INVERTER, CUT, DEAD = "SDM1.1", "JANITZA1.26", "SMA1.126", "SDM2.2", "ABB1.9"
"""The devices: the one of the name, two more, one whose line can be cut, and one that is not there."""
HERE = (ODD, THREE, INVERTER, CUT)
NOON = ("--day", "24h", "--time", "12:00")
"""The sun shines as long as the tests take."""
_OWN: dict[str, dict[str, Any]] = {
    ODD: {"type": "sdm", "id": 1, "name": ODD_NAME, "place": "<i>cellar</i>"},
    THREE: {"type": "janitza", "id": 26},
    INVERTER: {"type": "sma", "id": 126, "name": "Roof"},
    CUT: {"type": "sdm", "id": 2, "name": "Garage"},
    DEAD: {"type": "abb", "id": 9, "name": "Attic"},
}


class House:
    """The daemon of a house at `url`; it can be stopped and started again."""

    def __init__(self, folder: Path, config: dict[str, Any], login: tuple[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.there = ("127.0.0.1", self.port)
        self._folder = folder
        self._config = {"api": f"127.0.0.1:{self.port}", "rate": "100ms", "state": "", **config}
        self._login = login
        self._stack = ExitStack()
        self._starts = 0

    def start(self, online: int) -> None:
        """Returns when so many devices are online."""
        self._starts += 1
        folder = self._folder / f"daemon{self._starts}"
        folder.mkdir(parents=True)
        file = folder / "house.json"
        file.write_text(json.dumps(self._config), encoding="utf-8")
        self.daemon = self._stack.enter_context(running(folder, "run", "-c", str(file)))
        until(lambda: self._has(online) or None, self.daemon)

    def _has(self, online: int) -> bool:
        try:
            meters = self.ask("api/status")["Meters"]
        except (URLError, ConnectionError):
            return False
        return [meter["Online"] for meter in meters].count(True) == online

    def ask(self, path: str) -> Any:
        """The JSON at a path."""
        request = Request(self.url + path)  # noqa: S310
        if self._login:
            request.add_header("Authorization", f"Basic {b64encode(':'.join(self._login).encode()).decode()}")
        return fetch(request)

    def stop(self) -> None:
        """It ends without a complaint."""
        code, _ = self.daemon.stop(signal.SIGTERM)
        assert code == 0, self.daemon.log
        assert "Traceback" not in self.daemon.log, self.daemon.log

    def close(self) -> None:
        """Leave nothing running."""
        self._stack.close()


@contextmanager
def simulated(folder: Path, adapters: list[str], devices: str, *more: str) -> Iterator[Running]:
    """Meters that answer."""
    given = [word for adapter in adapters for word in ("-a", adapter)]
    with running(folder, "simulate", *given, "-d", devices, *more) as simulator:
        simulator.until_output(adapters[-1].rpartition("/")[2])
        yield simulator


@contextmanager
def house(folder: Path, adapter: str, cut: str, **more: Any) -> Iterator[House]:
    """The house: `adapter` is where its meters are, `cut` that of the one whose line can be cut."""
    adapters = dict.fromkeys(_OWN, adapter) | {CUT: cut}
    devices = [{**own, "adapter": adapters[device]} for device, own in _OWN.items()]
    named = [{"device": adapter, "id": 1}, {"device": cut, "id": 2}]
    made = House(folder, {"adapters": named, "devices": devices, **more})
    try:
        made.start(len(HERE))
        yield made
        made.stop()
    finally:
        made.close()
