"""Where a dataset is taken from: its publishers, a folder of the user's, or made up; and what to say when it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.datasets.cache import cache_folder
from bench.datasets.options import choice, show
from bench.datasets.prepared import About, Progress
from bench.errors import RequestError

if TYPE_CHECKING:
    from bench.datasets.download import Published

NEED_NOTHING = ("digits", "breast_cancer", "diabetes", "synthetic")
"""Datasets that need neither network nor files."""
NOT_PUBLISHED = "checksums differ from the published ones"
"""The note beside every accuracy on files that are right in structure and other in content."""

Place = Literal["download", "root", "synthetic"]


class UnreachableError(RequestError):
    """The files could not be downloaded."""


def place(options: Mapping[str, Any], title: str) -> Place:
    """Return where to take the dataset called `title` from, by ``source``, ``root`` and ``url``; refuse two at once."""
    source = choice(options, "source", ("official", "synthetic"))
    given = [key for key in ("root", "url") if options.get(key) is not None]
    if given and (source == "synthetic" or len(given) > 1):
        said = ", ".join(f"dataset.{key}={show(options[key])}" for key in given)
        beside = " beside dataset.source=synthetic" if source == "synthetic" else ""
        raise RequestError(f"{said}{beside}: say only one place to take {title} from")
    if source == "synthetic":
        return "synthetic"
    return "root" if options.get("root") is not None else "download"


def comes_with_scikit_learn(options: Mapping[str, Any], title: str) -> None:
    """Refuse another source than scikit-learn's own, for a dataset that is always there."""
    choice(options, "source", ("official",))
    for key in ("root", "url"):
        if options.get(key) is not None:
            raise RequestError(
                f"dataset.{key}={show(options[key])}: {title} come with scikit-learn; leave dataset.{key}=null"
            )


def root(options: Mapping[str, Any]) -> Path:
    """Return ``dataset.root``, with ``~`` resolved; refuse one that is not there."""
    path = Path(str(options["root"])).expanduser()
    if not path.exists():
        raise RequestError(f"dataset.root={show(options['root'])}: there is no such folder or file")
    return path


def mirrors(options: Mapping[str, Any], published: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses to download from: ``dataset.url``, a folder, or else those `published`."""
    value = options.get("url")
    if value is None:
        return tuple(published)
    if not str(value).startswith(("http://", "https://")):
        raise RequestError(
            f"dataset.url={show(value)}: must begin with http:// or https:// and name the folder that holds the "
            "published files; for a folder on this machine say dataset.root=FOLDER"
        )
    return (str(value).rstrip("/") + "/",)


def downloaded(
    name: str, files: Sequence[Published], mirrors: Sequence[str], published: Sequence[str], progress: Progress | None
) -> list[Path]:
    """Return where the `files` of the dataset `name` lie, fetched from `mirrors` if need be.

    Raises `UnreachableError`, which says where they are `published`.
    """
    from bench.datasets.download import DownloadError, fetch

    folder = cache_folder() / "downloads" / name
    try:
        return [fetch(file, folder, mirrors, progress) for file in files]
    except DownloadError as error:
        raise unreachable(name, [file.name for file in files], published, error) from error


def unreachable(name: str, files: Sequence[str], published: Sequence[str], cause: object) -> UnreachableError:
    """Return what to say when `files` of the dataset `name` could not be had from where they are `published`."""
    what = (
        "them into one folder and say dataset.root=FOLDER"
        if len(files) > 1
        else "it anywhere and say dataset.root=FILE"
    )
    return UnreachableError(
        f"dataset={name}: the download failed ({cause}). Fetch {', '.join(files)} from {' or '.join(published)} where "
        f"there is network, put {what}; or copy the cache of a machine that has it (PARALLAX_CACHE); or say "
        "dataset.source=synthetic, a stand-in that needs no files; or take a dataset that needs neither network nor "
        f"files: {', '.join(f'dataset={need}' for need in NEED_NOTHING)}"
    )


def stand_in(about: About, **changes: Any) -> About:
    """Return what is to be said of a synthetic stand-in for the dataset that `about` describes."""
    return replace(
        about,
        title=f"synthetic stand-in for {about.title}",
        source="made up by Parallax (dataset.source=synthetic)",
        synthetic=True,
        licence="Apache-2.0",
        citation="",
        note=f"synthetic stand-in: {score(about.task)} say nothing about {about.title}",
        **changes,
    )


def not_published(about: About, **changes: Any) -> About:
    """Return what is to be said of files in the format of `about`'s dataset whose content is not the published one."""
    return replace(
        about,
        title=f"files in the format of {about.title}",
        licence="not known",
        citation="",
        note=NOT_PUBLISHED,
        **changes,
    )


def score(task: str) -> str:
    """Return what the quality of a trained model is called in `task`, in the plural."""
    return "errors" if task == "regression" else "accuracies"
