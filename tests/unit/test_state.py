"""The file of what was learned: shared, and never trusted."""

import errno
import fcntl
import json
import logging
import os
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mbmd.state import DEEPEST, LARGEST, StateFile

KEY = "/dev/ttyUSB0:1:SDM"
DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"{}",
    b'{"version": 1}',
    b'{"version": 1, "devices": []}',
    b'{"version": 0, "devices": {}}',
    b'{"version": "1", "devices": {}}',
    b'{"devices": {}}',
    b"[" * 5000 + b"]" * 5000,
]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
ENTRY = st.dictionaries(st.text(max_size=5), st.integers(-(2**63), 2**63) | st.text(max_size=5), min_size=1, max_size=3)
LIKELY = st.fixed_dictionaries(
    {"version": st.sampled_from([0, 1, 1.5, 2, True, "1", 1e300]) | JSON, "devices": JSON},
    optional={"more": JSON},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def loaded(path: Path) -> StateFile:
    state = StateFile(path)
    state.load()
    return state


def learned(path: Path, key: str = KEY) -> object:
    return loaded(path).get(key)


def save(path: Path, key: str, entry: dict[str, object]) -> None:
    state = loaded(path)
    state.put(key, entry)
    state.save()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was warned of since the last call."""
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return lines


def test_what_was_learned_is_known_after_a_restart(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert learned(path) == {}
    save(path, KEY, {"max_registers": 60, "refused": [[4, 30], [4, 70]]})
    assert learned(path) == {"max_registers": 60, "refused": [[4, 30], [4, 70]]}
    assert json.loads(path.read_text())["version"] == 1
    assert not warnings(caplog)


def test_the_file_is_for_people_too(path: Path) -> None:
    save(path, "b", {"z": 1, "a": 2})
    save(path, "a", {"x": 1})
    text = path.read_text(encoding="utf-8")
    assert [line.strip().split('"')[1] for line in text.splitlines() if '"' in line] == [
        "devices", "a", "x", "b", "a", "z", "version",
    ]  # fmt: skip
    assert text.endswith("}\n")


def test_nothing_is_written_unless_something_has_changed(path: Path) -> None:
    state = loaded(path)
    state.save()
    assert not path.exists()
    state.put(KEY, {})
    state.save()
    assert not path.exists()
    state.put(KEY, {"a": (1, 2)})
    state.save()
    before = path.stat().st_ino
    state.put(KEY, {"a": (1, 2)})
    state.save()
    again = loaded(path)
    again.put(KEY, {"a": [1, 2]})
    again.save()
    assert path.stat().st_ino == before


def test_what_is_put_later_does_not_change_with_its_source(path: Path) -> None:
    state = StateFile(path)
    entry = {"refused": [1]}
    state.put(KEY, entry)
    entry["refused"].append(2)
    assert state.get(KEY) == {"refused": [1]}


def test_an_empty_entry_removes_the_key(path: Path) -> None:
    save(path, KEY, {"a": 1})
    state = loaded(path)
    state.put(KEY, {})
    assert state.get(KEY) == {}
    state.save()
    assert json.loads(path.read_text())["devices"] == {}


def test_without_a_path_it_works_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = StateFile(None)
    state.load()
    state.put(KEY, {"a": 1})
    state.save()
    assert state.get(KEY) == {"a": 1}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("entry", [{"a": object()}, {1: 2}, {"a": 2**70}, {"a": "\udcff"}])
def test_what_is_no_json_is_refused_at_once(path: Path, entry: Any) -> None:
    with pytest.raises(TypeError):
        StateFile(path).put(KEY, entry)


def test_what_is_too_deep_is_refused_and_dropped(path: Path) -> None:
    def nested(levels: int) -> dict[str, object]:
        entry: dict[str, object] = {}
        for _ in range(levels - 1):
            entry = {"in": entry}
        return entry

    state = StateFile(path)
    state.put(KEY, nested(DEEPEST))
    with pytest.raises(ValueError, match="nested deeper than"):
        state.put(KEY, nested(DEEPEST + 1))
    path.write_bytes(orjson.dumps({"version": 1, "devices": {"deep": nested(DEEPEST + 1), "good": nested(DEEPEST)}}))
    assert learned(path, "good") == nested(DEEPEST)
    assert learned(path, "deep") == {}


def test_folders_are_made_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "state.json"
    save(path, KEY, {"a": 1})
    assert learned(path) == {"a": 1}
    assert [stat.S_IMODE(made.stat().st_mode) for made in (path.parent, path.parent.parent)] == [0o700, 0o700]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_mode_that_someone_gave_the_file_stays(path: Path) -> None:
    save(path, KEY, {"a": 1})
    path.chmod(0o640)
    save(path, KEY, {"a": 2})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_to_the_file_stays_a_link(tmp_path: Path, path: Path) -> None:
    real = tmp_path / "disk" / "real.json"
    path.symlink_to(real)
    save(path, KEY, {"a": 1})
    assert path.is_symlink()
    assert learned(real) == {"a": 1}


def test_daemons_share_the_file(path: Path) -> None:
    save(path, "other", {"a": 1})
    save(path, "gone", {"a": 1})
    first, second = loaded(path), loaded(path)
    first.put("first", {"a": 1})
    second.put("second", {"a": 2})
    second.put("gone", {})
    first.save()
    second.save()
    first.put("first", {"a": 3})
    first.save()
    assert json.loads(path.read_text())["devices"] == {"other": {"a": 1}, "first": {"a": 3}, "second": {"a": 2}}


def test_daemons_that_save_at_once_lose_nothing(path: Path) -> None:
    def daemon(number: int) -> None:
        state = StateFile(path)
        for count in range(20):
            state.put(f"{number}.{count}", {"a": count})
            state.save()

    threads = [threading.Thread(target=daemon, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads(path.read_text())["devices"]) == 80


def test_who_holds_the_folder_for_ever_stops_nobody(path: Path) -> None:
    holder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        save(path, KEY, {"a": 1})
        assert learned(path) == {"a": 1}
    finally:
        os.close(holder)


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_file_is_told_once_and_replaced(path: Path, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(data)
    state = loaded(path)
    state.put(KEY, {"a": 1})
    state.save()
    (line,) = warnings(caplog)
    assert line.startswith(f"{path}: damaged (")
    assert line.endswith("): starting with nothing, the next save replaces it")
    assert learned(path) == {"a": 1}


def test_damage_beside_a_running_daemon_is_told_and_repaired(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = StateFile(path)
    state.put("first", {"a": 1})
    state.save()
    path.write_bytes(b"{")
    state.put("second", {"a": 2})
    state.save()
    assert len(warnings(caplog)) == 1
    assert json.loads(path.read_text())["devices"] == {"first": {"a": 1}, "second": {"a": 2}}


def identity(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written, but not when it is read."""
    status = path.lstat()
    return status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns


def left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> str:
    """The one warning about what lies at a path, which cannot be used for anything."""
    before = identity(path)
    state = loaded(path)
    for number in range(3):
        state.put(KEY, {"a": number})
        state.save()
    assert state.get(KEY) == {"a": 2}
    assert identity(path) == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    (line,) = warnings(caplog)
    assert line.startswith(f"{path}: ")
    assert line.endswith("; until that is done, devices are learned anew at each start")
    return line


def test_a_file_of_a_newer_version_is_left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b'{"version": 2, "devices": "elsewhere"}')
    assert ": version 2 is of a newer mbmd: update this one or name another file;" in left_alone(path, caplog)
    assert path.read_bytes() == b'{"version": 2, "devices": "elsewhere"}'


def test_a_file_too_large_is_left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b" " * (LARGEST + 1))
    assert ": larger than 4 MiB, so not of mbmd: name another file" in left_alone(path, caplog)


@pytest.mark.parametrize("kind", ["folder", "fifo", "device"])
def test_what_is_no_file_is_left_alone(path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/full")
    assert ": not a regular file: name another file;" in left_alone(path, caplog)


def test_a_file_that_may_not_be_read_is_left_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    path.write_bytes(b"{}")
    monkeypatch.setattr(Path, "open", forbidden)
    assert ": Permission denied: let the user of mbmd read and write it" in left_alone(path, caplog)


def test_a_loop_of_links_is_left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.symlink_to(path)
    assert "Too many levels of symbolic links" in left_alone(path, caplog)


def test_a_folder_that_is_a_file(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"precious")
    state = loaded(path / "below")
    state.put(KEY, {"a": 1})
    state.save()
    (line,) = warnings(caplog)
    assert line.startswith(f"{path}/below: cannot be read: Not a directory: ")
    assert path.read_bytes() == b"precious"


def test_a_file_that_would_become_too_large_is_not_written(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(path, "other", {"a": "x" * (LARGEST // 2)})
    before = path.read_bytes()
    save(path, KEY, {"a": "x" * (LARGEST // 2)})
    (line,) = warnings(caplog)
    assert "cannot be written: it would be larger than 4 MiB: delete it" in line
    assert path.read_bytes() == before


def test_a_failed_save_is_told_once_until_one_works(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    state = loaded(path)

    def save_on_full_disk() -> list[str]:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            state.save()
        assert not [entry for entry in path.parent.iterdir() if entry != path]
        return warnings(caplog)

    state.put(KEY, {"a": 1})
    (line,) = save_on_full_disk()
    assert line.startswith(f"{path}: cannot be written: No space left on device: ")
    assert save_on_full_disk() == []
    state.save()
    assert learned(path) == {"a": 1}
    state.put(KEY, {"a": 2})
    assert len(save_on_full_disk()) == 1
    assert learned(path) == {"a": 1}


@pytest.mark.parametrize("last_step", ["fsync", "replace"])
def test_a_crash_before_the_file_is_replaced_leaves_the_old_one(path: Path, last_step: str) -> None:
    save(path, KEY, {"a": "old"})
    before = path.read_bytes()
    script = f"""
import os, sys
from pathlib import Path
from mbmd.state import StateFile
state = StateFile(Path(sys.argv[1]))
state.load()
state.put({KEY!r}, {{"a": "new"}})
os.{last_step} = lambda *_: os._exit(9)
state.save()
"""
    crashed = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert crashed.returncode == 9
    assert path.read_bytes() == before
    save(path, KEY, {"a": "newer"})
    assert learned(path) == {"a": "newer"}


def survives(data: bytes) -> None:
    """Whatever the file holds: nothing raises, entries are objects, and it is replaced or left as it is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        path.write_bytes(data)
        state = loaded(path)
        try:
            devices = dict(orjson.loads(data)["devices"])
        except (ValueError, TypeError, KeyError, LookupError):
            devices = {}
        assert all(isinstance(state.get(key), dict) for key in devices)
        state.put(KEY, {"a": 1})
        state.save()
        assert path.read_bytes() == data or learned(path) == {"a": 1}


@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    survives(data)


@given(JSON | LIKELY)
@example({"version": 1, "devices": {"a": 1, "b": {}, "c": {"d": None}}})
def test_random_json(document: object) -> None:
    survives(orjson.dumps(document))


@given(st.dictionaries(st.text(), ENTRY, max_size=3))
def test_good_entries_are_kept_as_they_are(devices: dict[str, dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        first = StateFile(path)
        for key, entry in devices.items():
            first.put(key, entry)
        first.save()
        second = loaded(path)
        assert {key: second.get(key) for key in devices} == devices
