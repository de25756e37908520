"""Fresh trees: where their packages come from, and when they are made."""

from pathlib import Path

import pytest

from mbmd.errors import MbmdError
from wheels.proof import trees
from wheels.proof.trees import ANY_MIRROR, chosen_mirror, packages, tree


def test_the_machines_own_mirror_is_taken() -> None:
    assert chosen_mirror(["http://a/debian-security/", "http://b/debian/", "http://c/debian"]) == "http://b/debian/"
    assert chosen_mirror(["http://a/ubuntu/"]) == ANY_MIRROR


def test_a_whole_tree_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "_run", lambda command: pytest.fail(f"runs {command}"))
    root = tmp_path / "trixie-armhf"
    root.mkdir()
    (root / ".packages").write_text("a_1_armhf\nb_2_all\n")
    assert tree(tmp_path, "armv7l", "3.13") == root
    assert packages(root) == ["a_1_armhf", "b_2_all"]


def test_half_a_tree_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt = tmp_path / "bookworm-arm64.apt"
    commands: list[list[str]] = []

    def run(command: list[str]) -> str:
        commands.append(command)
        if "install" in command:
            (apt / "cache/archives/python3_3_arm64.deb").touch()
        if command[0] == "dpkg-deb":
            (Path(command[-1]) / "etc/ssl/certs").mkdir(parents=True)
        return ""

    monkeypatch.setattr(trees, "_run", run)
    half = tmp_path / "bookworm-arm64" / "half"
    half.mkdir(parents=True)
    root = tree(tmp_path, "aarch64", "3.11")
    assert not half.exists()
    assert not apt.exists()
    assert packages(root) == ["python3_3_arm64"]
    assert [command[0] for command in commands] == ["apt-get", "apt-get", "apt-get", "dpkg-deb"]
    assert (root / "etc/passwd").read_text().startswith("root:")


def test_apt_leaves_the_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def run(command: list[str]) -> str:
        if "--config-file" in command:
            seen.append(Path(command[command.index("--config-file") + 1]).read_text())
        return ""

    monkeypatch.setattr(trees, "_run", run)
    with pytest.raises(FileNotFoundError):  # nothing was unpacked
        tree(tmp_path, "armv7l", "3.13")
    assert len(seen) == 2
    assert f'Dir "{tmp_path}/trixie-armhf.apt";' in seen[0]
    assert 'APT::Architectures "armhf";' in seen[0]


def test_what_a_program_says_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MbmdError, match=r"^sh -c: no mirror$"):
        trees._run(["sh", "-c", "echo no mirror >&2; exit 100"])
    with pytest.raises(MbmdError, match=r"^no-such-program: not found"):
        trees._run(["no-such-program"])
