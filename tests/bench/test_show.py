"""``python -m bench.show``: the table and the drawing of a network, composed as a run is, without any framework."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from bench import layers, show, summary
from bench.results import drawing
from frameworks.spec import parse

SVG = "{http://www.w3.org/2000/svg}"
CONV = {"conv2d": {"filters": 4, "padding": 1}}
STILL = {"conv2d": {"filters": 4, "padding": 1, "name": "first", "trainable": False}}
TREE = [STILL, {"add": [[], [CONV, "batch_norm", CONV]]}, "flatten", {"dense": "outputs"}]


def tree(name="a tree"):
    return parse(TREE, input_shape=(6, 6, 2), outputs=3, name=name)


def shown(capsys, *arguments):
    status = show.run(arguments)
    out, err = capsys.readouterr()
    return status, out, err


def test_the_table_says_what_summaries_say(capsys):
    status, out, _ = shown(capsys, "model=cnn", "dataset=digits")
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith("cnn on (8, 8, 1) (scikit-learn's handwritten digits), 10 outputs")
    row = next(line for line in lines if line.startswith("conv2d_2"))
    assert " ".join(row.split()) == "conv2d_2 conv2d (4, 4, 64) 18,432 18,432 590 kFLOP kernel (3, 3, 32, 64)"
    norm = next(line for line in lines if line.startswith("batch_norm_1")).split("  ")
    assert [part.strip() for part in norm if part.strip()][-4:] == [
        "128", "64", "4.10 kFLOP", "gamma, beta, moving_mean, moving_variance (32,)",
    ]  # fmt: skip
    totals = lines[-3:]
    assert totals[0] == "parameters  21,674: 21,482 trainable, 192 moving statistics, 0 frozen"
    assert totals[1].endswith("86.7 kB of weights in float32")


def test_branches_are_set_in_below_their_join():
    lines = summary.table(tree(), "made up").splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("add_1"))
    assert lines[at + 1 : at + 3] == ["  branch 1: the input itself", "  branch 2"]
    assert lines[at + 3].startswith("    conv2d_2 ")
    assert next(line for line in lines if line.startswith("first")).endswith("(frozen)")
    assert any(line.endswith("8 moving statistics, 76 frozen") for line in lines)


def test_the_dataset_may_be_left_out(capsys):
    status, out, _ = shown(capsys, "model=resnet50", "--input", "224,224,3", "--outputs", "1000")
    assert status == 0
    assert "parameters  25,610,152: 25,557,032 trainable, 53,120 moving statistics, 0 frozen" in out


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("dataset=cifar10", "linear on (32, 32, 3) (CIFAR-10), 10 outputs ("),
        ("dataset=mnist dataset.size=[20,30]", "linear on (20, 30, 1) (MNIST), 10 outputs ("),
        (
            "dataset=fashion_mnist dataset.channels=rgb dataset.source=synthetic",
            "linear on (28, 28, 3) (synthetic stand-in for Fashion-MNIST), 10 outputs (",
        ),
    ],
)
def test_images_of_one_size_need_not_be_there(capsys, monkeypatch, tmp_path, said, first):
    monkeypatch.setenv("PARALLAX_CACHE", str(tmp_path))
    _, out, err = shown(capsys, "model=linear", *said.split())
    assert (out[: len(first)], err) == (first, "")
    assert not list(tmp_path.iterdir())


def test_one_output_and_a_few_bytes(capsys):
    out = shown(capsys, "model.layers=[{dense:outputs}]", "--input", "2", "--outputs", "1")[1]
    assert "(as asked), 1 output (" in out
    assert "12 bytes of weights" in out


@pytest.mark.parametrize("arguments", [["bench.show", "--input", "2", "--outputs", "1"], ["bench", "--help"]])
def test_a_reader_that_has_seen_enough_is_no_error(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    found = subprocess.run([sys.executable, "-m", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (found.returncode, found.stderr) == (0, "")


def test_weights_that_are_given_are_looked_at(capsys, tmp_path):
    status, _, err = shown(capsys, f"model.weights={tmp_path / 'none.npz'}")
    assert (status, err.strip()) == (2, f"model.weights={tmp_path / 'none.npz'}: there is no such file")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model=resnet2"], "model=resnet2: there is no such model; did you mean 'resnet20'?"),
        (
            ["model=cnn", "dataset=diabetes"],
            "model.layers[0].conv2d: needs an image (H, W, C), got (10,) from the data",
        ),
        (["model.layers=[flaten]"], "model.layers[0]: there is no layer 'flaten'; did you mean 'flatten'?"),
        (["model.layer=[flatten]"], "model.layer: no such key; did you mean 'model.layers'?"),
        (["model=cnn,mlp"], "model=cnn,mlp: one value at a time; a list is written [a,b], in quotes"),
        (["--input", "3"], "--input and --outputs: say both, or leave both to the dataset"),
        (["--input", "3,3", "--outputs", "2"], "--input=3,3: must be whole numbers above 0, such as 224,224,3 or 30"),
        (["--input", "x", "--outputs", "2"], "--input=x: must be whole numbers above 0"),
        (["--input", "30", "--outputs", "0"], "--outputs=0: must be whole numbers above 0, such as 10"),
        (["--svg", "here.png"], "--svg=here.png: must end in .svg"),
        (["--svg", "/no/such/folder/a.svg"], "--svg=/no/such/folder/a.svg: cannot be written (No such file"),
        (["dataset=mnist", "dataset.source=sinthetic"], "dataset.source: there is no 'sinthetic'; did you mean"),
        (["--config-dir", "/no/such"], "--config-dir=/no/such: there is no such folder"),
        (["--colour"], "unrecognized arguments: --colour; --help says what there is"),
    ],
)
def test_a_wrong_request_is_one_line_and_status_2(capsys, arguments, message):
    status, _, err = shown(capsys, *arguments)
    assert status == 2
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_a_spec_on_the_command_line_is_called_custom(capsys):
    assert shown(capsys, "model.layers=[flatten,{dense:outputs}]")[1].startswith("custom on (8, 8, 1)")
    assert shown(capsys, "model.layers=[flatten,{dense:outputs}]", "model.name=mine")[1].startswith("mine on ")
    assert shown(capsys, "model=linear")[1].startswith("linear on ")


def test_the_drawing_has_a_box_for_each_layer_and_escapes_names(tmp_path, capsys):
    network = tree("<a> & b")
    root = ET.fromstring(drawing.svg(layers.told(network)))
    words = [item.text for item in root.iter(f"{SVG}text")]
    for node in network.nodes:
        assert words.count(node.name) == 1
    boxes = [item.attrib for item in root.iter(f"{SVG}rect") if "box" in item.get("class", "")]
    assert len(boxes) == len(network.nodes) + 2, "and input and output"
    assert sum("frozen" in box["class"] for box in boxes) == 1
    assert root.find(f"{SVG}title").text.startswith("<a> & b: ")
    wide, high = float(root.get("width")), float(root.get("height"))
    for box in boxes:
        assert 0 <= float(box["x"]) <= float(box["x"]) + float(box["width"]) <= wide
        assert 0 <= float(box["y"]) <= float(box["y"]) + float(box["height"]) <= high
    file = tmp_path / "mlp.svg"
    assert shown(capsys, "model=mlp", "--svg", str(file))[0] == 0
    assert ET.parse(file).getroot().tag == f"{SVG}svg"


def test_boxes_do_not_lie_on_each_other():
    root = ET.fromstring(drawing.svg(layers.told(tree())))
    boxes = [
        tuple(float(item.get(key)) for key in ("x", "y", "width", "height"))
        for item in root.iter(f"{SVG}rect")
        if "box" in item.get("class", "")
    ]
    for index, (x, y, wide, high) in enumerate(boxes):
        for other_x, other_y, _, _ in boxes[index + 1 :]:
            assert abs(x - other_x) >= wide or abs(y - other_y) >= high


def test_no_framework_is_imported():
    code = (
        "import sys; from bench import show; assert show.run(['model=residual_mlp', 'dataset=diabetes']) == 0; "
        "print({'tensorflow', 'keras', 'torch', 'torchvision'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "set()"
