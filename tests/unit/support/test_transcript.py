"""The reader of README transcripts, which must neither miss a command nor forgive a wrong line."""

from tests.support.transcript import Command, commands, difference, ports

README = """\
Text.

```console
$ pip install .
$ sallygate run --demo
HOST  PATH
…
http    http://127.0.0.1:43121
```

```yaml
$ not a command
```

```console
$ curl --resolve \\
  a:1:127.0.0.1 http://a:1/
blue
```
"""


def test_every_command_with_its_output() -> None:
    assert commands(README) == [
        Command("pip install .", ()),
        Command("sallygate run --demo", ("HOST  PATH", "…", "http    http://127.0.0.1:43121")),
        Command("curl --resolve   a:1:127.0.0.1 http://a:1/", ("blue",)),
    ]


def test_ports_folders_times_and_widths_may_differ() -> None:
    expected = ("http   http://127.0.0.1:43121", "Edit /tmp/a/demo/*.yaml", "snapshot 0a1b2c3d: 1 host · 12 ms")
    actual = ["http http://127.0.0.1:5000", "Edit /var/b/c/demo/*.yaml", "snapshot ffffffff: 1 host · 7 ms"]
    assert difference(expected, actual) is None


def test_words_may_not_differ() -> None:
    assert difference(("blue",), ["green"]) is not None
    assert difference(("blue",), []) is not None
    assert difference(("blue",), ["blue", "green"]) is not None
    assert difference(("a", "b"), ["b", "a"]) is not None


def test_an_ellipsis_stands_for_any_lines() -> None:
    assert difference(("a", "…", "z"), ["a", "b", "c", "z"]) is None
    assert difference(("a", "…"), ["a", "b", "c"]) is None
    assert difference(("a", "…", "y"), ["a", "b", "c", "z"]) is not None


def test_ports_of_the_listeners() -> None:
    lines = ("http    http://127.0.0.1:43121", "health  http://127.0.0.1:5/readyz", "x http://127.0.0.1:7")
    assert ports(lines) == {"http": "43121", "health": "5"}
