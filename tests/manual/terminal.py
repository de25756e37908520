"""A person's shell, bash on a terminal, and further terminals for what runs until it is stopped."""

import os
import re
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, Queue

PATIENCE = 60.0
"""Seconds within which a loaded machine still does anything."""

Replies = Mapping[str, str]
"""What a person types when asked, by the pattern of the question."""


class StuckError(Exception):
    """A command neither ended nor showed what was waited for."""


class Screen:
    """A terminal and all that was written to it; questions are answered at once."""

    def __init__(self, replies: Replies | None = None) -> None:
        self.master, self.slave = os.openpty()
        termios.tcsetwinsize(self.slave, (50, 200))
        attributes = termios.tcgetattr(self.slave)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(self.slave, termios.TCSANOW, attributes)
        self.name = os.ttyname(self.slave)
        self._replies = {re.compile(rf"(?:{question})\s*\Z"): reply for question, reply in (replies or {}).items()}
        self._text = ""
        self._answered = 0
        self._news = threading.Condition()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def text(self) -> str:
        """All that it has shown."""
        with self._news:
            return self._text

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.master, text.encode())

    def wait(self, condition: Callable[[str], bool], patience: float) -> bool:
        """Whether it came to be as wanted, asked whenever something is shown and ten times a second."""
        end = time.monotonic() + patience
        with self._news:
            while not condition(self._text):
                if time.monotonic() > end:
                    return False
                self._news.wait(0.1)
        return True

    def _watch(self) -> None:
        while data := os.read(self.master, 65536):
            with self._news:
                self._text += data.decode(errors="replace").replace("\r\n", "\n")
                self._answer()
                self._news.notify_all()

    def _answer(self) -> None:
        for question, reply in self._replies.items():
            if question.search(self._text, self._answered):
                self._answered = len(self._text)
                self.type(reply + "\n")


class Job:
    """A command that runs on a screen of its own."""

    def __init__(self, pid: int, screen: Screen) -> None:
        self.pid = pid
        self.screen = screen

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except (OSError, IndexError):
            return False


class Shell:
    """Command lines are read by the same bash one after the other, each from a file that has it verbatim."""

    def __init__(self, folder: Path, environment: Mapping[str, str], replies: Replies) -> None:
        self._folder = folder
        self._screen = Screen(replies)
        self._count = 0
        self._said: Queue[int] = Queue()
        reading, self._writing = os.pipe()
        threading.Thread(target=self._listen, args=(reading,), daemon=True).start()
        subprocess.Popen(
            ["setsid", "--ctty", "bash", "--noprofile", "--norc", "--noediting", "-i"],
            stdin=self._screen.slave,
            stdout=self._screen.slave,
            stderr=self._screen.slave,
            pass_fds=[self._writing],
            env={**environment, "PS1": "", "PS2": "", "PROMPT_COMMAND": f"echo $? >&{self._writing}"},
        )
        self._next()

    def run(self, text: str, by: str = ".") -> tuple[int, str]:
        """Do a command line to its end: its exit code, and what was shown meanwhile. `by` may be another shell."""
        begin = len(self._screen.text)
        self._screen.type(f" {by} {self._file(text)}\n")
        code = self._next()
        return code, self._screen.text[begin:]

    def start(self, text: str) -> Job:
        """Begin a command line on a screen of its own."""
        screen = Screen()
        self._screen.type(f" . {self._file(text)} <{screen.name} >{screen.name} 2>&1 & echo $! >&{self._writing}\n")
        job = Job(self._next(), screen)
        self._next()
        return job

    def stop(self, job: Job) -> int:
        """Press Ctrl-C on a job's screen; its exit code."""
        os.killpg(job.pid, signal.SIGINT)
        self._screen.type(f" wait {job.pid}\n")
        return self._next()

    def _file(self, text: str) -> Path:
        self._count += 1
        file = self._folder / str(self._count)
        file.write_text(text + "\n", encoding="utf-8")
        return file

    def _next(self) -> int:
        try:
            return self._said.get(timeout=PATIENCE)
        except Empty:
            raise StuckError(f"it does not end: {self._screen.text[-2000:]}") from None

    def _listen(self, reading: int) -> None:
        with os.fdopen(reading) as lines:
            for line in lines:
                self._said.put(int(line))
