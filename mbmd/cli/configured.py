"""The configuration of a command: what its file, the environment and its flags say."""

import argparse
import logging
import os
from typing import TYPE_CHECKING, Any

from mbmd.cli import output_flags
from mbmd.config import environment
from mbmd.config.paths import device_directories, home_directory

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from mbmd.config.build import Built
    from mbmd.config.buses import Buses
    from mbmd.config.load import Loaded

log = logging.getLogger(__name__)

_FLAGS = {
    "adapter": "--adapter",
    "baudrate": "--baudrate",
    "comset": "--comset",
    "rtu": "--rtu",
    "timeout": "--timeout",
    "raw": "--raw",
    "verbose": "--verbose",
    "devices_dir": "--devices-dir",
    "devices": "--devices",
    "rate": "--rate",
    "api": "--api",
    "state": "--state",
    "plausibility": "--no-plausibility",
    **output_flags.FLAGS,
}
"""Keys of the configuration that the command line may give, and how."""


def config_file(args: argparse.Namespace) -> "Path | None":
    """The configuration file, if there is one; UsageError if the one that was named is not there."""
    from mbmd.config.files import find_file

    return find_file(args.config, os.environ, home_directory())


def load(args: argparse.Namespace, keys: "Container[str]" = _FLAGS) -> "Loaded":
    """The whole configuration, with all that is wrong with it; `keys` are those that options of the command are for."""
    from mbmd.config.load import load

    given = {
        key: (flag, _text(getattr(args, key))) for key, flag in _FLAGS.items() if key in args.given and key in keys
    }
    return load(config_file(args), os.environ, given)


def build(loaded: "Loaded") -> "Built":
    """What a run needs of it, with all that is wrong."""
    from mbmd.config.build import build

    return build(loaded, (*loaded.config.devices_dir, *device_directories(os.environ, home_directory())))


def _text(value: Any) -> str | list[str]:
    return value if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)


def fill(args: argparse.Namespace) -> None:
    """Give the options in `args.configured` that were not given the values of file and environment, if there are any.

    From then on they count as given too, and `args.loaded` is the whole configuration.
    A command that names an adapter of the file gets it as the file says, and one that names none gets the only one.
    """
    if not args.configured or (config_file(args) is None and not environment.is_given(os.environ)):
        return
    from mbmd.config.buses import buses
    from mbmd.config.given import DEFAULT, usage_error

    loaded = load(args, args.configured)
    found = buses(loaded)
    if problems := [*loaded.problems, *found.problems]:
        raise usage_error(problems)
    for warning in loaded.warnings:
        log.warning("%s", warning)
    args.loaded = loaded
    values = _values(loaded, found)
    asked = {k for k in args.configured if k in values and (k == "adapter" or loaded.origin(k) != DEFAULT)}
    for key in asked - (args.given - {"adapter"}):
        setattr(args, key, values[key])
    args.given |= asked


def _values(loaded: "Loaded", found: "Buses") -> "Mapping[str, Any]":
    """The values of bus options, as the command line would have them; of the adapter all that the file says of it."""
    from mbmd.config.values import format_duration

    config = loaded.config
    keys = ("baudrate", "comset", "rtu", "raw", "verbose")
    values = {key: getattr(config, key) for key in keys}
    values["timeout"] = format_duration(config.timeout)
    values["devices_dir"] = [str(path) for path in config.devices_dir] or None
    values["adapter"] = found.default
    return values
