"""libmodbus in a small program in C, which is built where it is measured."""

import shutil
import subprocess
import tempfile
from ctypes.util import find_library
from pathlib import Path

from benchmarks.rivals.job import Job

SOURCE = Path(__file__).with_suffix(".c")


def missing() -> str:
    """What is missing here, and how to get it; empty if nothing is."""
    if find_library("modbus") is None:
        return "libmodbus is not installed: apt install libmodbus5"
    if shutil.which("cc") is None:
        return "there is no C compiler: apt install gcc libc6-dev"
    with tempfile.TemporaryDirectory(prefix="mbmd-bench-") as folder:
        try:
            build(Path(folder))
        except subprocess.CalledProcessError as error:
            return f"its program cannot be built: {(error.stderr.splitlines() or ['?'])[-1]}"
    return ""


def build(folder: Path) -> Path:
    """The program, built in a folder. Raises CalledProcessError when it cannot be."""
    program = folder / "libmodbus"
    command = ["cc", "-O2", "-o", str(program), str(SOURCE), "-pthread", f"-l:{find_library('modbus')}"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return program


def numbers(job: Job, threads: int) -> str:
    """The job as the program takes it."""
    given: list[int] = [threads, len(job.ports), *job.ports, len(job.reads)]
    for read in job.reads:
        given += [read.address, read.count, len(read.places), *read.places]
    return " ".join(map(str, given))
