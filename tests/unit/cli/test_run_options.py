"""`mbmd run`: its options, what becomes of them, and what is said about wrong ones."""

import argparse
import random
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mbmd import __version__, cli, daemon
from mbmd.cli.run import _EPILOG, make_config
from mbmd.config.adapter import ADAPTER_OPTIONS, Framing, Medium
from mbmd.config.example import example
from mbmd.config.options import DEVICE_OPTIONS, DeviceOptions
from mbmd.config.run import RunConfig
from mbmd.errors import LinkError, MbmdError

BUS = ("-a", "/dev/ttyUSB0", "-d", "sdm:1")


def parse(*argv: str) -> argparse.Namespace:
    return cli.make_parser().parse_args(["run", *argv])


def config(*argv: str) -> RunConfig:
    return make_config(parse(*argv))


def test_defaults() -> None:
    made = config("-a", "/dev/ttyUSB0", "-d", "sdm:1")
    assert made.api == ("0.0.0.0", 8080)
    assert (made.rate, made.timeout, made.raw) == (1.0, 0.3, False)
    (device,) = made.devices
    assert (device.id, device.spec.type, device.spec.unit) == ("SDM1.1", "sdm", 1)
    adapter = device.spec.adapter
    assert (adapter.medium, adapter.framing, adapter.address) == (Medium.SERIAL, Framing.RTU, "/dev/ttyUSB0")
    assert (adapter.baudrate, adapter.comset) == (9600, "8N1")


def test_all_options_long_and_short_in_any_order() -> None:
    long = [
        ["--adapter", "/dev/ttyUSB0"],
        ["--devices", "sdm:1,abb:2"],
        ["--devices", "sma:126.1@10.0.0.4:502"],
        ["--baudrate", "19200"],
        ["--comset", "8E1"],
        ["--timeout", "1s"],
        ["--rate", "1m30s"],
        ["--api", "127.0.0.1:9090"],
        ["--raw"],
        ["--rtu"],
        ["--verbose"],
    ]
    short = {"--adapter": "-a", "--devices": "-d", "--baudrate": "-b", "--rate": "-r", "--verbose": "-v"}
    first = [word for option in long for word in option]
    rest = long[:1] + long[3:]
    random.Random(1).shuffle(rest)
    shuffled = [short.get(word, word) for option in [*rest, *long[1:3]] for word in option]
    assert vars(parse(*first)) == vars(parse(*shuffled))
    made = config(*first)
    assert made == config(*shuffled)
    assert [device.id for device in made.devices] == ["SDM1.1", "ABB1.2", "SMA2.126.1"]
    assert (made.rate, made.timeout, made.raw, made.api) == (90.0, 1.0, True, ("127.0.0.1", 9090))
    assert parse(*first).verbose


def test_options_may_be_joined_to_their_values() -> None:
    assert config("-a=/dev/a".replace("=", ""), "-dsdm:1", "--rate=2s") == config(
        "-a", "/dev/a", "-d", "sdm:1", "-r", "2s"
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", None),
        (":9090", ("0.0.0.0", 9090)),
        ("localhost:80", ("localhost", 80)),
        ("[::1]:80", ("::1", 80)),
        ("[::]:80", ("::", 80)),
    ],
)
def test_where_the_api_is(text: str, address: tuple[str, int] | None) -> None:
    assert config("-a", "h:502", "-d", "sdm:1", "--api", text).api == address


def test_rtu_counts_for_the_default_adapter_alone() -> None:
    made = config("-a", "10.0.0.8:23", "--rtu", "-d", "sdm:1,sdm:2@10.0.0.9:502,sdm:3@10.0.0.8:23")
    framings = {device.id: device.spec.adapter.framing for device in made.devices}
    assert framings == {"SDM1.1": Framing.RTU, "SDM2.2": Framing.MBAP, "SDM1.3": Framing.RTU}


def test_line_settings_count_for_all_plain_serial_devices() -> None:
    made = config("-b", "19200", "--comset", "8e1", "-d", "sdm:1@/dev/a,sdm:1@rtu:///dev/b?baudrate=2400")
    lines = [(device.spec.adapter.baudrate, device.spec.adapter.comset) for device in made.devices]
    assert lines == [(19200, "8E1"), (2400, "8E1")]


def test_a_rate_of_zero_is_as_often_as_the_bus_carries() -> None:
    assert config("-a", "h:502", "-d", "sdm:1", "-r", "0").rate == 0


def test_options_of_adapters_and_devices() -> None:
    made = config("-a", "tcp://h?close=true&timeout=1s", "-d", "sdm:1?rate=10s&slow=Import*+Export*,abb:2@h:502")
    first, second = (device.spec for device in made.devices)
    assert first.adapter == second.adapter
    assert (first.adapter.close, first.adapter.options) == (True, DeviceOptions(timeout=1.0))
    assert first.options == DeviceOptions(rate=10.0, slow=("Import*", "Export*"))
    assert second.options == DeviceOptions()


@pytest.mark.parametrize(("argv", "state"), [(["--state", ""], None), (["--state", "a/b.json"], Path("a/b.json"))])
def test_where_the_state_is(argv: Sequence[str], state: Path | None) -> None:
    assert config(*BUS, *argv).state == state


def test_where_the_state_is_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert config(*BUS).state == Path("/home/me/.local/state/mbmd/learned.json")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/mbmd:/other")
    assert config(*BUS).state == Path("/var/lib/mbmd/learned.json")


def test_a_user_without_a_home_keeps_no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", home)
    assert config(*BUS).state is None


def test_the_profiler_of_the_original_may_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ran = []
    monkeypatch.setattr(daemon, "run", lambda config, load: ran.append(config))
    assert cli.main(["run", *BUS, "--profile"]) == 0
    assert len(ran) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "--profile: there is no profiler here: it does nothing"
    ]


def test_plausibility_may_be_turned_off() -> None:
    assert config(*BUS).plausibility
    assert not config(*BUS, "--no-plausibility").plausibility


def test_help_names_all_options(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = mbmd("run", "--help", capsys=capsys)
    assert {*ADAPTER_OPTIONS, *DEVICE_OPTIONS} <= set(re.findall(r"\w+", out))


def examples(text: str) -> list[str]:
    return re.findall(r"^ *mbmd (run .*)$", text, re.MULTILINE)


MANUAL = (Path(__file__).parents[3] / "docs" / "options.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", examples(MANUAL) + examples(_EPILOG))
def test_the_examples_work(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("house.yaml").write_text(example(), encoding="utf-8")
    args = cli.make_parser().parse_args(shlex.split(command, comments=True))
    assert make_config(args).devices


def mbmd(*argv: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, output and error output of a command."""
    try:
        code = cli.main(argv)
    except SystemExit as exit_:
        code = int(str(exit_.code))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "no devices: name them with -d, as in -d sdm:1"),
        (["-a", "/dev/a"], "no devices: name them with -d, as in -d sdm:1"),
        (["-d", "sdm:1"], "device 'sdm:1' has no adapter: give one with -a, or write sdm:1@/dev/ttyUSB0"),
        (["-a", "", "-d", "sdm:1"], "--adapter: is empty: give a serial device, host:port or a URL"),
        (
            ["-a", "/dev/a", "-d", "sdm"],
            "device 'sdm' is not TYPE:UNIT[.SUBDEVICE][?OPTIONS][@ADAPTER], as in SDM:1 or SMA:126@10.0.0.4:502",
        ),
        (["-a", "/dev/a", "-d", "sdm:248"], "device 'sdm:248': unit 248 is outside 1 to 247 on /dev/a"),
        (["-a", "/dev/a", "-d", "sdm:1,abb:1"], "two meters on unit 1 of /dev/a: sdm and abb"),
        (["-a", "/dev/a", "-b", "42", "-d", "sdm:1"], "--baudrate: '42' is not a number from 300 to 4000000"),
        (["-a", "/dev/a", "--comset", "7E1", "-d", "sdm:1"], "--comset: '7E1' is not one of 8N1, 8N2, 8E1, 8O1"),
        (["-a", "tpc://h", "-d", "sdm:1"], "adapter 'tpc://h' has unknown scheme 'tpc': did you mean tcp?"),
        (
            ["-a", "rtu:///dev/a?close=true", "-d", "sdm:1"],
            "adapter 'rtu:///dev/a?close=true': close is only for TCP connections: remove it",
        ),
        (["-a", "h:502", "-d", "sdm:1?rat=1s"], "device 'sdm:1?rat=1s' has unknown option 'rat': did you mean rate?"),
        ([*BUS, "--rate", "1"], "--rate: '1' is not a duration: write it as 300ms, 1s or 1m30s"),
        ([*BUS, "--rate", ""], "--rate: '' is not a duration: write it as 300ms, 1s or 1m30s"),
        ([*BUS, "--timeout", "fast"], "--timeout: 'fast' is not a duration: write it as 300ms, 1s or 1m30s"),
        ([*BUS, "--timeout", "0"], "--timeout: '0' must be longer than nothing, as in 300ms"),
        ([*BUS, "--api", "8080"], "--api: '8080' is not host:port, as in 127.0.0.1:8080"),
        ([*BUS, "--api", "::1:8080"], "--api: '::1:8080': write an IPv6 address in brackets, as in [::1]:502"),
        ([*BUS, "--api", "h:0"], "--api: 'h:0': a port is a number from 1 to 65535"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_one_line(
    argv: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mbmd("run", *argv, capsys=capsys) == (2, "", f"mbmd: {message}\n")


@pytest.mark.parametrize("kind", ["nosuch", "SDM6300"])
def test_an_unknown_type_is_exit_code_2(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = mbmd("run", "-a", "h:502", "-d", f"{kind}:1", "--api", "", capsys=capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"mbmd: device {kind.upper()}1.1: unknown device type '{kind}': ")


def test_a_serial_device_that_is_missing_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = mbmd("run", "-a", "/nowhere/ttyUSB0", "-d", "sdm:1", "--api", "", capsys=capsys)
    assert (code, out) == (2, "")
    assert err.endswith("mbmd: /nowhere/ttyUSB0: no such serial device: see ls /dev/serial/by-id/\n")


@pytest.mark.parametrize("argv", [["run", "--nonsense"], ["run", "-b", "fast"], ["nonsense"], ["run", "-a"]])
def test_what_the_parser_refuses_is_exit_code_2(argv: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = mbmd(*argv, capsys=capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert re.fullmatch(r"mbmd: .+ \(see mbmd( run)? --help\)\n", err)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["rnu"], "unknown command 'rnu': did you mean run?"),
        (["config", "chekc"], "unknown command 'chekc': did you mean check?"),
        (["run", "--devcies", "sdm:1"], "unrecognized arguments: --devcies sdm:1 (see mbmd run --help)"),
    ],
)
def test_what_was_mistyped_is_named(argv: Sequence[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in mbmd(*argv, capsys=capsys)[2]


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["run", "--help"]])
def test_what_was_asked_for_is_exit_code_0(argv: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = mbmd(*argv, capsys=capsys)
    assert (code, err) == (0, "")
    assert out.startswith(f"mbmd {__version__}\n" if argv == ["--version"] else "usage: mbmd ")


@pytest.mark.parametrize(
    ("error", "code", "err"),
    [
        (None, 0, ""),
        (LinkError("h:502: unplugged"), 1, "mbmd: h:502: unplugged\n"),
        (MbmdError("failed"), 1, "mbmd: failed\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_how_the_daemon_ends_is_the_exit_code(
    error: BaseException | None,
    code: int,
    err: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[RunConfig] = []

    def run(made: RunConfig, load: Callable[[], RunConfig]) -> None:
        ran.append(made)
        assert load() == made
        if error is not None:
            raise error

    monkeypatch.setattr(daemon, "run", run)
    assert mbmd("run", *BUS, "--api", "", capsys=capsys) == (code, "", err)
    assert ran == [config(*BUS, "--api", "")]


def test_bus_options_may_stand_before_the_command() -> None:
    before = ["-a", "h:23", "--rtu", "-b", "19200", "--timeout", "1s", "--raw", "-v"]
    args = cli.make_parser().parse_args([*before, "run", "-d", "sdm:1", "--timeout", "2s"])
    made = make_config(args)
    assert (made.timeout, made.raw, args.verbose) == (2.0, True, True)
    adapter = made.devices[0].spec.adapter
    assert (adapter.address, adapter.framing, adapter.baudrate) == ("h:23", Framing.RTU, 19200)
