from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import MissingConfigException

from bench import config
from bench.explain import explain


def said_of(*overrides: str) -> str:
    """Return what is said of `overrides`, which must not compose."""
    config.register()
    folder = str(config.FOLDER)
    with pytest.raises(Exception) as caught, initialize_config_dir(config_dir=folder, version_base="1.3"):  # noqa: PT011
        compose("config", overrides=list(overrides))
    return explain(caught.value, overrides)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("epochs=3", "epochs: no such key; did you mean 'train.epochs'?"),
        ("trane.epochs=3", "trane.epochs: no such key; did you mean 'train.epochs'?"),
        ("modle=cnn", "modle: no such key; did you mean 'model'?"),
        ("framwork=tf", "framwork: no such key; did you mean 'framework'?"),
        ("lernrate=3", "lernrate: no such key; did you mean 'optimizer.learning_rate'?"),
        ("optimizer=sgd optimizer.beta_1=0", "optimizer.beta_1: no such key"),
        (
            "optimizer.momentum=0.9",
            "optimizer.momentum: no such key (this optimizer has: name, learning_rate, beta_1, beta_2, epsilon, "
            "weight_decay, l2, exclude, clip_value, clip_norm, clip_global_norm); those with momentum: "
            "optimizer=sgd or rmsprop",
        ),
        ("optimizer.lr=1", "optimizer.lr: no such key; did you mean 'optimizer.learning_rate'?"),
        ("lr=1", "lr: no such key; did you mean 'optimizer.learning_rate'?"),
        (
            "schedule=cosine schedule.factor=0.1",
            "schedule.factor: no such key (this schedule has: name, min_rate, warmup_steps); those with factor: "
            "schedule=step or exponential or plateau",
        ),
        ("frameworks.torch.api=x", "frameworks.torch.api: no such key (frameworks.torch has: backend, "),
        ("dataset.zzz=1", "dataset.zzz: no such key (this dataset has: name, "),
        ("train.xyzzy=1", "train.xyzzy: no such key (train has: epochs, "),
        ("optimizer=sgd optimizer.momentm=0", "optimizer.momentm: no such key; did you mean 'optimizer.momentum'?"),
        (
            "frameworks.torch.compil=true",
            "frameworks.torch.compil: no such key; did you mean 'frameworks.torch.compile'?",
        ),
        ("framework=tf frameworks.torch.compile=true", "frameworks.torch: no such contender in this race"),
        ("train.epochs=abc", "train.epochs=abc: must be an integer"),
        ("train.epochs=1.5", "train.epochs=1.5: must be an integer"),
        ("train.epochs=null", "train.epochs=null: must not be null"),
        ("measure.seconds=long", "measure.seconds=long: must be a number"),
        ("train.trace=maybe", "train.trace=maybe: must be true or false"),
        ("model.layers=3", "model.layers=3: must be a list"),
        ("train=3", "train=3: is a section with keys of its own, not a value"),
        (
            "frameworks=torch",
            "frameworks=torch: is a section with keys of its own, not a value; did you mean framework=",
        ),
        ("~train.epochs", "~train.epochs: cannot be left out"),
        ("experiment=mnist_mpl", "experiment=mnist_mpl: there is no such experiment; did you mean 'mnist_mlp'?"),
        ("framework=[tf,troch]", "framework=troch: there is no such framework; did you mean 'torch'? (there are: tf, "),
        ("framework=[tf,tf]", "framework=[tf,tf]: names a contender twice"),
        ("framework=null", "framework=null: must be a name (there are: tf, "),
        ("model=mlp,cnn", "model=mlp,cnn without -m: several values make a sweep: add -m"),
        ("mnist", "mnist: not a setting; did you mean 'dataset=mnist'?"),
        ("epochs", "epochs: not a setting: write key=value"),
        ("model.layers=[flatten", "model.layers=[flatten: cannot be read as key=value: check brackets"),
        (
            'train.class_weight={"3":5}',
            """train.class_weight={"3":5}: cannot be read as key=value: names in braces take no quotes: '"""
            "train.class_weight={3:5}'",
        ),
        ("train.sample_weight=[1,2]", "train.sample_weight=[1,2]: must be a word or a path, not a list or a mapping"),
        ("=3", "=3: not a setting"),
    ],
)
def test_the_message_names_the_key_the_value_and_the_remedy(overrides: str, message: str) -> None:
    said = said_of(*overrides.split())
    assert said.startswith(message)
    assert "\n" not in said


def test_a_forgotten_equals_sign_is_put_back() -> None:
    assert said_of("train.epochs 3") == "train.epochs 3: not a setting; did you mean 'train.epochs=3'?"


def test_a_near_name_is_not_invented_where_there_is_none() -> None:
    assert said_of("frameworks.torch.api=x").endswith("; frameworks.tf can have it")
    assert said_of("xyzzy=3") == "xyzzy: no such key"


def test_a_launcher_that_is_not_installed_is_named_with_its_package() -> None:
    error = MissingConfigException("In 'config': could not find it", "hydra/launcher/ray")
    said = explain(error, ["hydra/launcher=ray"])
    assert said == "hydra/launcher=ray: is not installed; python -m pip install hydra-ray-launcher installs it"
