"""``python -m bench.show model=cnn dataset=mnist``: the network, layer by layer, without any framework.

0: shown; 2: the request was wrong; 130: interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from omegaconf import DictConfig, OmegaConf

from bench import datasets, layers, summary
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Print the table of the network that `arguments` compose, draw it where asked, and return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m bench.show",
        description=HELP.replace("%", "%%"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("overrides", nargs="*", help="settings, as of python -m bench", metavar="KEY=VALUE")
    parser.add_argument("--config-dir", "-cd", help="a folder with YAML files of your own, next to Parallax's")
    parser.add_argument("--input", help="a sample's shape in place of the dataset's: 224,224,3 or 30", metavar="SHAPE")
    parser.add_argument("--outputs", help="what is asked for in place of the dataset's: 1000", metavar="N")
    parser.add_argument("--svg", help="draw the network into this file", metavar="FILE")
    parser.error = _refuse  # type: ignore[method-assign]  # argparse's own prints its usage at length
    try:
        given = parser.parse_intermixed_args(list(arguments))
        if given.config_dir is not None and not Path(given.config_dir).is_dir():
            raise RequestError(f"--config-dir={given.config_dir}: there is no such folder")
        network, source = _network(given)
        print(summary.table(network, source), flush=True)
        if given.svg:
            _draw(network, Path(given.svg))
        return OK
    except RequestError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # … | head has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains when it flushes on its way out
        return OK
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED


def _refuse(message: str) -> NoReturn:
    raise RequestError(f"{message}; --help says what there is")


def _network(given: argparse.Namespace) -> tuple[Network, str]:
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
        return parsed(model, shape, len(about.classes), about.task)[0], about.title
    with Preparing() as progress:
        prepared = datasets.prepare(options, progress)
    outputs = len(prepared.classes) if prepared.task == "classification" else 1
    return parsed(model, prepared.input_shape, outputs, prepared.task)[0], prepared.title


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
