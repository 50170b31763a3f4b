from __future__ import annotations

from pathlib import Path

from bench.results.schema import Dataset, Model, Results
from reports.load import Run
from reports.settings import ordered, varying


def run(*overrides, config=None, conditions=None, dataset="digits"):
    data = Dataset(name=dataset, title="", source="", synthetic=False, input_shape=[64], classes=[])
    model = Model(name="mlp", parameters=0, flops=0)
    results = Results(config=config or {}, conditions=conditions or {}, dataset=data, model=model)
    return Run(folder=Path(), name="0", overrides=list(overrides), results=results)


def test_only_what_varies_is_told_by_the_last_part_of_its_name():
    runs = [run("dataset=mnist", f"train.batch_size={size}", "+train.epochs=5") for size in (32, 64)]
    assert varying(runs) == [{"batch_size": "32"}, {"batch_size": "64"}]


def test_names_that_end_alike_are_told_in_full():
    runs = [run(f"optimizer.name={name}", f"model.name=m{name}") for name in ("sgd", "adam")]
    assert list(varying(runs)[0]) == ["optimizer.name", "model.name"]


def test_who_was_not_told_has_what_it_was_configured_with():
    config = {"train": {"batch_size": 64}, "dataset": {"name": "digits", "path": "x"}}
    runs = [run("train.batch_size=32", "dataset=mnist"), run(config=config)]
    assert varying(runs) == [{"batch_size": "32", "dataset": "mnist"}, {"batch_size": "64", "dataset": "digits"}]


def test_contenders_are_no_setting():
    runs = [run("framework=tf", "dataset=a"), run("framework=torch", "dataset=b")]
    assert varying(runs) == [{"dataset": "a"}, {"dataset": "b"}]


def test_folders_side_by_side_differ_in_data_and_conditions():
    runs = [run(conditions={"threads": 1, "device": "cpu"}), run(conditions={"threads": 2, "device": "cpu"})]
    assert varying(runs) == [{"threads": "1"}, {"threads": "2"}]
    assert varying([run(), run(dataset="mnist")]) == [{"dataset": "digits"}, {"dataset": "mnist"}]
    assert varying([run(), run()]) == [{}, {}]


def test_numbers_go_by_size_and_words_as_they_come():
    assert ordered(["64", "8", "128", "8"]) == ["8", "64", "128"]
    assert ordered(["mlp", "cnn", "8"]) == ["mlp", "cnn", "8"]
