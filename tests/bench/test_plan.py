from __future__ import annotations

import json

import pytest

from bench.errors import RequestError

SHARED = {
    "weight_decay": 0.0, "l2": 0.0, "exclude": [], "clip_value": None, "clip_norm": None, "clip_global_norm": None,
}  # fmt: skip


def test_the_default_plan(plan_of):
    plan = plan_of()
    assert [item.name for item in plan.contenders] == ["tf", "torch"]
    assert (plan.baseline, plan.repeats, plan.plants) == ("tf", 5, [])
    assert plan.network.num_parameters == 116_618
    assert len(plan.splits.train) == 1150
    assert plan.optimizer["learning_rate"] == pytest.approx(0.001)
    assert plan.optimizer["learning_rate"] != 0.001, "rounded to float32"
    assert set(plan.optimizer) == {"name", "learning_rate", "beta_1", "beta_2", "epsilon", *SHARED}
    assert plan.schedule == {"name": "constant", "warmup_steps": 0, "steps": 170, "steps_per_epoch": 17}
    assert plan.config["frameworks"]["tf"]["device"] == "cpu"
    json.dumps(plan.config)


def test_trials_run_in_turns_or_a_b_b_a(plan_of):
    def order(*said):
        plan = plan_of(*said)
        return [(repeat, " ".join(item.name for item in group)) for repeat, group in plan.groups(range(plan.repeats))]

    apart = [(0, "tf"), (0, "torch"), (1, "torch"), (1, "tf"), (2, "tf"), (2, "torch")]
    assert order("measure.interleave=trials", "measure.repeats=3") == apart
    assert order("measure.repeats=2") == [(0, "tf torch"), (1, "tf torch")], "on a CPU"
    assert order("framework=[torch]", "measure.repeats=2") == [(0, "torch"), (1, "torch")]


def test_the_baseline_is_the_first_named_or_the_one_that_is_asked_for(plan_of):
    assert plan_of("framework=[torch,tf]").baseline == "torch"
    assert plan_of("baseline=torch").baseline == "torch"


def test_the_mnist_classic_has_its_parameters(plan_of):
    plan = plan_of("experiment=mnist_mlp", "dataset.source=synthetic")
    assert plan.network.num_parameters == 300_938
    assert plan.scaling == ([pytest.approx(2 / 255)], [-1.0])
    assert (len(plan.splits.train), len(plan.splits.val), len(plan.splits.test)) == (45_000, 15_000, 10_000)
    assert plan.optimizer == {
        "name": "sgd",
        "learning_rate": pytest.approx(0.001),
        "momentum": 0.0,
        "nesterov": False,
        **SHARED,
    }


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("train.batch_size=1151", "train.batch_size=1151: the training split has 1,150 samples; take fewer"),
        ("optimizer.learning_rate=-1", "optimizer.learning_rate=-1: must be at least 0"),
        ("optimizer.learning_rate=1e39", "optimizer.learning_rate=1e+39: must be at least 0 and finite as a float32"),
        ("optimizer.learning_rate=1e-60", "optimizer.learning_rate=1e-60: is 0 as a float32"),
        (f"optimizer.learning_rate=1{'0' * 300}", "must be at least 0 and finite as a float32"),
        ("optimizer.beta_1=1", "optimizer.beta_1=1: must be at least 0 and below 1 as a float32"),
        ("optimizer.beta_2=0.9999999999", "optimizer.beta_2=0.9999999999: must be at least 0 and below 1"),
        ("optimizer.epsilon=-1e-8", "optimizer.epsilon=-1e-08: must be at least 0"),
        ("optimizer=sgd optimizer.momentum=1.5", "optimizer.momentum=1.5: must be at least 0 and below 1"),
        ("optimizer=sgd optimizer.nesterov=true", "optimizer.nesterov=true: needs a momentum"),
        ("optimizer.name=adm", "optimizer.name: there is no 'adm'; did you mean 'adam'? (there are: adadelta, "),
        ("optimizer.name=[adam]", "optimizer.name: there is no"),
        ("optimizer.name=sgd", "optimizer.beta_1: sgd has no such hyperparameter; optimizer=sgd chooses sgd with its"),
        (
            "measure.predict_sizes=[32,0]",
            "measure.predict_sizes=[32, 0]: sizes must be at least 1; [] clocks",
        ),
        ("measure.min_turns=300", "measure.min_turns=300: is more than measure.turns=100; raise that"),
        ("measure.half_width=2", "measure.half_width=2.0: is a share, such as 0.02 for 2 %"),
        ("train.seed=4294967294", "train.seed=4294967294: the last repeat's seed would be 4294967298; the frameworks"),
        ("model.layers=[flatten,{dense:7}]", "model.layers"),
        ("model.layers=[{dense:outputs}]", "model.layers[0].dense"),
        ("model.layers=[flaten]", "did you mean 'flatten'"),
        ("baseline=trch", "baseline=trch: no such contender"),
        ("plant=adam_epsilo", "plant: there is no 'adam_epsilo'; did you mean 'adam_epsilon'?"),
        ("plant=adam_epsilon optimizer=sgd", "plant=adam_epsilon: shows with optimizer=adam or adamw only"),
        ("plant=adam_epsilon framework=torch", "plant=adam_epsilon: needs a contender of backend tf and another one"),
        ("plant=kernel_order framework=torch", "plant=kernel_order: needs a contender of backend torch and another"),
        ("plant=batch_norm_epsilon", "plant=batch_norm_epsilon: shows with a batch_norm layer only, as model=cnn"),
        ("plant=padding model=cnn", "plant=padding: shows with a strided 'same' convolution on an even image only"),
        ("plant=[kernel_order,padding]", "plant=padding: shows with"),
        (
            "train.loss=mean_squared_error",
            "train.loss=mean_squared_error: does not fit digits, a classification task; take sparse_categorical_"
            "crossentropy, categorical_crossentropy or focal, or leave it at auto, "
            "which takes sparse_categorical_crossentropy there",
        ),
        (
            "dataset=breast_cancer train.loss=sparse_categorical_crossentropy",
            "does not fit breast_cancer, a binary task",
        ),
        ("dataset=diabetes train.loss=binary_crossentropy", "auto, which takes mean_squared_error there"),
        ("dataset=diabetes model=cnn", "model.layers[0].conv2d: needs an image (H, W, C), got (10,)"),
        ("plant=target_broadcast", "shows with mean_squared_error only; this run's loss is sparse_categorical"),
        ("plant=from_logits dataset=diabetes", "sparse_categorical_crossentropy or categorical_crossentropy or binary"),
        ("frameworks.tf.device=gpu", "frameworks.tf.device=gpu: this machine has no GPU"),
        ("runtime.device=gpu", "frameworks.tf.device=gpu: this machine has no GPU"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_key(plan_of, said, message):
    with pytest.raises(RequestError) as refused:
        plan_of(*said.split())
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("dataset", "loss", "shape", "outputs"),
    [
        ("digits", "sparse_categorical_crossentropy", (8, 8, 1), 10),
        ("breast_cancer", "binary_crossentropy", (30,), 1),
        ("diabetes", "mean_squared_error", (10,), 1),
    ],
)
def test_loss_and_outputs_are_those_of_the_task(plan_of, dataset, loss, shape, outputs):
    auto, said = plan_of(f"dataset={dataset}"), plan_of(f"dataset={dataset}", f"train.loss={loss}")
    assert auto.config["train"]["loss"] == said.config["train"]["loss"] == loss
    assert auto.content() == said.content()
    assert (auto.network.input_shape, auto.network.outputs) == (shape, outputs)
    assert plan_of(f"dataset={dataset}", "model=linear").network.num_parameters > 0


def test_plants_that_show_are_planned(plan_of):
    assert plan_of("plant=target_broadcast", "dataset=diabetes").plants == ["target_broadcast"]
    assert plan_of("plant=from_logits").plants == ["from_logits"]
    assert plan_of("plant=kernel_order").plants == ["kernel_order"]
    assert plan_of("plant=[kernel_order,adam_epsilon]").plants == ["kernel_order", "adam_epsilon"]
    assert plan_of("plant=batch_norm_momentum", "model=cnn").config["plant"] == ["batch_norm_momentum"]


def test_hyperparameters_that_were_left_out_are_the_specs(plan_of, tmp_path):
    own = tmp_path / "own" / "optimizer"
    own.mkdir(parents=True)
    (own / "plain.yaml").write_text("name: sgd\nlearning_rate: 1\n")
    (own / "poor.yaml").write_text("name: adam\nlearning_rate: 1\nbeta_1: 0.5\nbeta_2: 0.5\n")
    (own / "word.yaml").write_text("name: sgd\nlearning_rate: fast\n")
    found = f"hydra.searchpath=[file://{own.parent}]"
    plan = plan_of("optimizer=plain", found)
    assert plan.optimizer == {"name": "sgd", "learning_rate": 1.0, "momentum": 0.0, "nesterov": False, **SHARED}
    assert isinstance(plan.optimizer["learning_rate"], float)
    with pytest.raises(RequestError, match=r"optimizer\.epsilon: must be set, adam needs it"):
        plan_of("optimizer=poor", found)
    with pytest.raises(RequestError, match=r"optimizer\.learning_rate=fast: must be a number"):
        plan_of("optimizer=word", found)


SAME_WORK = [
    "train.trace=false",
    "measure=quick",
    "framework=torch",
    "baseline=torch",
    "report=false",
    "parity.on_fail=warn",
    "runtime.threads=1",
    "model.name=other",
    "optimizer.beta_1=0.9000000001",
    "optimizer.weight_decay=0",
]
OTHER_WORK = [
    "train.seed=1",
    "train.epochs=11",
    "train.batch_size=32",
    "train.drop_last=false",
    "optimizer.learning_rate=0.002",
    "optimizer=sgd",
    "optimizer.weight_decay=0.1",
    "optimizer.clip_norm=1",
    "schedule=cosine",
    "schedule.warmup_steps=5",
    "model.layers=[flatten,{dense:outputs}]",
    "dataset.split_seed=1",
    "dataset.val_split=0.3",
    "dataset.scaling=[-1,1]",
    "parity.steps=4",
    "parity.batch_size=4",
]


def test_the_content_is_the_work_and_nothing_but_the_work(plan_of):
    content = plan_of().content()
    assert {said: plan_of(said).content() == content for said in SAME_WORK} == dict.fromkeys(SAME_WORK, True)
    others = {plan_of(said).content() for said in OTHER_WORK}
    assert content not in others
    assert len(others) == len(OTHER_WORK)


def test_steps_per_execution_must_divide_the_epoch(plan_of):
    with pytest.raises(RequestError, match="steps_per_execution=7: must divide the 17 training steps"):
        plan_of("frameworks.tf.steps_per_execution=7")


def test_a_last_batch_of_one_is_refused_where_batch_norm_would_meet_it(plan_of):
    with pytest.raises(RequestError, match="leaves a last batch of one sample"):
        plan_of("model=cnn", "train.batch_size=383", "train.drop_last=false")
    assert plan_of("model=mlp", "train.batch_size=383", "train.drop_last=false")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("train.target=96", "train.target=96: an accuracy is a share of one, at most 1, as train.target=0.96"),
        ("train.target=0", "train.target=0: must be above 0; train.target=null sets none"),
        ("train.target=-0.5", "train.target=-0.5: must be at least 0"),
        ("train.target=nan", "train.target=nan: must be"),
        ("train.target=-1 dataset=diabetes", "train.target=-1.0: must be at least 0"),
    ],
)
def test_a_target_that_nobody_can_reach_is_refused(plan_of, said, message):
    with pytest.raises(RequestError) as caught:
        plan_of(*said.split())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_target_is_no_part_of_the_work(plan_of):
    assert plan_of("train.target=0.9").content() == plan_of().content()
    assert plan_of("dataset=diabetes", "train.target=45").config["train"]["target"] == 45


def test_a_half_width_needs_two_contenders(plan_of):
    with pytest.raises(RequestError, match=r"^measure\.half_width=0\.02: is of a ratio, and one contender has none"):
        plan_of("framework=torch", "measure.half_width=0.02")


@pytest.mark.parametrize(("batch", "steps", "together"), [(64, 17, 17), (16, 71, 1), (32, 35, 7), (18, 63, 21)])
def test_steps_per_execution_are_as_many_as_divide_the_epoch(plan_of, batch, steps, together):
    plan = plan_of("framework=[tf_tuned,torch_tuned]", f"train.batch_size={batch}")
    assert len(plan.splits.train) // batch == steps
    assert plan.contenders[0].settings["steps_per_execution"] == together
    assert plan.config["frameworks"]["tf_tuned"]["steps_per_execution"] == together, "written down"
    assert "steps_per_execution" not in plan.contenders[1].settings
