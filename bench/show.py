"""``python -m bench.show model=cnn dataset=mnist``: the network, layer by layer, without any framework.

0: shown; 2: the request was wrong; 130: interrupted.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from bench import datasets, entry, layers, summary
from bench.compose import settled
from bench.errors import RequestError
from bench.job import INTERRUPTED, OK, REFUSED
from bench.plan import parsed
from bench.preparing import Preparing
from bench.results import drawing
from frameworks.spec import Network

HELP = f"""\
Shows a network as the spec has it: each layer's output, parameters and work; imports no framework.

  python -m bench.show model=resnet20 dataset=cifar10
  python -m bench.show model=resnet50 --input 224,224,3 --outputs 1000
  python -m bench.show model=mlp --svg mlp.svg
  python -m bench.show 'model.layers=[flatten,{{dense: 10}}]'

The settings are those of python -m bench. The dataset says what comes in and what is asked for, and is prepared where
it has not been, but for those of one size (cifar10, mnist, fashion_mnist); --input and --outputs say so in its place.
FLOPs are of one sample's forward pass, two for a multiply-add; an output is (height, width, channels) or (features,).
Exit status: {OK}: shown; {REFUSED}: the request was wrong; {INTERRUPTED}: interrupted."""


def main() -> None:
    """Run the command line of this process and exit."""
    entry.main(run)


def run(arguments: Sequence[str]) -> int:
    """Print the table of the network that `arguments` compose, draw it where asked, and return the exit status."""
    parser = entry.parser("bench.show", HELP, "settings, as of python -m bench")
    parser.add_argument("--input", help="a sample's shape in place of the dataset's: 224,224,3 or 30", metavar="SHAPE")
    parser.add_argument("--outputs", help="what is asked for in place of the dataset's: 1000", metavar="N")
    parser.add_argument("--svg", help="draw the network into this file", metavar="FILE")
    return entry.status(parser, arguments, _show)


def _show(given: Namespace) -> int:
    network, source = _network(given)
    print(summary.table(network, source), flush=True)
    if given.svg:
        _draw(network, Path(given.svg))
    return OK


def _network(given: Namespace) -> tuple[Network, str]:
    """Return the network, and where its input and outputs come from, in words."""
    settings = settled(given.overrides, given.config_dir)
    model: Any = OmegaConf.to_container(settings.model)
    if (given.input is None) != (given.outputs is None):
        raise RequestError("--input and --outputs: say both, or leave both to the dataset")
    if given.input is not None:
        shape, (outputs,) = _sizes("--input", given.input, (1, 3)), _sizes("--outputs", given.outputs, (1,))
        return parsed(model, shape, outputs, "classification")[0], "as asked"
    return _of_dataset(settings, model)


def _of_dataset(settings: DictConfig, model: dict[str, Any]) -> tuple[Network, str]:
    options: Any = OmegaConf.to_container(settings.dataset)
    if known := datasets.known(options):  # no download for a table
        shape, about = known
        return parsed(model, shape, about.outputs, about.task)[0], about.title
    with Preparing() as progress:
        prepared = datasets.prepare(options, progress)
    return parsed(model, prepared.input_shape, prepared.outputs, prepared.task)[0], prepared.title


def _sizes(flag: str, text: str, lengths: tuple[int, ...]) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in text.strip("()[]").split(",") if part.strip())
    except ValueError:
        sizes = ()
    if len(sizes) not in lengths or min(sizes) < 1:
        example = "224,224,3 or 30" if 3 in lengths else "10"
        raise RequestError(f"{flag}={text}: must be whole numbers above 0, such as {example}")
    return sizes


def _draw(network: Network, file: Path) -> None:
    if file.suffix != ".svg":
        raise RequestError(f"--svg={file}: must end in .svg")
    try:
        file.write_text(drawing.svg(layers.told(network)), encoding="utf-8")
    except OSError as error:
        raise RequestError(f"--svg={file}: cannot be written ({error.strerror})") from error
    print(f"Drawn in {file}")


if __name__ == "__main__":
    main()
