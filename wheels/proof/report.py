"""What was tried, how it went and how long it took."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from mbmd.errors import MbmdError


@dataclass(frozen=True)
class Step:
    """A step of the proof of a subject: a wheel, or a platform's Python."""

    subject: str
    name: str
    seconds: float
    failed: bool = False


@dataclass
class Report:
    """Steps as they are done, each printed; and figures of subjects, as texts by name."""

    steps: list[Step] = field(default_factory=list)
    figures: dict[str, dict[str, str]] = field(default_factory=dict)
    _printing: Lock = field(default_factory=Lock)

    def do(self, subject: str, name: str, function: Callable[[], str]) -> bool:
        """Take a step, which returns what there is to say of it; whether it went well: MbmdError says that not."""
        begin = monotonic()
        try:
            said = function()
        except MbmdError as error:
            self._add(Step(subject, name, monotonic() - begin, failed=True), str(error))
            return False
        self._add(Step(subject, name, monotonic() - begin), said)
        return True

    def note(self, subject: str, name: str, figure: str) -> None:
        """Keep a figure for the table."""
        self.figures.setdefault(name, {})[subject] = figure

    @property
    def failures(self) -> list[Step]:
        """Steps that failed."""
        return [step for step in self.steps if step.failed]

    def _add(self, step: Step, said: str) -> None:
        verdict = "FAILED" if step.failed else "ok    "
        with self._printing:
            self.steps.append(step)
            print(f"{verdict} {step.seconds:6.1f} s  {step.subject}: {step.name}{': ' * bool(said)}{said}", flush=True)


def summary(report: Report, subjects: list[str]) -> str:
    """The table of the subjects, and the verdict."""
    failed = [f"{step.subject}: {step.name}" for step in report.failures]
    verdict = f"{len(failed)} of {len(report.steps)} steps failed: {', '.join(failed)}" if failed else "all is well"
    return f"\n{table(report, subjects)}\n\n{verdict}" if subjects else verdict


def table(report: Report, subjects: list[str]) -> str:
    """Seconds of each step and the figures, a column for each subject, in Markdown."""
    names = dict.fromkeys(step.name for step in report.steps if step.subject in subjects)
    took = {(step.name, step.subject): "failed" if step.failed else f"{step.seconds:.1f}" for step in report.steps}
    rows = [(f"{name}, s", [took.get((name, subject), "") for subject in subjects]) for name in names]
    rows += [(name, [of.get(subject, "") for subject in subjects]) for name, of in report.figures.items()]
    lines = [("", subjects), ("---", ["---:"] * len(subjects)), *rows]
    width = max(len(name) for name, _ in lines)
    widths = [max(len(cells[at]) for _, cells in lines) for at in range(len(subjects))]
    return "\n".join(_line(name, cells, width, widths) for name, cells in lines)


def _line(name: str, cells: list[str], width: int, widths: list[int]) -> str:
    texts = (f"{cell:>{wide}}" for cell, wide in zip(cells, widths, strict=True))
    return f"| {name:<{width}} | {' | '.join(texts)} |"
