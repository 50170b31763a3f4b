"""Reads pickles of plain data and runs nothing: numbers, strings, bytes, lists, tuples, dicts and numpy arrays.

Python's own unpickler calls whatever the file names. This one knows the few operations that plain data need, looks up
no name and calls nothing; arrays are made from their raw bytes. Everything else is refused. Time and memory stay in
proportion to the file.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
ARRAY, DTYPE, ENCODE = "numpy ndarray", "numpy dtype", "_codecs encode"
ADMITTED = (*RECONSTRUCT, ARRAY, DTYPE, ENCODE)
NUMBERS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
"""The kinds of number an array may hold; objects are not among them."""


class PickleError(Exception):
    """The pickle holds something else than plain data, or is damaged; the message says what."""


@dataclass(slots=True)
class _Name:
    """A name the pickle asks for, never looked up."""

    name: str


@dataclass(slots=True)
class _Kind:
    """A numpy dtype."""

    kind: str
    order: str = "|"


@dataclass(slots=True)
class _Array:
    """A numpy array, until its content comes."""

    value: NDArray[Any] | None = None


def loads(content: bytes) -> Any:
    """Return what the pickle in `content` holds; Python 2's strings are bytes.

    An array may be all of it, or a value of the outermost dict. Raises `PickleError`.
    """
    try:
        found = _Machine().run(content)
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise PickleError(f"damaged, or not a pickle ({str(error)[:80]})") from error
    return {key: _made(value) for key, value in found.items()} if isinstance(found, dict) else _made(found)


class _Machine:
    """The stack machine that a pickle is a program for."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.left = 0
        """How many bytes may still be made out of strings: the same one could be asked for again and again."""

    def run(self, content: bytes) -> Any:
        """Return what is left on the stack at the end."""
        self.left = len(content)
        for opcode, argument, _ in pickletools.genops(content):
            name, given = opcode.name, cast("Any", argument)
            if name == "STOP":
                return self.stack.pop()
            if name in VALUES:
                self.stack.append(given)
            elif name in PYTHON2_STRINGS:
                self.stack.append(given.encode("latin-1"))
            elif name in CONSTANTS:
                self.stack.append(CONSTANTS[name]())
            elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
                self.memo[len(self.memo) if given is None else given] = self.stack[-1]
            elif name in ("BINGET", "LONG_BINGET"):
                self.stack.append(self.memo[given])
            elif name == "GLOBAL":
                self.stack.append(_admitted(given))
            elif name in OPERATIONS:
                OPERATIONS[name](self)
            elif name not in ("PROTO", "FRAME"):
                raise PickleError(f"refused: it uses {name}, which plain data do not need")
        raise PickleError("damaged: it has no end")

    def take(self, number: int) -> list[Any]:
        """Take the uppermost `number` of items."""
        return self._above(len(self.stack) - number)

    def marked(self) -> list[Any]:
        """Take everything above the last mark."""
        return self._above(self.marks.pop())

    def _above(self, place: int) -> list[Any]:
        if not 0 <= place <= len(self.stack):
            raise PickleError("damaged: it takes more than it holds")
        items = self.stack[place:]
        del self.stack[place:]
        return items

    def stack_global(self) -> None:
        """Put a name on the stack."""
        module, name = self.take(2)
        self.stack.append(_admitted(f"{module} {name}" if isinstance(module, str) and isinstance(name, str) else "?"))

    def reduce(self) -> None:
        """Do what a call of one of the admitted names means."""
        called, arguments = self.take(2)
        name = called.name if isinstance(called, _Name) else "something"
        first = arguments[0] if isinstance(arguments, tuple) and arguments else None
        if name in RECONSTRUCT:
            self.stack.append(_Array())
        elif name == DTYPE and isinstance(first, str | bytes) and len(first) == 2 and _text(first) in NUMBERS:
            self.stack.append(_Kind(_text(first)))
        elif name == ENCODE and isinstance(first, str) and arguments[1:] == ("latin1",) and len(first) <= self.left:
            self.left -= len(first)
            self.stack.append(first.encode("latin-1"))
        else:
            raise PickleError(f"refused: it calls {name.replace(' ', '.')} in a way that plain data do not need")

    def build(self) -> None:
        """Give an array or a dtype its state, as numpy writes it."""
        (state,) = self.take(1)
        target = self.stack[-1]
        if isinstance(target, _Kind):
            target.order = _text(state[1][:2])
        elif isinstance(target, _Array):
            _, shape, kind, fortran, content = state
            target.value = _array(shape, kind, content, "F" if fortran is True else "C")
        else:
            raise PickleError("refused: it changes something that is no array")

    def append(self, items: list[Any]) -> None:
        """Add `items` to the list on top."""
        if not isinstance(self.stack[-1], list):
            raise PickleError("damaged: items for something that is no list")
        self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        """Add `items`, key and value in turn, to the dict on top."""
        # Keys of other types, nested ones, could take for ever to hash; whole numbers can be made to collide.
        if not isinstance(self.stack[-1], dict) or not all(isinstance(key, str | bytes) for key in items[::2]):
            raise PickleError("damaged: items for something that is no dict, or keys that are no names")
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))


def _array(shape: Any, kind: Any, content: Any, order: Any) -> NDArray[Any]:
    if not isinstance(kind, _Kind) or not isinstance(content, bytes) or kind.order not in ("<", ">", "|", "="):
        raise PickleError("refused: an array of something else than numbers")
    if not isinstance(shape, tuple) or len(shape) > 8 or not all(type(size) is int and size >= 0 for size in shape):
        raise PickleError("damaged: an array without a shape")
    dtype = np.dtype(f"{'<' if kind.order == '|' else kind.order}{kind.kind}")
    if math.prod(shape) * dtype.itemsize != len(content):
        raise PickleError(f"damaged: an array of shape {shape} with {len(content)} bytes")
    return np.frombuffer(content, dtype).reshape(shape, order=order)


def _made(value: Any) -> Any:
    if isinstance(value, _Array):
        if value.value is None:
            raise PickleError("damaged: an array without content")
        return value.value
    return value


def _admitted(name: str) -> _Name:
    if name not in ADMITTED:
        raise PickleError(f"refused: it asks for {name.replace(' ', '.')[:80]}, which is no plain data")
    return _Name(name)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


VALUES = (
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES"),
)
"""What puts its argument on the stack."""
PYTHON2_STRINGS = ("BINSTRING", "SHORT_BINSTRING")
CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
OPERATIONS: dict[str, Callable[[_Machine], None]] = {
    "MARK": lambda machine: machine.marks.append(len(machine.stack)),
    "TUPLE": lambda machine: machine.stack.append(tuple(machine.marked())),
    "TUPLE1": lambda machine: machine.stack.append(tuple(machine.take(1))),
    "TUPLE2": lambda machine: machine.stack.append(tuple(machine.take(2))),
    "TUPLE3": lambda machine: machine.stack.append(tuple(machine.take(3))),
    "APPEND": lambda machine: machine.append(machine.take(1)),
    "APPENDS": lambda machine: machine.append(machine.marked()),
    "SETITEM": lambda machine: machine.update(machine.take(2)),
    "SETITEMS": lambda machine: machine.update(machine.marked()),
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
"""What works on the stack."""
