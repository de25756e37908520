"""How command lines are taken from pages, and what is known of them."""

from pathlib import Path

import pytest

from tests.manual.pages import Line, scenarios, split

PAGE = """\
# A page

```sh
one 1   # a comment
# a comment by itself

two \\
  2
cat > file <<END
three
END
for i in 1 2
do echo "$i
"; done
```

```yaml
not: shell
```

- in a list:

  ```console
  $ four \\
      4
  answer
  $ sudo cat /etc/five
  5
  ```

## Another

````sh
five
````
"""


def test_commands_go_on_over_lines_as_bash_reads_them() -> None:
    script = PAGE.partition("```sh\n")[2].partition("```")[0]
    assert list(split(script, 4)) == [
        (4, "one 1   # a comment"),
        (7, "two \\\n  2"),
        (9, "cat > file <<END\nthree\nEND"),
        (12, 'for i in 1 2\ndo echo "$i\n"; done'),
    ]


def test_an_unfinished_command_is_one_too() -> None:
    assert list(split("echo 'a\nb")) == [(1, "echo 'a\nb")]


def test_a_page_is_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(PAGE, encoding="utf-8")
    (one,) = scenarios(tmp_path)
    lines = [(line.number, line.text) for line in one.lines()]
    assert lines[-3:] == [(24, "four \\\n    4"), (27, "sudo cat /etc/five"), (34, "five")]
    assert len(lines) == 7
    assert one.files() == {"/etc/five": "5\n"}


@pytest.mark.parametrize(
    ("text", "code"),
    [("mbmd config check x.yaml   # exit code 2", 2), ("mbmd run", 0), ("mbmd run  # what exit code 2 means", 0)],
)
def test_a_comment_may_promise_an_exit_code(text: str, code: int) -> None:
    assert Line("page", 1, text).promised == code
