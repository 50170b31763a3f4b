"""Pickles of plain data are read as Python reads them; all others are refused, by name, and nothing is run."""

from __future__ import annotations

import os
import pickle
import pickletools
import struct
import time

import numpy as np
import pytest

from bench.datasets import pickles
from bench.datasets.pickles import PickleError, loads
from tests.bench.datasets.conftest import python2_pickle

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 12)
PLAIN = {
    b"data": ARRAY,
    b"labels": [3, 0, -7, 1 << 20, 1 << 40, -(1 << 33)],
    b"name": b"bytes \x80",
    b"text": "te\u00fct",
    b"more": [None, True, False, 1.5, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {b"a": []}],
}


def same(found, expected) -> bool:
    return found.keys() == expected.keys() and all(
        np.array_equal(value, found[key]) if isinstance(value, np.ndarray) else value == found[key]
        for key, value in expected.items()
    )


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_plain_data_come_back(protocol):
    assert same(loads(pickle.dumps(PLAIN, protocol)), PLAIN)


def test_python_2s_pickles_come_back_with_bytes_for_its_strings():
    content = python2_pickle(PLAIN)
    assert "SHORT_BINSTRING" in {opcode.name for opcode, _, _ in pickletools.genops(content)}
    assert b"numpy.core.multiarray\n_reconstruct" in content
    assert same(loads(content), PLAIN)
    long = {b"many": list(range(5000)), b"long": b"x" * 1000}
    assert loads(python2_pickle(long)) == long


@pytest.mark.parametrize("kind", ["u1", "<i2", ">i4", "<i8", ">f8", "<f4", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_any_number_and_order(kind, order):
    array = np.array([[0, 1, 2], [3, 0, 1]], kind, order=order)
    found = loads(pickle.dumps(array, 2))
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


class Call:
    def __init__(self, function, *arguments) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


HOSTILE = {
    "posix.system": Call(os.system, "touch hacked"),
    "builtins.eval": Call(eval, "open('hacked', 'w')"),
    "builtins.getattr": Call(getattr, os, "system"),
    "subprocess.Popen": Call(__import__("subprocess").Popen, ["touch", "hacked"]),
    "numpy.load": Call(np.load, "hacked"),
    "collections.OrderedDict": __import__("collections").OrderedDict(a=1),
    "builtins.set": {1, 2},
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "builtins.getattr"])
def test_a_hostile_pickle_is_refused_and_named(name, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps({b"data": HOSTILE[name]}, protocol)
    with pytest.raises(PickleError, match=r"^refused: ") as caught:
        loads(content)
    called = name.replace("builtins", "__builtin__").replace("subprocess", "commands") if protocol == 2 else name
    assert called in str(caught.value) or "EMPTY_SET" in str(caught.value)
    assert not list(tmp_path.iterdir()), "it ran"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02cos\nsystem\n.", "refused: it asks for os.system"),
        (b"cos\nsystem\n(S'touch hacked'\ntR.", "refused: it asks for os.system"),
        (b"(S'touch hacked'\nios\nsystem\n.", "refused: it uses STRING"),
        (b"\x80\x02\x8c\x02os\x8c\x06system\x93.", "refused: it asks for os.system"),
        (b"\x80\x02K\x01K\x02\x93.", "refused: it asks for"),
        (b"\x80\x02\x82\x01.", "refused: it uses EXT1"),
        (b"\x80\x02Pname\n.", "refused: it uses PERSID"),
        (b"\x80\x02)\x81.", "refused: it uses NEWOBJ"),
        (b"\x80\x02cnumpy\nndarray\n)R.", "refused: it calls numpy.ndarray"),
        (b"\x80\x02cnumpy\ndtype\nU\x01O\x85R.", "refused: it calls numpy.dtype"),
        (b"\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x06\0\0\0base64\x86R.", "refused: it calls _codecs.encode"),
        (b"\x80\x02cnumpy\nndarray\n}b.", "refused: it changes something that is no array"),
        (b"\x80\x02]}b.", "refused: it changes something"),
        (b"\x80\x02K\x01)R.", "refused: it calls something"),
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.", "damaged: an array without content"),
        (b"", "damaged, or not a pickle"),
        (b"\x80\x02", "damaged, or not a pickle"),
        (b"<html>", "damaged, or not a pickle"),
        (b"\x80\x02.", "damaged, or not a pickle"),
        (b"\x80\x02K\x01K\x02a.", "damaged: items for something that is no list"),
        (b"\x80\x02]K\x02K\x02s.", "damaged: items for something that is no dict"),
        (b"\x80\x02})K\x02s.", "damaged: items for something that is no dict, or keys"),
        (b"\x80\x02u.", "damaged, or not a pickle"),
        (b"\x80\x02h\x07.", "damaged, or not a pickle"),
        (b"\x80\x02q\x00.", "damaged, or not a pickle"),
        (b"\x80\x02T\xff\xff\xff\x7fabc.", "damaged, or not a pickle"),
        (b"\x80\x02K\x01\x86.", "damaged: it takes more than it holds"),
        (b"\x80\x02(0t.", "refused: it uses POP"),
        (b"\x80\x02]K\x01K\x01(]t\x87.", None),
    ],
)
def test_broken_and_crafted_ones_are_refused(content, message):
    if message is None:
        assert loads(content) == (1, 1, ([],))
        return
    with pytest.raises(PickleError) as caught:
        loads(content)
    assert message in str(caught.value)


def crafted(shape: bytes, kind: bytes = b"u1", order: bytes = b"|", content: bytes = b"abc") -> bytes:
    """An array as Python 2 pickles it, of any shape, kind and content."""
    dtype = (
        b"cnumpy\ndtype\nU"
        + bytes([len(kind)])
        + kind
        + b"K\x00K\x01\x87R(K\x03U"
        + bytes([len(order)])
        + order
        + b"tb"
    )
    data = b"T" + struct.pack("<i", len(content)) + content
    start = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
    return start + shape + dtype + b"\x89" + data + b"tb."


def test_a_crafted_array_is_held_to_its_bytes():
    assert loads(crafted(b"K\x03\x85")).tolist() == [97, 98, 99]
    for shape in (
        b"K\x04\x85",
        b"J\xff\xff\xff\xff\x85",
        b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86",
        b"K\x03",
        b"(" + b"K\x01" * 9 + b"t",
    ):
        with pytest.raises(PickleError, match="damaged"):
            loads(crafted(shape))
    for shape in (b"\x8a\x08" + b"\xff" * 7 + b"\x7f\x85", b"J\x00\xca\x9a;K\x01\x85\x86"):
        with pytest.raises(PickleError, match="damaged"):
            loads(crafted(shape))
    with pytest.raises(PickleError, match="refused"):
        loads(crafted(b"K\x03\x85", kind=b"O8"))
    with pytest.raises(PickleError, match="refused"):
        loads(crafted(b"K\x03\x85", order=b"?"))


def test_a_small_pickle_cannot_take_for_ever_or_much_memory():
    lists = b"\x80\x02]q\x00" + b"".join(b"](h%ch%ceq%c" % (k, k, k + 1) for k in range(200)) + b"."
    tuples = b"\x80\x02)q\x00" + b"".join(b"h%ch%c\x86q%c" % (k, k, k + 1) for k in range(200))
    keys = tuples + b"}h\xc8K\x01s."
    begin = time.perf_counter()
    assert len(loads(lists)) == 2
    with pytest.raises(PickleError, match="keys"):
        loads(keys)
    assert loads(b"\x80\x02K\x01r\xff\xff\xff\x7f.") == 1, "a far place in the memo costs nothing"
    with pytest.raises(PickleError, match="refused: it calls something"):
        loads(tuples + b"h\xc8h\xc8R.")
    assert time.perf_counter() - begin < 5


def test_one_string_cannot_be_made_into_bytes_again_and_again():
    text = b"X" + struct.pack("<I", 1 << 16) + b"a" * (1 << 16)
    once = b"c_codecs\nencode\nq\x02" + text + b"q\x00X\x06\0\0\0latin1q\x01\x86R"
    again = b"h\x02h\x00h\x01\x86R"
    assert len(loads(b"\x80\x02]" + once + b"a.")[0]) == 1 << 16
    with pytest.raises(PickleError, match="refused"):
        loads(b"\x80\x02](" + once + again * 100 + b"e.")


def test_whole_numbers_are_no_keys():
    """They can be made to collide: a few thousand of them would take for ever."""
    with pytest.raises(PickleError, match="keys that are no names"):
        loads(pickle.dumps({1: 2}, 2))


def test_pythons_own_unpickler_is_never_asked(monkeypatch):
    for name in ("loads", "load", "Unpickler"):
        monkeypatch.setattr(pickle, name, lambda *_, **__: pytest.fail("asked"))
    assert not hasattr(pickles, "pickle")

    assert loads(b"\x80\x02K\x05.") == 5
