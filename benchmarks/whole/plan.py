"""What is measured on which sites."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.play import broker, meters
from benchmarks.play.files import allow_many_files, too_few_files
from benchmarks.whole import clients, delivery, requests, stages
from benchmarks.whole.site import World


class Plan(NamedTuple):
    """How large it is: meters of each site, seconds between polls, clients that listen, connections that ask."""

    sites: tuple[int, ...] = (64, 1000)
    rate: float = 1.0
    listeners: int = 200
    connections: int = 8

    def forms(self, devices: int) -> Mapping[str, str]:
        """What clients of a site listen to: single readings of many devices are more than a machine can send."""
        small = devices * self.listeners <= MOST
        return {form: path for form, path in clients.FORMS.items() if small or form == "batch"}


MOST = 20_000
"""Devices times clients of single readings: a million messages a second."""
FEWER = 3
"""Repeats of the larger sites at most: they take longer to start, and have more to count."""
QUICK = Plan((64,))


def run(effort: Effort) -> Iterator[Figure]:
    """All of it."""
    if not effort.quick:
        return measure(effort, Plan())
    return measure(replace(effort, seconds=min(effort.seconds, 1.0), repeat=1), QUICK)


def measure(effort: Effort, plan: Plan) -> Iterator[Figure]:
    """All of a plan."""
    allow_many_files()
    if broker.program() is None:
        effort.left_out["MQTT"] = broker.MISSING
    for number, devices in enumerate(plan.sites):
        if reason := too_few_files(2 * devices + plan.listeners + 100):
            effort.left_out[f"{devices} devices"] = reason
            continue
        if number:
            effort = replace(effort, repeat=min(effort.repeat, FEWER))
        yield from _at(devices, effort, plan)


def _at(devices: int, effort: Effort, plan: Plan) -> Iterator[Figure]:
    with ExitStack() as stack:
        there = stack.enter_context(meters.playing(devices))
        mosquitto = stack.enter_context(broker.running()) if broker.program() else None
        world = World(there, mosquitto, plan.rate, effort)
        with world.site() as site:
            site.wake()
            yield from stages.alone(site)
            yield from delivery.web(site)
            yield from clients.many(site, plan.listeners, plan.forms(devices))
            yield from requests.load(site, plan.connections)
        yield from stages.everything(world)
        if mosquitto is not None:
            yield from delivery.mqtt(world, mosquitto)
            yield from stages.flat_out(world, mosquitto)
