"""A child's main: training steps inside the harness against the same model in a loop written by hand.

``python bare.py BACKEND TRACE TURNS`` prints JSON: seconds per step of each of TURNS interleaved epochs, by loop.
``same`` is the loop that a user writes to see loss and accuracy of an epoch; ``stripped`` is one that sees nothing.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path

import numpy as np

from frameworks.contract import Data, Request
from frameworks.order import orders
from frameworks.spec import parse

SAMPLES, BATCH, SHAPE = 64 * 50, 64, (28, 28, 1)
LAYERS = ["flatten", {"dense": 256}, "relu", {"dense": 256}, "relu", {"dense": 128}, "relu", {"dense": "outputs"}]
WARM_UP = 4
ADAM = {"name": "adam", "learning_rate": 0.0009765625, "beta_1": 0.875, "beta_2": 0.9990234375, "epsilon": 1e-8}


def request(backend: str) -> Request:
    """Return a request of the classic MLP on random pixels."""
    settings = {"precision": "float32", "device": "cpu", "threads": 2, "jit_compile": False, "compile": False}
    data = Data(x="", y="", splits={}, input_shape=list(SHAPE), outputs=10, scale=[1 / 255], offset=[0.0])
    return Request(
        task="trial",
        contender=backend,
        backend=backend,
        settings=settings,
        folder="",
        layers=LAYERS,
        data=data,
        optimizer=ADAM,
        loss="sparse_categorical_crossentropy",
        train={"seed": 0},
    )


def harness(backend: str, trace: bool, x, y):
    """Return a function that trains one epoch in the harness and returns its seconds per step."""
    if backend == "tf":
        from frameworks.tf.room import Room
    else:
        from frameworks.torch.room import Room
    network = parse(LAYERS, input_shape=SHAPE, outputs=10)
    room = Room(request(backend), network, precision="float32", device="cpu")
    room.build(network.initial_weights(0), len(y) // BATCH if trace else 0)
    samples = room.place(x, y)

    def epoch(order) -> float:
        seconds: list[float] = []
        room.train(samples, order[None], BATCH, True, lambda _, took, *rest: seconds.append(took) or True)
        return seconds[0] / (len(y) // BATCH)

    return epoch


def initial() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (kernel, bias) of each layer: all loops start alike, or one may meet slow denormal numbers sooner."""
    weights = parse(LAYERS, input_shape=SHAPE, outputs=10).initial_weights(0)
    return [(weights[f"dense_{n}/kernel"], weights[f"dense_{n}/bias"]) for n in range(1, 5)]


def tf_by_hand(x, y, watch: bool):
    """Return the same for Keras: a model, ``compile``, ``fit`` from tf.data."""
    import keras
    import tensorflow as tf

    layers = [keras.layers.Dense(n, activation=a) for n, a in ((256, "relu"), (256, "relu"), (128, "relu"), (10, None))]
    rescale = keras.layers.Rescaling(1 / 255)
    model = keras.Sequential([keras.Input(SHAPE, dtype="uint8"), rescale, keras.layers.Flatten(), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Keras's own Adam, as a hand-written script has it: what ours costs against it is part of the question.
    numbers = {key: value for key, value in ADAM.items() if key != "name"}
    model.compile(
        optimizer=keras.optimizers.Adam(**numbers),
        loss=loss,
        metrics=["accuracy"] if watch else None,
        jit_compile=False,
    )
    for layer, (kernel, bias) in zip(layers, initial(), strict=True):
        layer.set_weights([kernel, bias])
    x, y = tf.constant(x), tf.constant(y)

    class Timer(keras.callbacks.Callback):
        """First batch's begin to last batch's end, as the harness has it: setting the iterator up is no step."""

        def on_train_batch_begin(self, batch, logs=None):
            if batch == 0:
                self.begin = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            self.seconds = time.perf_counter() - self.begin

    def epoch(order) -> float:
        index = tf.data.Dataset.from_tensor_slices(order.reshape(-1, BATCH))
        gathered = index.map(lambda i: (tf.gather(x, i), tf.gather(y, i)), num_parallel_calls=tf.data.AUTOTUNE)
        timer = Timer()
        model.fit(gathered.prefetch(tf.data.AUTOTUNE), epochs=1, verbose=0, callbacks=[timer])
        return timer.seconds / (len(order) // BATCH)

    return epoch


def torch_by_hand(x, y, watch: bool):
    """Return the same for PyTorch: a model and a plain loop over a DataLoader."""
    import torch
    from torch import nn

    sizes = [784, 256, 256, 128]
    hidden = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())]
    model = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(128, 10))
    betas = ADAM["beta_1"], ADAM["beta_2"]
    optimizer = torch.optim.Adam(model.parameters(), lr=ADAM["learning_rate"], betas=betas, eps=ADAM["epsilon"])
    criterion = nn.CrossEntropyLoss()
    with torch.no_grad():
        for layer, (kernel, bias) in zip(model[1::2], initial(), strict=True):
            layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
    x, y = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(y)

    class Batches(torch.utils.data.Dataset):
        def __getitem__(self, index):
            return x[index], y[index]

    def epoch(order) -> float:
        index = torch.from_numpy(order).long().split(BATCH)
        loader = torch.utils.data.DataLoader(Batches(), batch_size=None, sampler=index)
        running, right = 0.0, 0
        begin = time.perf_counter()
        for images, labels in loader:
            optimizer.zero_grad()
            outputs = model(images.float() * (1 / 255))
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            if watch:
                running += loss.item() * len(labels)
                right += (outputs.argmax(1) == labels).sum().item()
        return (time.perf_counter() - begin) / (len(order) // BATCH)

    return epoch


def main(backend: str, trace: bool, turns: int) -> dict[str, list[float]]:
    """Return seconds per step by loop; the loops take turns, in a random order."""
    rng = np.random.default_rng()
    x = rng.integers(0, 256, (SAMPLES, *SHAPE), dtype=np.uint8)
    y = rng.integers(0, 10, SAMPLES)
    by_hand = tf_by_hand if backend == "tf" else torch_by_hand
    # The harness first: it sets the threads, which TensorFlow takes only before anything else.
    loops = {
        "harness": harness(backend, trace, x, y),
        "same": by_hand(x, y, True),
        "stripped": by_hand(x, y, False),
    }
    found: dict[str, list[float]] = {name: [] for name in loops}
    for order in orders(0, turns + WARM_UP, SAMPLES):
        for name in rng.permutation(list(loops)):
            found[name].append(loops[name](order))
    return {name: seconds[WARM_UP:] for name, seconds in found.items()}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    print(json.dumps(main(sys.argv[1], sys.argv[2] == "true", int(sys.argv[3]))))
