"""A daemon whose configuration is a file with arguments of `mbmd run`; as a module, with the file as its argument."""

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from mbmd import cli, daemon
from mbmd.cli.options import set_up_logging
from mbmd.cli.run import make_config
from mbmd.config.run import RunConfig
from mbmd.errors import UsageError


def load(file: Path) -> RunConfig:
    """The configuration that a file is; a line `name ID NAME` gives a device a name."""
    lines = file.read_text(encoding="utf-8").splitlines()
    names = dict(line.split(maxsplit=2)[1:] for line in lines if line.startswith("name "))
    words = [word for line in lines if not line.startswith("name ") for word in shlex.split(line)]
    args = _parsed(words)
    config = make_config(args)
    devices = tuple(replace(device, name=names.get(device.id, "")) for device in config.devices)
    return replace(config, devices=devices, file=file)


def _parsed(words: list[str]) -> argparse.Namespace:
    try:
        return cli.make_parser().parse_args(["run", *words])
    except SystemExit:
        raise UsageError(f"not what mbmd run takes: {shlex.join(words)}") from None


def main() -> int:
    """Run until stopped."""
    file = Path(sys.argv[1])
    set_up_logging(verbose=False)
    daemon.run(load(file), lambda: load(file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
