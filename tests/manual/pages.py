"""The command lines of README and docs, as they stand there."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
BY_SECTION = {"docs/commands.md"}
"""Pages whose sections have nothing to do with each other; any other page is read from its top to its end."""

_PROMPTS = ("$ ", "# ")
_CAT = re.compile(r"^\$ (?:sudo )?cat (\S+)$\n((?:(?![$#] ).*\n)+)", re.MULTILINE)
_PROMISE = re.compile(r"\s# exit code (\d+)")


@dataclass(frozen=True, slots=True)
class Line:
    """A command line, with all the lines of the page that it goes on over."""

    page: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.number}: {self.text}"

    @property
    def promised(self) -> int:
        """The exit code that its comment tells, else 0."""
        promise = _PROMISE.search(self.text)
        return int(promise[1]) if promise else 0


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the number of its first line, and what is in it."""

    language: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is done one after the other in one place: a page, or a section of one."""

    page: str
    title: str
    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.title}" if self.title else self.page

    def files(self) -> dict[str, str]:
        """What the page shows of files by `cat`: they are there."""
        shown = (match for block in self.blocks if block.language == "console" for match in _CAT.finditer(block.text))
        return {match[1]: match[2] for match in shown}

    def lines(self) -> list[Line]:
        """Its command lines, in order."""
        return [Line(self.page, number, text) for block in self.blocks for number, text in _commands(block)]


def scenarios(root: Path = ROOT) -> Iterator[Scenario]:
    """All that have command lines."""
    for path in (root / "README.md", *sorted(root.glob("docs/**/*.md"))):
        page = str(path.relative_to(root))
        parts = _parts(path.read_text(encoding="utf-8"), page in BY_SECTION)
        for title, blocks in parts:
            if any(_is_shell(block) for block in blocks):
                yield Scenario(page, title, tuple(blocks))


def _parts(text: str, by_section: bool) -> list[tuple[str, list[Block]]]:
    """The fenced blocks of a page, each part with the title of its section or, of a whole page, none."""
    parts: list[tuple[str, list[Block]]] = [("", [])]
    tokens = MarkdownIt().parse(text)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if by_section and token.type == "heading_open" and token.tag == "h2" and following is not None:
            parts.append((following.content, []))
        elif token.type == "fence" and token.map is not None:
            language = token.info.split()[0] if token.info.strip() else ""
            parts[-1][1].append(Block(language, token.map[0] + 2, token.content))
    return parts


def _is_shell(block: Block) -> bool:
    return block.language in ("sh", "console")


def _commands(block: Block) -> Iterable[tuple[int, str]]:
    if block.language == "sh":
        return split(block.text, block.number)
    if block.language == "console":
        return _prompted(block)
    return ()


def _prompted(block: Block) -> Iterator[tuple[int, str]]:
    """What stands behind prompts; the rest is what is answered."""
    lines = block.text.splitlines()
    for at, line in enumerate(lines):
        if line.startswith(_PROMPTS):
            yield next(split("\n".join([line[2:], *lines[at + 1 :]]), block.number + at))


def split(text: str, number: int = 1) -> Iterator[tuple[int, str]]:
    """The commands in a script, each with the number of its first line; comments by themselves are none."""
    pending: list[str] = []
    for at, line in enumerate(text.splitlines(), number):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        pending.append(line)
        if _is_complete("\n".join(pending)):
            yield at - len(pending) + 1, "\n".join(pending)
            pending = []
    if pending:
        yield number + len(text.splitlines()) - len(pending), "\n".join(pending)


def _is_complete(text: str) -> bool:
    """Whether bash would not wait for another line: of a quote, a continuation, a loop or a heredoc."""
    if text.endswith("\\"):
        return False
    said = subprocess.run(["bash", "-n"], input=text + "\n", capture_output=True, text=True, check=False)
    return said.returncode == 0 and not said.stderr
