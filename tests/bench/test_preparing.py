from __future__ import annotations

import io
import sys

import pytest

from bench.preparing import Preparing


def test_a_pipe_gets_one_line_for_each_thing(capsys: pytest.CaptureFixture[str]) -> None:
    with Preparing() as progress:
        for done in range(5):
            progress("downloading a.gz", done, 5)
        progress("unpacking", 0, 0)
    assert capsys.readouterr() == ("", "downloading a.gz …\nunpacking …\n")


def test_nothing_to_do_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Preparing():
        pass
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_its_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")

    def fail() -> None:
        with Preparing() as progress:
            progress("downloading a.gz", 1, 4)
            progress("downloading a.gz", 4, 4)
            raise OSError("the network went")

    with pytest.raises(OSError, match="the network"):
        fail()
    shown = terminal.getvalue()
    assert "downloading a.gz" in shown
    assert "100%" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
