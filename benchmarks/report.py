"""A run of the benchmarks as a table for people, or for a README."""

from collections.abc import Iterator

from benchmarks.figure import Figure
from benchmarks.machine import Machine
from benchmarks.numbers import readable
from benchmarks.panels import main_figures
from benchmarks.results import Results
from benchmarks.suite import reason
from mbmd.cli.output import Styled, bad, bold, faint, good, print_line, print_table

HEADER = ("benchmark", "figure", "median", "spread", "unit", "aim", "reached")
NUMBERS = ("median", "spread", "aim")


def print_report(results: Results) -> None:
    """Print the figures, what they were measured on, what was left out, and what failed."""
    print_line(bold(measured_on(results)))
    print_line()
    print_table(HEADER, [_row(name, figure) for name, figure in results.figures()], NUMBERS)
    if rest := list(_rest(results)):
        print_line()
        for line in rest:
            print_line(line)


def markdown(results: Results) -> str:
    """The figures that matter most as a table for a README, and what they were measured on below."""
    rows = [_row(name, figure)[:-1] for name, figure in main_figures(results)]
    return f"{markdown_table(HEADER[:-1], rows, NUMBERS)}\n{measured_on(results)}\n"


def markdown_table(header: tuple[str, ...], rows: list[tuple[str, ...]], numbers: tuple[str, ...]) -> str:
    """A table in Markdown; the columns `numbers` are aligned to the right."""
    lines = ["---:" if name in numbers else "---" for name in header]
    cells = (header, lines, *([cell.replace("|", "\\|") for cell in row] for row in rows))
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def measured_on(results: Results) -> str:
    """The machine, the versions that matter most, the commit and the day, in a line."""
    machine, versions, effort = results.machine, results.versions, results.effort
    parts = [
        *described(machine),
        versions.get("python", "an unknown Python"),
        f"mbmd {versions.get('mbmd', 'unknown')}{f' at {results.commit}' if results.commit else ''}",
        f"{effort.repeat} times {effort.seconds:g} s{', quick' if effort.quick else ''}",
        f"{results.date:%Y-%m-%d}",
    ]
    return ", ".join(parts)


def described(machine: Machine) -> tuple[str, ...]:
    """What a reader wants to know of a machine."""
    cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
    return machine.model, cores, machine.architecture, f"{machine.memory_mib / 1024:.1f} GiB", machine.kernel


def _row(name: str, figure: Figure) -> tuple[str, ...]:
    reached = {None: "", True: good("yes"), False: bad("no")}[figure.reached]
    spread = readable(figure.spread) if len(figure.values) > 1 else ""
    return name, figure.name, readable(figure.median), spread, figure.unit, _aim(figure), reached


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    sign = {"higher": "≥ ", "lower": "≤ ", None: ""}[figure.better]
    return f"{sign}{figure.aim:,.10g}"


def _rest(results: Results) -> Iterator[Styled]:
    for name, measured in results.benchmarks.items():
        for what, why in measured.left_out.items():
            yield faint(f"{name}: left out: {what}: {why}")
    for name, measured in results.benchmarks.items():
        if measured.failed is not None:
            yield bad(f"{name}: failed: {reason(measured.failed)}")
