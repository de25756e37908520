"""`mbmd config`: check the configuration, show what counts, help to write it."""

import argparse
import sys
from typing import TYPE_CHECKING

from mbmd.cli import configured
from mbmd.cli.run import add_run_options
from mbmd.errors import UsageError

if TYPE_CHECKING:
    from mbmd.config.build import Built
    from mbmd.config.given import Problem
    from mbmd.config.load import Loaded
    from mbmd.config.run import RunConfig

_EPILOG = """\
examples:
  mbmd config check                      # the file that mbmd run takes
  mbmd config check house.yaml           # a line for each mistake
  mbmd config show                       # what counts, and where it comes from
  mbmd config show --json -c house.yaml
  mbmd config example > mbmd.yaml        # to begin with
  mbmd config schema > mbmd.schema.json  # for editors

An editor takes the schema by a line on top of the file:
  # yaml-language-server: $schema=mbmd.schema.json
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "config",
        help="check and show the configuration",
        description="Check the configuration, show what counts of it, or print an example or a schema for editors.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="tell all that is wrong with the configuration",
        description="Check the configuration file with the environment and all options of mbmd run, device tables "
        "and sinks included; nothing is opened or sent. Each mistake is a line on standard error; exit code 2 if there "
        "are any.",
        epilog="examples:\n  mbmd config check\n  mbmd config check house.yaml",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("file", nargs="?", metavar="FILE", help="in place of -c")
    add_run_options(check)
    check.set_defaults(run=_check)
    show = actions.add_parser(
        "show",
        help="show the configuration that counts",
        description="Show every value of the configuration and where it comes from; secrets are masked. "
        "Takes all options of mbmd run.",
        epilog="examples:\n  mbmd config show\n  mbmd config show -c house.yaml --rate 5s --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    show.add_argument("--json", action="store_true", help="print JSON")
    add_run_options(show)
    show.set_defaults(run=_show)
    schema = actions.add_parser(
        "schema",
        help="print a JSON schema of the file, for editors",
        description="Print a JSON schema of the configuration file, by which editors complete and check it.",
        epilog="example:\n  mbmd config schema > mbmd.schema.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    schema.set_defaults(run=_schema)
    example = actions.add_parser(
        "example",
        help="print a commented example of the file",
        description="Print a configuration file with every key, its default and what it is for.",
        epilog="example:\n  mbmd config example > mbmd.yaml",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    example.set_defaults(run=_example)


def _check(args: argparse.Namespace) -> int:
    if args.file is not None:
        args.config = args.file
    try:
        summary = _checked(args)
    except UsageError as error:
        # Lines begin with file and line, as editors know them from compilers.
        print(error, file=sys.stderr)
        return 2
    print(summary)
    return 0


def _checked(args: argparse.Namespace) -> str:
    """What is to be said of a configuration that is fine; UsageError with all that is wrong."""
    from mbmd.config.given import usage_error

    loaded = configured.load(args)
    built = configured.build(loaded)
    for warning in built.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if found := problems(loaded, built):
        raise usage_error(found)
    return f"{loaded.file or 'without a file'}: fine: {_summary(built.config)}"


def problems(loaded: "Loaded", built: "Built") -> list["Problem"]:
    """All that is wrong with a configuration, with its device types and sinks too."""
    return [*built.problems, *_device_problems(loaded, built), *_sink_problems(loaded, built)]


def _device_problems(loaded: "Loaded", built: "Built") -> list["Problem"]:
    """What the types of the devices refuse."""
    from mbmd.devices.registry import Registry
    from mbmd.prepare import Problem, check

    results = check(built.config, Registry(built.config.device_dirs))
    return [
        loaded.problem(path, result.text if path != "devices" else str(result))
        for path, result in zip(built.paths, results, strict=True)
        if isinstance(result, Problem)
    ]


def _sink_problems(loaded: "Loaded", built: "Built") -> list["Problem"]:
    """Sinks that cannot work, such as unknown ones, and certificates that cannot be read; none is opened."""
    from mbmd.running import sinks

    return [loaded.told(path, text) for path, text in sinks.check(built.config)]


def _summary(config: "RunConfig") -> str:
    adapters = {device.spec.adapter for device in config.devices}
    return f"{_count(len(config.devices), 'device')} on {_count(len(adapters), 'adapter')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _show(args: argparse.Namespace) -> int:
    from mbmd.cli.output import print_json, print_table
    from mbmd.config.given import usage_error
    from mbmd.config.show import rows

    loaded = configured.load(args)
    if loaded.problems:
        raise usage_error(loaded.problems)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    found = list(rows(loaded))
    if args.json:
        print_json({row.key: {"value": row.value, "from": row.origin} for row in found})
    else:
        print_table(("key", "value", "from"), found)
    return 0


def _schema(_args: argparse.Namespace) -> int:
    from mbmd.cli.output import print_json
    from mbmd.config.schema import schema

    print_json(schema())
    return 0


def _example(_args: argparse.Namespace) -> int:
    from mbmd.config.example import example

    print(example(), end="")
    return 0
