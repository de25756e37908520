"""The file of what waits: what is in it survives, and what is no such file is never trusted."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mbmd.sinks.outbox.chunk import MOST_READINGS, Chunk, pack, unpack
from mbmd.sinks.outbox.damage import DamagedError, UnusableError, is_damage, is_full
from mbmd.sinks.outbox.store import Bounds, Held, Store, move_aside
from tests.unit.sinks.outbox.rig import QUICK

WIDE = Bounds(10**9, 0.0)
PLACE = st.integers(0, 30_000)
ROOT = Path(__file__).parents[4]


def chunk(*items: bytes, born: float = 1000.0, readings: int = 1) -> Chunk:
    made = Chunk(born, 0.0)
    for item in items:
        made.add(item, readings)
    return made


def noise(size: int) -> bytes:
    """What cannot be packed smaller."""
    return os.urandom(size)


def test_what_was_written_is_there_at_the_next_start_in_its_order(file: Path) -> None:
    store = Store(file)
    store.write([chunk(b"a", b"b"), chunk(b"c", born=1001.0)], 0, WIDE)
    store.close()
    again = Store(file)
    assert again.held(0) == Held(3, 3, 1000.0, 2)
    loaded = again.load(0, MOST_READINGS, 60.0, 5.0)
    assert loaded is not None
    assert (loaded.held, loaded.chunk.items, loaded.chunk.since) == (Held(3, 3, 1000.0, 2), [b"a", b"b", b"c"], 5.0)
    assert again.load(2, MOST_READINGS, 60.0, 5.0) is None
    again.close()


def test_rows_are_loaded_together_as_far_as_wanted(file: Path) -> None:
    store = Store(file)
    store.write([chunk(b"%d" % n) for n in range(10)], 0, WIDE)
    sizes, row = [], 0
    while (loaded := store.load(row, 4, 60.0, 0.0)) is not None:
        sizes.append(len(loaded.chunk.items))
        row = loaded.held.row
    assert sizes == [4, 4, 2]
    store.close()


def test_what_was_delivered_is_removed_and_its_ids_never_come_again(file: Path) -> None:
    store = Store(file)
    assert store.write([chunk(b"a")], 0, WIDE).rows == [1]
    assert store.write([], 1, WIDE).held == Held()
    assert store.write([chunk(b"b")], 1, WIDE).rows == [2]
    store.close()
    with contextlib.closing(Store(file, after=7)) as again:
        assert again.held(7) == Held()
        assert again.write([chunk(b"c")], 7, WIDE) == ([8], Held(1, 1, 1000.0, 8), 0, Held())


def test_the_oldest_go_when_the_file_would_be_too_large_and_it_stays_near_the_bound(file: Path) -> None:
    store = Store(file)
    lost = 0
    for _ in range(40):
        written = store.write([chunk(noise(100_000), readings=7)], 0, Bounds(10**6, 0.0))
        lost += written.trimmed.readings
    assert written.held.readings + lost == 40 * 7
    assert 7 * 7 <= written.held.readings <= 10 * 7
    store.close()
    assert file.stat().st_size < 1.2 * 10**6


def test_what_is_too_old_goes_from_the_beginning(file: Path) -> None:
    store = Store(file)
    store.write([chunk(b"a", born=10.0), chunk(b"b", born=20.0), chunk(b"c", born=5.0)], 0, WIDE)
    written = store.write([], 0, Bounds(10**9, 15.0))
    assert (written.trimmed_to, written.trimmed.readings, written.held.readings) == (1, 1, 2)
    store.close()


def test_rows_that_fly_together_go_together(file: Path) -> None:
    store = Store(file)
    store.write([chunk(b"a", born=10.0), chunk(b"b", born=20.0), chunk(b"c", born=30.0)], 0, WIDE)
    written = store.write([], 0, Bounds(10**9, 15.0), together=2)
    assert (written.trimmed_to, written.trimmed.readings) == (2, 2)
    store.close()


def test_an_empty_file_gives_its_bytes_back(file: Path) -> None:
    store = Store(file)
    for _ in range(30):
        store.write([chunk(noise(200_000))], 0, WIDE)
    assert file.stat().st_size > 2 * 10**6
    store.write([], 30, WIDE)
    assert file.stat().st_size < 100_000
    assert store.write([chunk(b"x")], 30, WIDE).held.readings == 1
    store.close()


def test_the_log_beside_the_file_stays_small(file: Path) -> None:
    store = Store(file)
    for n in range(300):
        store.write([chunk(noise(100_000))], n, WIDE)
    assert file.with_name("influx.db-wal").stat().st_size < 9 * 10**6
    store.close()
    assert not file.with_name("influx.db-wal").exists()


def test_a_row_can_be_replaced_by_what_is_left_of_it(file: Path) -> None:
    store = Store(file)
    store.write([chunk(b"a"), chunk(b"b", b"c"), chunk(b"d")], 0, WIDE)
    store.replace(2, chunk(b"c"))
    assert store.held(0) == Held(2, 2, 1000.0, 3)
    loaded = store.load(0, MOST_READINGS, 60.0, 0.0)
    assert loaded is not None
    assert loaded.chunk.items == [b"c", b"d"]
    store.close()


def test_folder_and_files_are_for_this_user_alone(file: Path) -> None:
    store = Store(file)
    store.write([chunk(b"a")], 0, WIDE)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [file.parent, *file.parent.iterdir()]}
    store.close()
    assert modes.pop("outbox") == 0o700
    assert set(modes.values()) == {0o600}
    assert {"influx.db", "influx.db-wal", "influx.db.lock"} == set(modes)


def test_a_second_one_is_told_that_the_first_has_it(file: Path) -> None:
    store = Store(file)
    with pytest.raises(UnusableError, match=r"another mbmd has it: give each its own outbox\.folder"):
        Store(file)
    store.close()
    Store(file).close()


def test_another_process_is_told_too(file: Path) -> None:
    store = Store(file)
    code = f"from pathlib import Path; from mbmd.sinks.outbox.store import Store; Store(Path({str(file)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    store.close()
    assert "another mbmd has it" in done.stderr


def test_no_descriptor_is_left_open(file: Path) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    Store(file).close()
    assert opened() == before
    file.write_bytes(b"rubbish" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        Store(file)
    assert opened() == before


def test_a_newer_version_is_left_alone(file: Path) -> None:
    Store(file).close()
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(UnusableError, match="version 99 is of a newer mbmd"):
        Store(file)
    assert file.exists()


def test_a_database_of_someone_else_is_no_outbox_and_not_touched(file: Path) -> None:
    file.parent.mkdir()
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE treasure (gold)")
    before = file.read_bytes()
    with pytest.raises(DamagedError, match="no outbox of mbmd"):
        Store(file)
    assert file.read_bytes() == before
    assert move_aside(file) == "influx.db.broken-1"
    assert file.with_name("influx.db.broken-1").read_bytes() == before


def test_broken_files_are_kept_but_not_without_end(file: Path) -> None:
    file.parent.mkdir()
    names = []
    for n in range(12):
        file.write_bytes(b"%d" % n)
        names.append(move_aside(file))
    assert names[:3] == ["influx.db.broken-1", "influx.db.broken-2", "influx.db.broken-3"]
    assert names[-1] == "influx.db.broken-9"
    assert file.with_name(names[-1]).read_bytes() == b"11"


def test_a_row_that_was_altered_is_without_items(file: Path) -> None:
    store = Store(file)
    store.write([chunk(b"a"), chunk(b"b"), chunk(b"c")], 0, WIDE)
    store.close()
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE chunk SET data = x'00' WHERE id = 2")
        db.commit()
    store = Store(file)
    found = []
    row = 0
    while (loaded := store.load(row, MOST_READINGS, 60.0, 0.0)) is not None:
        row = loaded.held.row
        found.append((loaded.chunk.items, loaded.held.readings))
    store.close()
    assert found == [([b"a"], 1), ([], 1), ([b"c"], 1)]


@pytest.mark.parametrize("column", ["born", "readings", "size", "all_readings", "all_size"])
@pytest.mark.parametrize("value", ["'text'", "x'ff'", "-5", "9e999"])
def test_a_number_that_is_none_is_damage(file: Path, column: str, value: str) -> None:
    store = Store(file)
    store.write([chunk(b"a")], 0, WIDE)
    store.close()
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute(f"UPDATE chunk SET {column} = {value}")  # noqa: S608
        db.commit()
    with contextlib.closing(Store(file)) as store, pytest.raises(DamagedError):
        store.held(0)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_in_place_of_the_file_are_damage_or_empty(data: bytes) -> None:
    with TemporaryDirectory(dir=QUICK) as folder:
        file = Path(folder) / "influx.db"
        file.write_bytes(data)
        try:
            store = Store(file)
        except (sqlite3.Error, DamagedError) as error:
            assert is_damage(error), error  # noqa: PT017
        else:
            assert store.held(0) == Held()
            store.close()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(PLACE, st.integers(0, 255)), max_size=20), st.none() | PLACE)
@example([(18, 3)], None)  # a format that SQLite reads and does not write
@example([(4000, 128)], None)  # a damaged name of a table, which is in the message of the error
def test_random_damage_brings_no_item_that_never_was(flips: list[tuple[int, int]], cut: int | None) -> None:
    items = [b"%d" % n * 100 for n in range(20)]
    with TemporaryDirectory(dir=QUICK) as folder:
        file = Path(folder) / "influx.db"
        store = Store(file)
        store.write([chunk(item) for item in items], 0, WIDE)
        store.close()
        data = bytearray(file.read_bytes())
        for place, value in flips:
            data[place % len(data)] = value
        file.write_bytes(data[:cut])
        try:
            found = all_items(file)
        except UnusableError as error:
            assert "newer" in str(error)  # noqa: PT017
        except (sqlite3.Error, UnicodeDecodeError, DamagedError) as error:
            assert is_damage(error), error  # noqa: PT017
        else:
            assert set(found) <= set(items)


def test_rows_that_come_round_again_are_damage(file: Path) -> None:
    store = Store(file)
    store.write([chunk(noise(700)) for _ in range(20)], 0, WIDE)
    store.close()
    data = bytearray(file.read_bytes())
    (tree,) = (at for at in range(4096, len(data), 4096) if data[at] == 5)  # the page whose children hold the rows
    first = int.from_bytes(data[tree + 12 : tree + 14])
    data[tree + 8 : tree + 12] = data[tree + first : tree + first + 4]  # the last child is the first one again
    file.write_bytes(data)
    with pytest.raises(DamagedError, match="out of order"):
        all_items(file)


def all_items(file: Path) -> list[bytes]:
    """What the rows of a file hold; it is written too."""
    found: list[bytes] = []
    with contextlib.closing(Store(file)) as store:
        row = 0
        while (loaded := store.load(row, 1, 60.0, 0.0)) is not None:
            row = loaded.held.row
            found += loaded.chunk.items
        store.write([chunk(b"new")], row, WIDE)
    return found


def test_a_full_disk_is_known_as_such_and_what_is_there_can_be_read(file: Path) -> None:
    store = Store(file)
    store.write([chunk(b"a")], 0, WIDE)
    store._db.execute("PRAGMA max_page_count = 10")
    with pytest.raises(sqlite3.OperationalError) as caught:
        store.write([chunk(noise(500_000))], 0, WIDE)
    assert is_full(caught.value)
    assert not is_damage(caught.value)
    loaded = store.load(0, 1, 60.0, 0.0)
    assert loaded is not None
    assert loaded.chunk.items == [b"a"]
    assert store.write([chunk(b"b")], 0, WIDE).held.readings == 2
    store.close()


@given(st.lists(st.tuples(st.binary(max_size=50), st.integers(0, 2**40)), max_size=30))
def test_what_is_packed_is_unpacked(items: list[tuple[bytes, int]]) -> None:
    made = Chunk(1.0, 2.0)
    for item, readings in items:
        made.add(item, readings)
    again = unpack(pack(made), 1.0, 2.0)
    assert (again.items, again.weights, again.readings, again.size) == (
        made.items,
        made.weights,
        made.readings,
        made.size,
    )


@given(st.binary(max_size=200))
def test_what_is_no_chunk_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(data, 0.0, 0.0)
    with pytest.raises(ValueError, match=r"."):
        unpack(pack(chunk(data))[:-1], 0.0, 0.0)
    with pytest.raises(ValueError, match=r"."):
        unpack(pack(chunk(data)) + b"x", 0.0, 0.0)
