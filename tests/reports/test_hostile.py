"""A results folder that means harm is refused in one line or shown as harmless text: nothing runs, leaks or hangs."""

from __future__ import annotations

import io
import json
import os
import signal
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from bench.results import store
from bench.results.format import one_line
from reports import changed, export, page
from reports.__main__ import main
from reports.load import load
from reports.render import html

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'\x1b[31m\u202e$\\frac{"
SECRET = "the-secret-outside"
SECONDS = 60


@pytest.fixture(autouse=True)
def bounded():
    """Nothing may hang: a pipe that is opened, a loop without end."""

    def late(*_):
        raise TimeoutError(f"not done after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def undrawn(monkeypatch):
    """Charts fail, which costs them alone: what matters here is the rest of the page, and drawing takes long."""

    def refuse(*_args, **_kwargs):
        raise ValueError("no charts in this test")

    monkeypatch.setattr(Figure, "__init__", refuse)


@pytest.fixture
def run(make_run, tmp_path):
    """A good run with samples, overrides and a table per trial; beside it, outside, a secret."""
    make_run(tmp_path / "run", contenders=("torch",), repeats=1)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text(f"{SECRET}\n")
    return tmp_path / "run"


def rendered(*folders) -> str:
    """Return page and screen over `folders`, as the command makes them."""
    runs = load(list(folders))
    apart = changed.compare(runs, "step_seconds", 0.05)
    screen = "\n".join(map(one_line, changed.screen(apart, 0))) if apart else ""
    assert all(letter.isprintable() or letter == "\n" for letter in screen)
    return html(page.build(runs, changed=apart, pictures=False)) + screen.replace("<", "&lt;")


def exported(place, *folders) -> str:
    """Return all tables over `folders` as text, and what could not be read, exported into `place`."""
    told = export.write(["csv", "parquet", "tensorboard"], load(list(folders)), [], place)
    for path in place.glob("*.parquet"):
        pq.read_table(path)
    return "\n".join([*told, *(path.read_text() for path in place.glob("*.csv"))]).replace("<", "&lt;")


def harmless(text: str) -> None:
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert SECRET not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def rewrite(folder, change) -> None:
    path = folder / store.NAME
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def refused(capsys, *arguments) -> str:
    """Return the one line on which the command refuses."""
    assert main([str(item) for item in arguments]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1, said
    assert "Traceback" not in said
    assert said.isprintable() or said[:-1].isprintable()
    return said


def hundred_thousand(value):
    value["trials"] = [{"contender": "a", "repeat": 0, "seed": 0, "status": "ok"}] * 100_000


def crowd(value):
    value["trials"] = [{"contender": f"c{n}", "repeat": 0, "seed": 0, "status": "ok"} for n in range(5000)]


def names(value):
    value["trials"][0]["phases"] = {str(number): 1.0 for number in range(2000)}


TEXTS = {
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "deep": b"[" * 200_000,
    "deeper": b'{"schema_version": 1, "config": ' + b'{"a":' * 990 + b"1" + b"}" * 991,
    "digits without end": b'{"schema_version": ' + b"9" * 100_000 + b"}",
    "NaN for a version": b'{"schema_version": NaN}',
    "newer": b'{"schema_version": 2}',
    "too large": b" " * (store.LARGEST + 10),
    "pickle": b"cos\nsystem\n(S'touch /tmp/x'\ntR.",
    "a zip": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_results_file_is_refused_in_one_line(run, capsys, name):
    (run / store.NAME).write_bytes(TEXTS[name])
    said = refused(capsys, run)
    assert "results.json" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (hundred_thousand, "100,000 entries; at most 10,000 are read"),
        (crowd, "5,001 contenders; at most 100 are read"),
        (lambda value: value.update(trials={"a": 1}), "Results.trials"),
        (
            lambda value: value["trials"][0]["phases"].update({str(n): 1.0 for n in range(2000)}),
            "names; at most 1,000 are read",
        ),
        (lambda value: value["trials"][0].update(seed=True), "Trial.seed"),
        (lambda value: value["trials"][0].update(repeat=10**400), "Trial.repeat"),
        (lambda value: value["trials"][0].update(contender=["a"]), "Trial.contender"),
        (lambda value: value["dataset"].update(counts={"train": 3}), "Dataset.counts"),
        (lambda value: value.update(schema_version=True), "no results file of Parallax"),
    ],
)
def test_wrong_shapes_and_numbers_without_measure_are_refused_in_one_line(run, capsys, change, said):
    rewrite(run, change)
    assert said in refused(capsys, run)


def test_keys_that_come_twice_and_what_is_no_number_do_no_harm(run, undrawn):
    text = (run / store.NAME).read_text()
    text = text.replace('"status": "ok"', f'"status": {json.dumps(EVIL)}, "status": "ok"', 1)
    text = text.replace('"step_seconds": 0', '"step_seconds": NaN, "epoch_seconds": -Infinity, "throughput": 0', 1)
    text = text.replace('"wall_seconds": 62.3', '"wall_seconds": 1e999')
    (run / store.NAME).write_text(text)
    (found,) = load([run])
    assert found.results.wall_seconds is None
    harmless(rendered(run))


def outside(run):
    return run.parent / "outside" / "secret.txt"


def link_results(run):
    (run / store.NAME).rename(outside(run).with_name("moved.json"))
    (run / store.NAME).symlink_to(outside(run).with_name("moved.json"))


def pipe_results(run):
    (run / store.NAME).unlink()
    os.mkfifo(run / store.NAME)


def device_results(run):
    (run / store.NAME).unlink()
    (run / store.NAME).symlink_to("/dev/zero")


def circle_results(run):
    (run / store.NAME).unlink()
    (run / store.NAME).symlink_to(run / store.NAME)


def folder_results(run):
    (run / store.NAME).unlink()
    (run / store.NAME).mkdir()


@pytest.mark.parametrize("spoil", [link_results, pipe_results, device_results, circle_results, folder_results])
def test_what_stands_in_the_place_of_results_is_neither_followed_nor_waited_for(run, capsys, spoil):
    spoil(run)
    assert "no results to report" in refused(capsys, run)


def replaced(name, how):
    def spoil(run):
        path = run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        how(path)

    return spoil


def linked(target):
    return lambda path: path.symlink_to(path.parents[2].parent / "outside" / target)


def circle(path):
    path.symlink_to(path.name)


def wrote(content):
    return lambda path: path.write_bytes(content)


def bomb(path):
    """A megabyte that is 18 GB of words, written out."""
    phases = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000, np.int32)), pa.array(["x" * 900_000]))
    numbers = {name: np.zeros(20_000) for name in ("seconds", "loss")}
    whole = {name: np.zeros(20_000, np.int64) for name in ("epoch", "step")}
    pq.write_table(pa.table({"phase": phases, **whole, **numbers}), path)


def swollen(path):
    """A few kilobytes that are 320 MB of numbers."""
    rows = 10_000_000
    phases = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array(["train"]))
    zeros = pa.array(np.zeros(rows))
    pq.write_table(pa.table({"phase": phases, **dict.fromkeys(("epoch", "step", "seconds", "loss"), zeros)}), path)


def wordy(path):
    """A few kilobytes that are 100 MB of words, of which the file does not say that they are all the same."""
    phases = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000, np.int32)), pa.array(["x" * 5_000]))
    zeros = pa.array(np.zeros(20_000, np.int64))
    table = pa.table({"phase": phases, **dict.fromkeys(("epoch", "step", "seconds", "loss"), zeros)})
    pq.write_table(table, path, store_schema=False)


def words_for_numbers(path):
    pq.write_table(pa.table({name: [EVIL] for name in ("phase", "epoch", "step", "seconds", "loss")}), path)


def huge_header(path):
    text = repr({"descr": "|u1", "fortran_order": False, "shape": (12, 8, 96, 96, 10**12)}).encode().ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)


def sparse(path):
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(10, 8, 4000, 4000, 3)).flush()


def zipped(path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", bytes(10**7))
    path.write_bytes(content.getvalue())


def pickled(path):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(path.with_name("harmed")),)

    np.save(path, np.array([Harm()], dtype=object), allow_pickle=True)


LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)
)
LAUGHS = b"- " + LAUGHS.replace(b"\n", b"\n  ")[:-2]
EPOCHS, STEPS, LOG = (f"trials/torch-0/{name}" for name in ("epochs.csv", "steps.parquet", "log.txt"))
SAMPLES, OVERRIDES = "data/samples.npy", ".hydra/overrides.yaml"
FILES = {
    "a link to a secret log": replaced(LOG, linked("secret.txt")),
    "a link to a secret table": replaced(EPOCHS, linked("secret.txt")),
    "a link to secret overrides": replaced(OVERRIDES, lambda path: path.symlink_to(outside(path.parents[1]))),
    "a link to itself": replaced(LOG, circle),
    "a pipe for a log": replaced(LOG, os.mkfifo),
    "a pipe for a table": replaced(EPOCHS, os.mkfifo),
    "a pipe for overrides": replaced(OVERRIDES, os.mkfifo),
    "a device for a table": replaced(STEPS, lambda path: path.symlink_to("/dev/zero")),
    "a device for samples": replaced(SAMPLES, lambda path: path.symlink_to("/dev/zero")),
    "overrides that run": replaced(OVERRIDES, wrote(b"- !!python/object/apply:os.mkdir [harmed]\n")),
    "overrides that never end": replaced(OVERRIDES, wrote(LAUGHS)),
    "overrides too deep": replaced(OVERRIDES, wrote(b"[" * 15_000)),
    "script in the log": replaced(LOG, wrote(EVIL.encode() * 10)),
    "a log without lines": replaced(LOG, wrote(b"\x00\xff<script>" * 100_000)),
    "a table with a field too long": replaced(EPOCHS, wrote(b"epoch,seconds\n" + b"1" * 10**6)),
    "a table with too many rows": replaced(EPOCHS, wrote(b"epoch,seconds\n" + b"1,1\n" * 300_000)),
    "a table of absurd numbers": replaced(EPOCHS, wrote(b"epoch,seconds\n1e308,inf\n-1e308,nan\n9e999,0\n")),
    "words for numbers": replaced(STEPS, words_for_numbers),
    "a parquet bomb": replaced(STEPS, bomb),
    "a parquet file of many words": replaced(STEPS, wordy),
    "a parquet file with too many rows": replaced(STEPS, swollen),
    "a shape without measure": replaced(SAMPLES, huge_header),
    "a sparse file": replaced(SAMPLES, sparse),
    "a zip for samples": replaced(SAMPLES, zipped),
    "a pickle for samples": replaced(SAMPLES, pickled),
}


UNREADABLE = {"a device for a table", "words for numbers", "a parquet bomb", "a parquet file of many words"}
UNREADABLE |= {"a parquet file with too many rows"}
"""Of these, what stands in the place of ``steps.parquet``."""


@pytest.mark.parametrize("name", FILES)
def test_hostile_files_cost_themselves_alone(run, monkeypatch, undrawn, name):
    def name_samples(value):
        value["dataset"]["samples"] = SAMPLES
        value["trials"][0]["status"] = "failed"  # whose log is shown

    rewrite(run, name_samples)
    FILES[name](run)
    monkeypatch.chdir(run)
    before = len(list(run.rglob("*")))
    harmless(rendered(run))
    text = exported(run.parent / "exports", run)
    harmless(text)
    assert ("run run, torch, repeat 0: steps.parquet is unreadable" in text) == (name in UNREADABLE)
    assert len(list(run.rglob("*"))) == before, "reading wrote something"


@pytest.mark.parametrize(
    "place", ["../outside", "/etc", "trials/../../outside", "\x00", "a" * 5000, ".", "trials/link"]
)
def test_names_that_lead_out_are_not_followed(run, undrawn, place):
    (run / "trials" / "link").symlink_to(run.parent / "outside")
    for name in ("log.txt", "epochs.csv", "samples.npy"):
        (run.parent / "outside" / name).write_text(f"epoch\n{SECRET}\n")

    def lead(value):
        value["trials"][0] |= {"folder": place, "status": "failed"}
        value["dataset"]["samples"] = f"{place}/samples.npy"
        value["contenders"][0]["name"] = value["trials"][0]["contender"] = f"{place}/torch"

    rewrite(run, lead)
    harmless(rendered(run, run))


def test_runs_of_a_sweep_that_are_links_out_of_it_are_named_and_not_read(make_run, tmp_path, undrawn):
    make_run(tmp_path / "sweep" / "0", repeats=1, files=False)
    results = make_run(tmp_path / "elsewhere", repeats=1, files=False)
    results.command = SECRET
    store.write(tmp_path / "elsewhere", results)
    (tmp_path / "sweep" / "1").symlink_to(tmp_path / "elsewhere")
    text = rendered(tmp_path / "sweep")
    harmless(text)
    assert "it is a link out of the folder that was given" in text


def test_names_of_folders_are_text(make_run, tmp_path, capsys, undrawn):
    evil = tmp_path / "<script>alert(1)</script>\nTwo\x1b[31m"
    make_run(evil, repeats=1, files=False)
    make_run(tmp_path / "b", repeats=1, files=False)
    harmless(rendered(evil, tmp_path / "b"))
    (evil / store.NAME).write_text("{")
    assert "\x1b" not in refused(capsys, evil)


def everywhere(value, evil):
    """Return JSON with every text replaced, and every name in what is not of the schema."""
    if isinstance(value, dict):
        return {key: everywhere(item, evil) for key, item in value.items()}
    if isinstance(value, list):
        return [everywhere(item, evil) for item in value]
    return evil if isinstance(value, str) else value


def test_script_in_every_text_is_text(run):
    value = json.loads((run / store.NAME).read_text())
    value = everywhere(value, EVIL)
    for name in ("machine", "conditions", "config", "versions", "pilot"):
        value[name] = {EVIL: EVIL if name == "versions" else {EVIL: [EVIL, 1]}}
    (run / store.NAME).write_text(json.dumps(value))
    harmless(rendered(run))
    harmless(rendered(run, run))


NUMBERS = [None, True, -1, 0, 2**62, 10**400, 1e308, -1e308, 5e-324, float("nan"), float("inf"), [1e308] * 3]
TEXTS_AND_SHAPES = [
    "",
    EVIL,
    "../../etc/passwd",
    "x" * 30_000,
    [],
    {},
    [[]],
    {"a": {"b": [1, None]}},
    [EVIL],
    {"": None},
]
VALUES = st.sampled_from([*NUMBERS, *TEXTS_AND_SHAPES])


def places(value, path=()):
    """Return every place in JSON, of long lists the first two entries."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    return [place for key, item in items for place in [(*path, key), *places(item, (*path, key))]]


def anywhere(examples):
    """Return a test in which hostile values stand at one to three places of a good file."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def test(run, undrawn, data):
        signal.alarm(SECONDS)  # for each example
        value = json.loads((run / store.NAME).read_text())
        for place in data.draw(st.lists(st.sampled_from(places(value)[1:]), min_size=1, max_size=3)):
            found = value
            try:
                for key in place[:-1]:
                    found = found[key]
                found[place[-1]] = data.draw(VALUES)
            except (KeyError, IndexError, TypeError):
                continue  # an earlier change took the place away
        other = run.parent / "other"
        other.mkdir(exist_ok=True)
        (other / store.NAME).write_text(json.dumps(value))
        harmless(rendered(run, other))

    return test


test_anything_anywhere_is_refused_or_shown = anywhere(10)
test_much_anywhere_is_refused_or_shown = pytest.mark.slow(anywhere(400))
