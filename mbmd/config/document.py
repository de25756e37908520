"""Configuration files: YAML to texts, each with its line; what a text means is not asked here."""

import re
from pathlib import Path

import yaml

from mbmd.config.given import Given, Origin, Problem
from mbmd.errors import UsageError

MAX_BYTES = 1 << 20
_MAX_VALUES = 100_000
_MAX_DEPTH = 10
"""Lists in lists and keys in keys: no configuration needs so many."""
_TAG = "tag:yaml.org,2002:"
_WORD = re.compile(r"\w{1,40}", re.ASCII)
_QUOTED = re.compile(r"'.*'|\".*\"", re.DOTALL)

_MEANINGS = {
    "but found another document": "a second document (---): a file holds one",
    "expected ',' or": "a bracket that is not closed, or a comma that is missing",
    "expected <block end>": "a wrong indent: keys that belong together begin in one column",
    "could not find expected ':'": "a line that is no key: write key: value",
    "found character '\\t'": "a tab: indent with spaces",
    "found character": "a text that begins with a sign of YAML: put it in quotes",
    "second occurrence": "an anchor (&) that is given twice: put texts that begin with & in quotes",
    "found undefined alias": "an alias (*) of nothing: put texts that begin with * in quotes",
    "found undefined tag": "a tag (!) of nothing: put texts that begin with ! in quotes",
    "found unexpected end of stream": "a quote that is not closed",
    "expected alphabetic": "a text that begins with & or *: put it in quotes",
    "expected chomping": "a text that begins with | or >: put it in quotes",
    "expected the node content": "a value that is missing, or a text that begins with a sign of YAML: put it in quotes",
    "found unknown escape": "a backslash that means nothing in double quotes: use single ones",
    "expected escape sequence": "a backslash that means nothing in double quotes: use single ones",
    "mapping values are not allowed": (
        "a key where none may be: is the indent right, is a space behind each colon, are texts with colons in quotes?"
    ),
}
"""What YAML's own words, by their beginning, mean to people."""


def read_document(path: Path) -> tuple[Given, list[Problem]]:
    """What a configuration file says, and what is wrong with it beside.

    Raises UsageError for a file that cannot be read as YAML with keys at its top.
    """
    text = _text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UsageError(f"{path}:{mark.line + 1 if mark else 1}: {_meaning(error.problem or '')}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UsageError(f"{path}:{line}: a character that cannot be printed: remove it") from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise UsageError(f"{path}: this is not YAML") from None
    except RecursionError:
        raise UsageError(f"{path}: brackets in brackets, too many of them") from None
    if root is None or _is_nothing(root):
        return Given({}, Origin(str(path), 1)), []
    if not isinstance(root, yaml.MappingNode):
        line = root.start_mark.line + 1
        raise UsageError(f"{path}:{line}: a configuration is keys with values, as in rate: 1s")
    tree = _Tree(path)
    return tree.given(root, "", tree.origin(root)), tree.problems


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES >> 20} MiB: this is no configuration")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8 text: save it in that encoding") from None


def _meaning(problem: str) -> str:
    """What YAML complains about, without words of the file, which may be a password."""
    known = next((text for start, text in _MEANINGS.items() if problem.startswith(start)), None)
    return f"not YAML: {known or _QUOTED.sub('...', problem)}"


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.tag == f"{_TAG}null"


class _Tree:
    """Nodes of YAML on their way to Given, with a bound for aliases in aliases."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._nodes = 0
        self.problems: list[Problem] = []

    def origin(self, node: yaml.Node) -> Origin:
        return Origin(str(self._path), node.start_mark.line + 1)

    def given(self, node: yaml.Node, path: str, origin: Origin, depth: int = 0) -> Given:
        """The node as given; `path` is its key, `origin` that of the key."""
        self._nodes += 1
        if self._nodes > _MAX_VALUES or depth > _MAX_DEPTH:
            raise UsageError(f"{origin}: too many values in values: are there aliases (*) of aliases?")
        if not node.tag.startswith(_TAG):
            self._problem(origin, path, "has a tag (!), which means nothing here: quote the text")
            return Given(None, origin)
        if isinstance(node, yaml.MappingNode):
            return Given(self._keys(node, path, depth), origin)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return Given([self.given(n, f"{path}[{i}]", self.origin(n), depth + 1) for i, n in items], origin)
        return Given(None if _is_nothing(node) else node.value, origin)

    def _keys(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Given]:
        keys: dict[str, Given] = {}
        merged: dict[str, Given] = {}
        for key, value in node.value:
            origin = self.origin(key)
            if key.tag == f"{_TAG}merge":
                merged = self._merged(value, path, depth) | merged
            elif not isinstance(key, yaml.ScalarNode):
                self._problem(origin, path, "a key must be a word, not brackets")
            elif key.value in keys:
                first = keys[key.value].origin.line
                self._problem(origin, _join(path, key.value), f"given twice, before in line {first}: give it once")
            else:
                keys[key.value] = self.given(value, _join(path, key.value), origin, depth + 1)
        return merged | keys

    def _merged(self, node: yaml.Node, path: str, depth: int) -> dict[str, Given]:
        """The keys that `<<` takes over from an alias or a list of them, the first of which wins."""
        value = self.given(node, path, self.origin(node), depth + 1).value
        sources = [item.value for item in value] if isinstance(value, list) else [value]
        merged: dict[str, Given] = {}
        for source in sources:
            if isinstance(source, dict):
                merged = source | merged
            else:
                self._problem(self.origin(node), path, "<< takes keys from an alias, as in <<: *name")
        return merged

    def _problem(self, origin: Origin, path: str, text: str) -> None:
        self.problems.append(Problem(origin, path, text))


def _join(path: str, key: str) -> str:
    """The place of a key, of which only a word is told: in {password:secret} the colon is part of the key."""
    word = _WORD.match(key)
    return f"{path}.{word[0] if word else ''}".lstrip(".")
