"""What prometheus-client tells of the process, and which mbmd it is."""

import platform

from prometheus_client import CollectorRegistry, Info, ProcessCollector
from prometheus_client.exposition import generate_latest

from mbmd import __version__


class Process:
    """Metrics of this process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        info = Info("mbmd_build", "Which mbmd this is.", registry=self._registry)
        info.info({"version": __version__, "python": platform.python_version()})

    def text(self) -> bytes:
        """All of them in the text format."""
        return generate_latest(self._registry)
