"""Which devices have news for whom."""

from hypothesis import given
from hypothesis import strategies as st

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.web.stream.journal import Journal

DEVICES = [DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE["Power"]]) for unit in range(1, 6)]


@given(st.lists(st.sampled_from(DEVICES)), st.integers(0, 30), st.integers(0, 30))
def test_who_knows_some_lacks_the_devices_that_had_news_since(
    told: list[DeviceReadings], since: int, until: int
) -> None:
    journal = Journal()
    numbers = [journal.note(device) for device in told]
    assert numbers == list(range(1, len(told) + 1))
    assert journal.head == len(told)
    latest = {device: number for number, device in enumerate(told, 1)}
    wanted = sorted((number, device.id) for device, number in latest.items() if since < number <= until)
    assert [(number, device.id) for number, device in journal.after(since, until)] == wanted


def test_at_first_all_devices_are_news() -> None:
    journal = Journal(DEVICES)
    assert [device for _, device in journal.after(0, journal.head)] == DEVICES


def test_devices_that_went_are_forgotten_and_numbers_go_on() -> None:
    journal = Journal(DEVICES)
    journal.keep(DEVICES[2:4])
    assert journal.after(0, 100) == [(3, DEVICES[2]), (4, DEVICES[3])]
    assert journal.note(DEVICES[2]) == 6
    assert journal.after(0, 100) == [(4, DEVICES[3]), (6, DEVICES[2])]
