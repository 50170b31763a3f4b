"""What still fits into memory, by what the system and a container say."""

from __future__ import annotations

import pytest

from frameworks import memory


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Let the system and the container say what they have free."""

    def say(free=None, limit=None, used=0):
        if free is not None:
            (tmp_path / "meminfo").write_text(f"MemTotal: 99999 kB\nMemAvailable: {free // 1024} kB\n")
        if limit is not None:
            (tmp_path / "memory.max").write_text(f"{limit}\n")
            (tmp_path / "memory.stat").write_text(f"anon {used}\nfile 123456789\n")
        monkeypatch.setattr(memory, "_MEMORY", tmp_path / "meminfo")
        monkeypatch.setattr(memory, "_GROUP", tmp_path)

    return say


def test_the_lesser_of_both_counts(system):
    system(free=8 << 20, limit=6 << 20, used=1 << 20)
    assert memory.available() == 5 << 20, "what is cached would be given back"
    system(free=4 << 20)
    assert memory.available() == 4 << 20


def test_no_limit_and_no_word_are_none(system):
    system(free=8 << 20, limit="max")
    assert memory.available() == 8 << 20


def test_where_nobody_says_nothing_is_refused(system):
    system()
    assert memory.available() is None
    memory.refuse_if_larger(1 << 60)


def test_what_does_not_fit_is_refused_with_the_way_out(system):
    system(free=1 << 30)
    memory.refuse_if_larger(1 << 29)
    with pytest.raises(MemoryError, match=r"takes 2\.1 GB on the cpu, and it has 1\.1 GB free; take pipeline=memory"):
        memory.refuse_if_larger(1 << 31)
