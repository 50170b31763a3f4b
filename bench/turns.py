"""Who goes when: the order of the contenders in each turn, so that neither drift nor a neighbour favours one.

A Williams design: over a full cycle each contender stands equally often in each place, and equally often right after
each other one, so that what a trial leaves behind (heat, a warm file cache) falls on all alike. The cycle has k turns
for an even number k of contenders and 2k for an odd one; every second turn is the mirror of the one before, as in
A B, B A, so that after each pair of turns a steady drift has cancelled, whether or not the cycle is complete.

Source: E. J. Williams, "Experimental designs balanced for the estimation of residual effects of treatments",
Australian Journal of Scientific Research A 2 (1949).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def order(contenders: Sequence[T], index: int) -> list[T]:
    """Return the contenders in the order of turn `index`, counted from 0; turn 0 is the order they are given in."""
    count = len(contenders)
    # From an end inwards, by turns from either side: its shifts put every place after every other place once.
    first = [place // 2 if place % 2 == 0 else count - 1 - place // 2 for place in range(count)]
    # Of an even number, the mirrors are the other half of the shifts already.
    shift = index // 2 % max(1, count // 2 if count % 2 == 0 else count)
    row = [(place + shift) % count for place in first]
    # Named so that turn 0 is as given: a design stays one under any naming.
    named = [contenders[first.index(place)] for place in row]
    return named if index % 2 == 0 else named[::-1]
