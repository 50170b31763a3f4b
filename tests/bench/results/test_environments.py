from __future__ import annotations

from bench.results.environments import sentence
from bench.results.schema import Contender, Results


def contender(name, framework="PyTorch 2.15.0", backend="torch", python="", **versions):
    return Contender(
        name=name,
        backend=backend,
        framework=framework,
        python=python,
        versions={"numpy": "2.4.6", "python": "3.11"} | versions,
    )


def told(*contenders):
    return sentence(Results(contenders=list(contenders)))


def test_one_installation_is_nothing_to_tell():
    assert told(contender("torch"), contender("tf", "TensorFlow 2.21.0", "tf"), contender("again")) == ""


def test_two_versions_of_a_framework_are_told():
    assert told(
        contender("torch"),
        contender("old", "PyTorch 2.13.0", python="/venvs/old/bin/python", numpy="2.3.0"),
        contender("tf", "TensorFlow 2.21.0", "tf"),
    ) == (
        "not one installation: torch is PyTorch 2.15.0; old is PyTorch 2.13.0, in an environment of its own with "
        "Python 3.11 (numpy 2.3.0 instead of 2.4.6)"
    )


def test_an_interpreter_of_its_own_is_told_though_the_versions_are_the_same():
    said = told(contender("torch"), contender("other", python="/x/bin/python"))
    assert said.startswith("not one installation: other is PyTorch 2.15.0, in an environment of its own")


def test_a_lone_contender_is_compared_with_nobody():
    assert told(contender("torch", python="/x/bin/python")) == ""
