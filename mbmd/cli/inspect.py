"""`mbmd inspect`: all models and points of a SunSpec device."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mbmd.cli.explain import explain
from mbmd.cli.options import add_bus_options, default_adapter, device_registry, set_up_logging, timeout_seconds
from mbmd.errors import AnswerTimeout, MbmdError, ModbusException, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mbmd.bus.client import Client
    from mbmd.cli.inspect_report import Inspection
    from mbmd.config.adapter import Adapter
    from mbmd.config.devices import DeviceSpec
    from mbmd.config.load import Loaded
    from mbmd.devices.schema import DeviceType
    from mbmd.devices.settings import Settings
    from mbmd.scan.ask import Outcome
    from mbmd.scan.inspect import Witness
    from mbmd.sunspec.chain import Chain, Placement

_EPILOG = """\
SPEC is TYPE:UNIT[.SUBDEVICE][?OPTIONS][@ADAPTER], or the name or id of a device of the configuration file. TYPE is
sunspec, or one of the other names of SunSpec devices. With a SUBDEVICE its models alone are shown, without one all of
the unit.

A value is n/a where the device does not have it, or not the scale factor that it needs; it is unread where the device
refuses it. Notes, which begin with !, say what is wrong with the device. Raw is the number before its scale factor.

With --json the document has

  unit, adapter, base, end, exception, complete, requests
              whom it is of, where the marker is, why there are no more models (with the code of an exception, else
              null), whether that is as it should be, and how many requests it took
  notes       what is wrong with the chain of models
  devices     each with device (the subdevice), spec, manufacturer, model, options, version, serial (as model 1 has
              them), and models
  models      each with id, name, label, address (of its header), length (registers behind that), known (whether it is
              defined), notes, points, other (registers that belong to no point: address and registers), and unread
              (how many registers are)
  points      each with name, path (with the groups that it is in), groups (name and number of each, the outermost
              first), label, type, address, size, registers, raw, scale (the power of ten), value (null if state is
              not ok), unit, names (of an enumeration, or of the bits that are set), state (ok, n/a or unread), note

exit codes: 0 models were found; 1 none were, or the bus failed; 2 usage; 130 interrupted

examples:
  mbmd inspect -a 192.168.0.7:502 -d sunspec:126
  mbmd inspect -d sma:126.1@192.168.0.7:502 --model 203
  mbmd inspect -a /dev/ttyUSB0 -d 'sunspec:1?bases=1000' --model 1,103 --model 160
  mbmd inspect -a 192.168.0.7:502 -d fronius:1 --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "inspect",
        help="show all models and points of a SunSpec device",
        description="Show all models and points of a SunSpec device, and what is wrong with it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_bus_options(parser)
    parser.add_argument("-d", "--device", metavar="SPEC", help="the device, as sunspec:126")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="MODELS",
        help="show these models alone, as 103 or 1,103; may be repeated; default: all",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, and print what was said and what is wrong."""
    job = parse_job(args)
    set_up_logging(args.verbose)
    import asyncio

    from mbmd.cli.inspect_report import print_document, print_report

    with _progress(f"asking {job}", is_shown=not (args.raw or args.verbose)) as tell:
        inspection = asyncio.run(_inspect(job, tell))
    (print_document if args.json else print_report)(inspection)
    return 0


class Job(NamedTuple):
    """What to inspect: of a unit one logical device, None for all; and models, empty for all.

    `mocked` are the devices that stand on the adapter `mock`.
    """

    spec: DeviceSpec
    settings: Settings
    device: int | None
    models: tuple[int, ...]
    raw: bool
    mocked: tuple[tuple[DeviceType, int], ...]

    def __str__(self) -> str:
        return f"unit {self.spec.unit} on {self.spec.adapter.address}"


def parse_job(args: argparse.Namespace) -> Job:
    """What to inspect. UsageError for what cannot be."""
    from mbmd.config.adapter import Medium
    from mbmd.config.options import DeviceOptions
    from mbmd.devices.settings import resolve
    from mbmd.sunspec.device_type import device_type

    models = tuple(_model(part.strip()) for text in args.model for part in text.split(","))
    spec, has_subdevice = _spec(args)
    _check_type(args, spec.type)
    kind, timeout = device_type(spec.type), DeviceOptions(timeout=timeout_seconds(args))
    settings = resolve(kind, spec.options, spec.adapter.options, timeout)
    mocked = ((kind, spec.unit),) if spec.adapter.medium is Medium.MOCK else ()
    return Job(spec, settings, spec.subdevice if has_subdevice else None, models, args.raw, mocked)


def _model(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 0xFFFF:
        raise UsageError(f"--model {text!r} is not the number of a model: write it as 103, or several as 1,103")
    return int(text)


def _spec(args: argparse.Namespace) -> tuple[DeviceSpec, bool]:
    """The device of `-d`, and whether it names one subdevice alone."""
    from mbmd.config.adapter import parse_adapter
    from mbmd.config.buses import buses
    from mbmd.config.devices import parse_specs

    if not args.device:
        raise UsageError("no device: name it with -d, as in: mbmd inspect -a 192.168.0.7:502 -d sunspec:126")
    text: str = args.device
    loaded = getattr(args, "loaded", None)
    if loaded is not None and (known := _configured(loaded, text)) is not None:
        return known, bool(known.subdevice)
    if loaded is not None and ":" not in text:
        has = ", ".join(_inspectable(loaded)) or "no SunSpec devices"
        raise UsageError(f"no device of the configuration is called {text!r}: it has {has}")

    def find(adapter: str) -> Adapter:
        return buses(loaded).find(adapter) if loaded else parse_adapter(adapter, args.baudrate, args.comset)

    specs = parse_specs([text], find, default_adapter(args))
    if len(specs) != 1:
        raise UsageError(f"-d {text!r}: name one device, as in -d sunspec:126")
    return specs[0], re.match(r"[^:@?]+:\d+\.", text) is not None


def _configured(loaded: Loaded, name: str) -> DeviceSpec | None:
    """The device of the configuration that has this name or id, in any case."""
    from mbmd.cli.configured import build

    for device in build(loaded).config.devices:
        if name.casefold() in (device.id.casefold(), device.name.casefold()):
            return device.spec
    return None


def _inspectable(loaded: Loaded) -> list[str]:
    """The SunSpec devices of the configuration, by their names, or their ids where they have none."""
    from mbmd.cli.configured import build
    from mbmd.sunspec.device_type import is_sunspec

    return [device.name or device.id for device in build(loaded).config.devices if is_sunspec(device.spec.type)]


def _check_type(args: argparse.Namespace, name: str) -> None:
    """Raise UsageError for a type that is not one of SunSpec devices."""
    from mbmd.config.values import did_you_mean
    from mbmd.devices.registry import SUNSPEC
    from mbmd.sunspec.device_type import is_sunspec

    if is_sunspec(name):
        return
    if name.upper() not in device_registry(args).names():
        known = [known.lower() for known in SUNSPEC]
        raise UsageError(f"type {name!r} is none of SunSpec devices{did_you_mean(name.lower(), known)}")
    kind = name.lower()
    raise UsageError(
        f"{kind} is no SunSpec device, which is what inspect is for: `mbmd devices try {kind}` asks it for all that it "
        f"has, `mbmd devices show {kind}` lists its registers, and `mbmd read` reads any"
    )


async def _inspect(job: Job, tell: Callable[[str], None]) -> Inspection:
    from mbmd.cli.inspect_report import Inspection
    from mbmd.scan.inspect import Witness, take_all
    from mbmd.session import session

    async with session(_adapter(job), job.settings.timeout, job.raw, job.mocked) as bus:
        asker = Witness(bus, job.settings.timeout)
        chain = await _chain(job, asker, bus.client)
        wanted, missing = _wanted(job, chain)

        def tell_model(model: Placement) -> None:
            tell(f"asking {job}: model {model.id}, {wanted.index(model) + 1} of {len(wanted)}")

        taken = await take_all(asker, job.spec.unit, wanted, job.settings.max_registers, tell_model)
        return Inspection(job.spec, chain, taken, missing, asker.requests)


def _adapter(job: Job) -> Adapter:
    """The adapter, with the rest that this device needs before each request."""
    adapter = job.spec.adapter
    return replace(adapter, options=replace(adapter.options, pause=job.settings.pause))


async def _chain(job: Job, asker: Witness, client: Client) -> Chain:
    """The models of the unit. MbmdError says why there are none, and what to do."""
    from mbmd.scan.chain import find_chain
    from mbmd.sunspec.common import BASES

    bases = job.settings.bases or BASES
    chain = await find_chain(asker, job.spec.unit, bases)
    if chain is None:
        markers = {read.address: outcome for read, outcome in asker.outcomes.items() if read.address in bases}
        raise MbmdError(f"{job}: {_no_marker(job, markers, client.heard)}")
    if not chain.models:
        from mbmd.sunspec.faults import chain_faults

        faults = "; ".join(chain_faults(chain))
        raise MbmdError(f"{job}: the SunSpec marker is at {chain.base}, but no model behind it: {faults}")
    return chain


def _no_marker(job: Job, markers: Mapping[int, Outcome], heard: bool) -> str:
    """Why there is no chain, and what to do."""
    from mbmd.scan.ask import Missing

    scan = f"mbmd scan -a {shlex.quote(str(job.spec.adapter))}"
    outcomes = set(markers.values())
    if outcomes == {Missing.ABSENT}:
        return f"{explain(ModbusException(11), job.spec.adapter)}; `{scan}` finds who answers"
    if all(isinstance(outcome, Missing) for outcome in outcomes):
        return f"{explain(AnswerTimeout('no answer'), job.spec.adapter, heard)}; `{scan}` finds who answers"
    said = defaultdict(list)
    for base, outcome in markers.items():
        said[_said(outcome)].append(str(base))
    places = ", ".join(f"{' and '.join(bases)} ({what})" for what, bases in said.items())
    return (
        f"it answers, but has no SunSpec marker at {places}: see whether its Modbus is set to SunSpec, whether this "
        f"is its unit id (`{scan}` finds others), and its manual for another address, which goes behind the unit: "
        "?bases=1000"
    )


def _said(outcome: Outcome) -> str:
    """What came in place of the marker."""
    from mbmd.scan.inspect import SILENCE

    if isinstance(outcome, bytes):
        return f"registers {outcome.hex(' ', 2)}"
    return str(ModbusException(outcome)) if isinstance(outcome, int) else SILENCE[outcome]


def _wanted(job: Job, chain: Chain) -> tuple[list[Placement], list[int]]:
    """The models that are to be shown, and which of those that were named are not there. MbmdError where none is."""
    if job.device is not None and not chain.of(job.device):
        raise _missing(job, chain, f"subdevice {job.device}", range(len(chain.commons)))
    there = [model for model in chain.models if job.device in (None, model.device)]
    known = dict.fromkeys(model.id for model in there)
    missing = [model for model in job.models if model not in known]
    wanted = [model for model in there if not job.models or model.id in job.models]
    if not wanted:
        raise _missing(job, chain, f"model {' or '.join(map(str, missing))}", known)
    return wanted, missing


def _missing(job: Job, chain: Chain, what: str, there: Iterable[int]) -> MbmdError:
    """The error for what is not there, with what is, and with what is wrong where that may be why."""
    from mbmd.sunspec.faults import chain_faults

    faults = "" if chain.is_whole else "".join(f"; {fault}" for fault in chain_faults(chain))
    return MbmdError(f"{job}: there is no {what}: it has {', '.join(map(str, there))}{faults}")


@contextmanager
def _progress(text: str, is_shown: bool) -> Iterator[Callable[[str], None]]:
    """Within, a terminal shows what is asked; it takes the texts of what comes next."""
    if not (is_shown and sys.stderr.isatty()):
        yield lambda _: None
        return
    from mbmd.cli.output import console

    with console(stderr=True).status(text) as status:
        yield status.update
