"""The line between a child and its parent: what the child tells, and its turns on the machine.

The contenders of a repeat take turns: one works, the others sleep at their pipes. A machine's speed changes from one
second to the next; what is compared is clocked some tens of milliseconds apart, so that both meet the same machine.
"""

from __future__ import annotations

import json
from typing import Any, TextIO

from frameworks.clock import now


class Line:
    """A child's end: one line of JSON for each thing told, one line of JSON back for each turn."""

    def __init__(self, telling: TextIO, answers: TextIO) -> None:
        self._telling, self._answers = telling, answers
        self.waited = 0.0
        """Seconds spent asleep between turns."""

    def tell(self, event: str, **values: Any) -> None:
        """Tell the parent."""
        self._telling.write(json.dumps({"event": event, **values}) + "\n")
        self._telling.flush()

    def turn(self, of: str, spent: float = 0.0) -> bool:
        """Hand the machine over and sleep until the next turn; return whether there is more of `of` to be clocked.

        `spent` is how many seconds its clocks ran so far. Raises `EOFError` where the parent is gone.
        """
        begin = now()
        self.tell("turn", of=of, spent=spent)
        answer = self._answers.readline()
        self.waited += now() - begin
        if not answer:
            raise EOFError("the process that began this trial is gone")
        return bool(json.loads(answer)["more"])
