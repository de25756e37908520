"""What is told of a process."""

import os
import subprocess
import sys
import threading
import time

import pytest

from benchmarks.play.process import cpu_seconds, resident_bytes


def spin(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_the_time_of_threads_that_have_ended_counts() -> None:
    before = cpu_seconds(os.getpid())
    thread = threading.Thread(target=spin, args=(0.03,))
    thread.start()
    thread.join()
    assert cpu_seconds(os.getpid()) - before >= 0.03


def test_what_is_told_of_a_process_is_its_own_account() -> None:
    before = time.process_time()
    told = cpu_seconds(os.getpid())
    assert before <= told <= time.process_time()


def test_another_process_is_told_of_until_it_is_gone() -> None:
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert cpu_seconds(child.pid) > 0
        assert resident_bytes(child.pid) > 1 << 20
    with pytest.raises(ProcessLookupError):
        cpu_seconds(child.pid)
