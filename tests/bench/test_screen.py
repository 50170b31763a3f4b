from __future__ import annotations

import io
import threading

import pytest

from bench.results.schema import Results, Trial
from bench.screen import Screen, outcome


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


def ended(contender, status="ok", **values):
    return Trial(contender=contender, repeat=0, seed=0, status=status, **values)


def play(screen, clock, *, epochs=10, pace=0.1):
    """Show two trials of one contender."""
    screen.announce(["2 trials: torch × 2 repeats"], 40.0)
    for repeat in (1, 2):
        screen.trial_begin(repeat, 2, f"trial {repeat} of 2: torch, repeat {repeat} of 2")
        screen.phase("first_step")
        for epoch in range(epochs):
            clock.now += pace
            screen.epoch(epoch + 1, epochs, "loss 0.3")
        screen.trial_end([ended("torch", step_seconds=1.02e-3)])


def test_plain_lines_one_per_event_without_control_codes(clock):
    stream = io.StringIO()
    with Screen(stream, clock=clock) as screen:
        screen.waiting("waiting: another run measures")
        screen.gate("parity: torch computes what tf computes")
        play(screen, clock)
        screen.trial_begin(3, 3, "trial 3 of 3: torch, repeat 3 of 3")
        clock.now += 125
        screen.trial_end([ended("torch", "diverged", message="loss became NaN at step 7")])
        screen.problem("torch diverged")
    assert stream.getvalue().splitlines() == [
        "waiting: another run measures",
        "parity: torch computes what tf computes",
        "2 trials: torch × 2 repeats",
        "This takes about 40 s.",
        "trial 1 of 2: torch, repeat 1 of 2 …",
        "  done in 1.0 s: 1.02 ms per step",
        "trial 2 of 2: torch, repeat 2 of 2 …",
        "  done in 1.0 s: 1.02 ms per step",
        "trial 3 of 3: torch, repeat 3 of 3 …",
        "  diverged after 2 min 5 s: loss became NaN at step 7",
        "torch diverged",
    ]


def test_trials_that_took_turns_have_a_line_each(clock):
    stream = io.StringIO()
    with Screen(stream, clock=clock) as screen:
        screen.trial_begin(1, 2, "repeat 1 of 2: tf and torch in turns")
        clock.now += 9
        screen.trial_end([ended("tf", step_seconds=1e-3), ended("torch", "failed", message="no memory")])
    assert stream.getvalue().splitlines() == [
        "repeat 1 of 2: tf and torch in turns …",
        "  done in 9.0 s",
        "  tf: 1.00 ms per step",
        "  torch: failed; no memory",
    ]


def test_a_long_silence_is_broken_in_plain_mode(clock):
    stream = io.StringIO()
    with Screen(stream, clock=clock) as screen:
        play(screen, clock, epochs=25, pace=1.0)
    said = [line for line in stream.getvalue().splitlines() if "epoch" in line]
    assert said[:2] == [
        "  epoch 10 of 25, loss 0.3 (about 30 s left)",
        "  epoch 20 of 25, loss 0.3 (about 20 s left)",
    ]
    assert said[2] == "  epoch 10 of 25, loss 0.3 (about 15 s left)"
    assert len(said) == 4


def test_long_lines_stay_whole_in_plain_mode(clock):
    stream = io.StringIO()
    Screen(stream, clock=clock).problem("word " * 60)
    assert stream.getvalue().count("\n") == 1


def test_bars_on_a_terminal_show_trial_phase_epoch_and_time_left(clock):
    stream = Terminal()
    with Screen(stream, clock=clock) as screen:
        play(screen, clock, epochs=4, pace=2.0)
    text = stream.getvalue()
    assert "\x1b[?25l" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "the cursor is back"
    for words in ("trial 2 of 2: torch", "first step", "epoch 3 of 4, loss 0.3", "about 40 s left", "8 s left"):
        assert words in text
    assert "trial 1 of 2: torch, repeat 1 of 2: done in 8.0 s: 1.02 ms per step" in text


def test_no_thread_refreshes_and_many_events_draw_little(clock):
    stream, threads = Terminal(), threading.active_count()
    with Screen(stream, clock=clock) as screen:
        screen.trial_begin(1, 1, "trial 1 of 1: torch, repeat 1 of 1")
        screen.phase("train")
        before = len(stream.getvalue())
        for epoch in range(1000):
            clock.now += 0.001
            screen.epoch(epoch + 1, 1000)
        drawn = stream.getvalue()[before:].count("epoch")
        assert threading.active_count() == threads
    assert 1 <= drawn <= 2


def test_an_interrupt_gives_the_cursor_back(clock):
    def interrupted(stream):
        with Screen(stream, clock=clock) as screen:
            screen.trial_begin(1, 2, "trial 1 of 2: torch, repeat 1 of 1")
            raise KeyboardInterrupt

    stream = Terminal()
    with pytest.raises(KeyboardInterrupt):
        interrupted(stream)
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_a_dumb_terminal_gets_plain_lines(clock, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with Screen(stream, clock=clock) as screen:
        play(screen, clock)
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_hostile_names(clock, kind):
    stream = kind()
    with Screen(stream, clock=clock) as screen:
        screen.trial_begin(1, 1, "[bold]x[/] :smile: \x1b[2J")
        screen.phase("[/]")
        screen.trial_end([ended("torch", "failed", message="[/red] \x1b]0;title\x07")])
    assert "[bold]x[/] :smile: ?[2J" in stream.getvalue()
    assert "\x1b[2J" not in stream.getvalue()
    assert "\x1b]0" not in stream.getvalue()


def test_a_stream_without_unicode_gets_question_marks(clock, tmp_path):
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        Screen(stream, clock=clock).gate("torch × tf")
    assert (tmp_path / "log").read_text() == "torch ? tf\n"


def test_the_verdict_takes_the_bars_away_and_is_whole_on_a_pipe(clock, tmp_path):
    for stream in (io.StringIO(), Terminal()):
        with Screen(stream, clock=clock) as screen:
            play(screen, clock)
            screen.verdict(Results(message="word " * 40), tmp_path)
        assert f"results: {tmp_path / 'results.json'}" in stream.getvalue()
        broken = max(map(len, stream.getvalue().splitlines())) < 190
        assert broken == stream.isatty()


def test_after_a_resume_the_time_left_counts_the_trials_that_remain(clock):
    stream = io.StringIO()
    with Screen(stream, clock=clock) as screen:
        screen.trial_begin(5, 6, "trial 5 of 6")
        clock.now += 12
        screen.trial_end([ended("torch")])
        screen.trial_begin(6, 6, "trial 6 of 6")
        clock.now += 10
        screen.phase("train")
    assert "  train (about 2 s left)" in stream.getvalue()


def test_outcome():
    trial = Trial(contender="tf", repeat=0, seed=0, status="ok", step_seconds=1.02e-3)
    assert outcome(trial) == "1.02 ms per step"
    trial.metrics = {"test_accuracy": 0.972}
    assert outcome(trial) == "1.02 ms per step, test accuracy 97.2 %"
    assert outcome(trial, "synthetic stand-in").endswith("97.2 % (synthetic stand-in)")
    trial.metrics = {"test_mae": 44.44, "test_loss": 0.5}
    assert outcome(trial, "synthetic stand-in") == "1.02 ms per step, test MAE 44.4 (synthetic stand-in)"
    trial.status, trial.message = "diverged", "loss became NaN at step 7"
    assert outcome(trial) == "loss became NaN at step 7"
