from __future__ import annotations

import dataclasses

import pytest

from bench import gate
from bench.launch import Outcome
from bench.results import certificate, fingerprint
from bench.work import Work


@pytest.fixture
def check(plan_of, children, tmp_path):
    """Run the gate of a plan; return its certificate."""
    count = iter(range(100))

    def run(*said, plan=None, folder="parity"):
        plan = plan or plan_of(*said)
        children.requests.clear()
        return gate.run(plan, Work(plan, tmp_path / f"work-{next(count)}"), tmp_path / folder)

    return run


def fails(message):
    return lambda request: Outcome(status="failed", message=message)


def departs(fingerprint_file, **changes):
    def run(request):
        fingerprint_file(gate.Path(request.folder) / gate.FINGERPRINT, changes, content=request.content)
        return Outcome(status="ok", message="")

    return run


def test_contenders_that_agree_are_certified_and_their_fingerprints_kept(check, children, tmp_path):
    parity = check()
    assert parity.passed is True
    assert sorted(children.tasks()) == [("parity", "tf", 0), ("parity", "torch", 0)]
    assert {path.name for path in (tmp_path / "parity").iterdir()} == {
        f"{name}.{end}" for name in ("tf", "torch") for end in ("safetensors", "log.txt")
    }
    assert fingerprint.load(tmp_path / "parity/tf.safetensors", "tf").num_parameters == 24


def test_a_contender_that_departs_is_named(check, children, fingerprint_file):
    children.instead["parity", "torch", 0] = departs(fingerprint_file, losses=[9.0, 9.0])
    parity = check()
    assert parity.passed is False
    assert parity.message.startswith("torch does not compute what tf does: losses of the steps")
    assert {item.contender for item in parity.checks if not item.passed} == {"torch"}


def test_the_baseline_is_the_one_to_be_held_against(check, children, fingerprint_file):
    children.instead["parity", "torch", 0] = departs(fingerprint_file, loss=[9.0])
    assert check("baseline=torch").message.startswith("tf does not compute what torch does: loss")


def test_a_contender_that_cannot_be_computed_is_named(check, children):
    children.instead["parity", "torch", 0] = fails("RuntimeError: no such layer")
    parity = check()
    assert parity.passed is False
    assert parity.message == "torch left no fingerprint; it could not be computed: RuntimeError: no such layer"


def test_without_the_baseline_nobody_is_certified(check, children):
    children.instead["parity", "tf", 0] = fails("no TensorFlow")
    parity = check()
    assert parity.passed is False
    assert [item.contender for item in parity.checks if not item.passed] == ["tf"]
    assert {item.baseline for item in parity.checks if item.passed} == {certificate.REFERENCE}


def test_a_lone_contender_leaves_its_fingerprint(check, tmp_path):
    assert check("framework=torch").passed is None
    assert (tmp_path / "parity/torch.safetensors").exists()


def test_a_lone_contender_that_cannot_be_computed_fails(check, children):
    children.instead["parity", "torch", 0] = fails("broken")
    assert check("framework=torch").passed is False


def test_a_fingerprint_is_not_computed_twice(check, children, tmp_path):
    check()
    parity = check("measure=quick", "train.trace=false", folder="again")
    assert children.requests == []
    assert parity.passed is True
    assert (tmp_path / "again/tf.safetensors").exists()


@pytest.mark.parametrize("said", ["train.seed=1", "optimizer.learning_rate=0.1", "parity.steps=3", "runtime.threads=1"])
def test_other_work_is_computed_anew(check, children, said):
    check()
    check(said)
    assert len(children.requests) == 2


def test_a_planted_mistake_is_computed_anew(check, children):
    check()
    check("plant=kernel_order")
    assert {name for _, name, _ in children.tasks()} >= {"torch"}


def test_other_versions_are_computed_anew(check, children, plan_of):
    plan = plan_of()
    check(plan=plan)
    newer = dataclasses.replace(plan.contenders[1], versions={"torch": "99"})
    check(plan=dataclasses.replace(plan, contenders=[plan.contenders[0], newer]))
    assert children.tasks() == [("parity", "torch", 0)]


def test_other_code_is_computed_anew(check, children, monkeypatch):
    check()
    monkeypatch.setattr(gate, "_code", lambda: "a line changed")
    check()
    assert len(children.requests) == 2


def test_what_failed_is_tried_again(check, children):
    children.instead["parity", "torch", 0] = fails("out of memory")
    check()
    children.instead.clear()
    assert check().passed is True
    assert children.tasks() == [("parity", "torch", 0)]


def test_a_damaged_cache_is_computed_anew(check, children, cache):
    check()
    for path in (cache / "fingerprints").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    assert check().passed is True
    assert len(children.requests) == 2


def test_a_cache_that_cannot_be_written_costs_nothing(check, plan_of, cache, tmp_path):
    plan = plan_of()
    (cache / "fingerprints").write_text("a file where a folder should be")
    assert check(plan=plan).passed is True
    assert (tmp_path / "parity/tf.safetensors").exists()


def test_no_fingerprint_of_earlier_passes_for_one_that_failed(check, children, tmp_path):
    check()
    children.instead["parity", "torch", 0] = fails("broken")
    check("train.seed=0", "train.epochs=3")
    assert not (tmp_path / "parity/torch.safetensors").exists()


def test_an_interrupt_goes_on(check, children, monkeypatch):
    stopped = []
    monkeypatch.setattr(gate.launch, "stop", lambda: stopped.append(True))

    def interrupt(request):
        raise KeyboardInterrupt

    children.instead["parity", "tf", 0] = interrupt
    with pytest.raises(KeyboardInterrupt):
        check()
    assert stopped == [True]


def test_what_is_corrected_and_what_cannot_be_certified_is_listed(check):
    parity = check("model=cnn")
    assert any("unbiased variance" in note for note in parity.corrected)
    assert any("random masks of dropout_1" in note for note in parity.uncertified)
    assert not any("variance" in note for note in check("model=cnn", "framework=tf").corrected)
    assert any("augmentation (flip)" in note for note in check("pipeline.augment.flip=both").uncertified)
    assert not any("augmentation" in note for note in parity.uncertified)
    plain = check("model.layers=[flatten,{dense:8},gelu,{dense:outputs}]")
    assert plain.corrected == []
    assert not any("masks" in note for note in plain.uncertified)


def test_the_hash_of_the_code_is_over_every_file(monkeypatch, tmp_path):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "train.py").write_text("a = 1\n")
    monkeypatch.setattr(gate.launch, "WORKER", tmp_path / "worker.py")
    before = gate._code()
    assert gate._code() == before
    (tmp_path / "room" / "train.py").write_text("a = 2\n")
    assert gate._code() != before


def test_a_switch_in_the_environment_asks_for_a_new_fingerprint(check, children, monkeypatch):
    check()
    check()
    assert children.tasks() == []
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    check()
    assert len(children.tasks()) == 2


def test_what_another_environment_computed_before_is_not_trusted(check, children):
    other = gate.launch.sys.executable
    for _ in range(2):
        check("framework=torch", f"frameworks.torch.python={other}")
        assert children.tasks() == [("parity", "torch", 0)]
