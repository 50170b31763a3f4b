from __future__ import annotations

import pytest

from reports import asked


@pytest.mark.parametrize(
    ("text", "share"),
    [("5%", 0.05), ("5 %", 0.05), ("0.05", 0.05), ("1.05", 0.05), (".5", 0.5), ("0", 0), ("0%", 0), ("150%", 1.5)],
)
def test_a_threshold_is_a_share_however_it_is_said(text, share):
    assert asked.threshold(text) == share


@pytest.mark.parametrize("text", ["5", "1", "-5%", "", "%", "nan", "inf", "1e-2", "five", "5 % %", "2.5", "5000%"])
def test_what_could_be_misread_is_refused_with_how_to_say_it(text, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        asked.parse([str(tmp_path / "a"), str(tmp_path / "b"), f"--fail-if-slower={text}"])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "say 5%, 0.05 or 1.05" in line
    assert (f"did you mean {text}%?" in line) == (text in ("5", "1", "2.5"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a", "--fail-if-slower", "5%"], "name two at least"),
        (["a", "b", "./a", "--fail-if-slower", "5%"], "is named twice"),
        (["a", "b", "--strict"], "--strict goes with --fail-if-slower"),
        (["a", "b", "--quantity", "epoch_seconds"], "--quantity goes with --fail-if-slower"),
        (["a", "b", "--fail-if-slower", "5%", "--quantity", "epoch"], "did you mean epoch_seconds?"),
        (["a", "--nonsense"], "--nonsense"),
        ([], "DIR"),
    ],
)
def test_what_makes_no_sense_is_one_line(arguments, words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        asked.parse(arguments)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_the_help_says_which_bound_decides(capsys):
    with pytest.raises(SystemExit):
        asked.parse(["--help"])
    text = capsys.readouterr().out
    assert "where the whole\ninterval lies beyond the threshold" in text
    assert "%%" not in text
