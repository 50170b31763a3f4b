from __future__ import annotations

from pathlib import Path

import pytest

from bench.__main__ import run


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("framework=[]", "framework=[]: name at least one contender"),
        ("baseline=trch", "baseline=trch: no such contender in this race; did you mean 'torch'?"),
        ("runtime.device=gp", "runtime.device=gp: must be auto, cpu or gpu; did you mean 'gpu'?"),
        ("frameworks.torch.device=gp", "frameworks.torch.device=gp: must be auto, cpu or gpu"),
        ("train.epochs=0", "train.epochs=0: must be at least 1"),
        ("measure.seconds=inf", "measure.seconds=inf: must be at least 0"),
        ("optimizer.learning_rate=abc", "optimizer.learning_rate=abc: must be a number"),
        ("dataset.split_seed=0.5", "dataset.split_seed=0.5: must be an integer"),
        ("model.name=cnn", "model.name=cnn: the layers are still those of mlp; model=cnn chooses cnn"),
        ("+optimizer.lr=1", "optimizer.lr: no such key; did you mean 'optimizer.learning_rate'?"),
        ("+optimizer.momentum=1", "optimizer.momentum: no such key (there are: name, learning_rate, "),
        ("+train.xyzzy=1", "train.xyzzy: no such key (there are: epochs, batch_size, "),
        ("+dataset.rot=1", "dataset.rot: no such key; did you mean 'dataset.root'?"),
        ("+train.epoch=1", "train.epoch: no such key; did you mean 'train.epochs'?"),
        ("model=[mlp,cnn]", "model=[mlp,cnn]: name one"),
        ("train.epochs=${foo}", "train.epochs: Interpolation key 'foo' not found"),
        ("train.batch_size=6000", "train.batch_size=6000: the data has fewer samples"),
        ("experiment=uninvited", "frameworks.torch_compile: is set, but 'torch_compile' is not in the race"),
        ("experiment=typo", "experiment/typo.yaml: train.epoch: no such key; did you mean 'train.epochs'?"),
        ("experiment=typo_in_data", "dataset.rot: no such key; did you mean 'dataset.root'?"),
        ("experiment=word", "experiment/word.yaml: train.epochs=many: must be an integer"),
        ("experiment=broken", "not valid YAML"),
        ("model=wrong", "model/wrong.yaml: model.layer: no such key; did you mean 'model.layers'?"),
        ("model=nameless", "model.name: must be set"),
        ("framework=wrong", "frameworks.wrong.compil: no such key; did you mean 'compile'?"),
        ("framework=other", "frameworks.other.backend=jax: there is no such backend"),
    ],
)
def test_what_composes_and_cannot_be_meant_is_refused(
    setting: str, message: str, races, my_conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--config-dir", str(my_conf), setting]) == 2
    assert capsys.readouterr().err.startswith(message)
    assert not races.run
    assert not Path("outputs").exists()


def test_what_is_not_set_in_a_contender_is_its_backends_default(races, my_conf: Path) -> None:
    assert run(["--config-dir", str(my_conf), "framework=mine", "runtime.threads=3"]) == 0
    [(settings, *_)] = races.run
    given = {"backend": "torch", "compile": True, "threads": 3, "precision": "float32", "tf32": False, "device": "auto"}
    assert given.items() <= dict(settings.frameworks.mine).items()
    assert settings.frameworks.mine.compile_mode == "default"


def test_a_setting_for_a_contender_that_is_in_the_race_is_taken(races, my_conf: Path) -> None:
    assert run(["--config-dir", str(my_conf), "experiment=uninvited", "framework=[tf,torch_compile]"]) == 0
    assert list(races.run[0][0].frameworks) == ["tf", "torch_compile"]


@pytest.mark.parametrize(("said", "meant"), [("mse", "mean_squared_error"), ("mae", "mean_absolute_error")])
def test_a_loss_is_known_by_its_short_name(said: str, meant: str, races, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([f"train.loss={said}"]) == 2
    assert capsys.readouterr().err.endswith(f"; did you mean '{meant}'?\n")
