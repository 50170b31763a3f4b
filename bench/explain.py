"""Hydra's errors as one sentence each: the key, the value, the remedy, with the nearest right name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError

from bench.config import FOLDER, NAME
from bench.errors import OTHER_NAMES, nearest

WORDS = {
    r"converted to Integer": "must be an integer",
    r"converted to Float": "must be a number",
    r"is not a valid bool": "must be true or false",
    r"is not Optional": "must not be null",
    r"is not a ListConfig|to List\[": "must be a list: [a,b]",
    r"is not a subclass of|to Dict\[": "is a section with keys of its own, not a value",
    r"to string|not a valid.*str": "must be a word or a path, not a list or a mapping",
    r"does not support deletion": "cannot be left out; it can only be given another value",
}
"""What a value must be, by what OmegaConf says when it is not."""

PLUGINS = {
    "hydra/launcher/joblib": "hydra-joblib-launcher",
    "hydra/launcher/ray": "hydra-ray-launcher",
    "hydra/launcher/submitit_local": "hydra-submitit-launcher",
    "hydra/launcher/submitit_slurm": "hydra-submitit-launcher",
}
"""Packages that bring Hydra further launchers."""

INTERNAL_GROUPS = {"backend", "hydra"}


def explain(error: BaseException, overrides: Sequence[str], config_dir: str | None = None) -> str:
    """Return what `error`, raised while Hydra composed `overrides`, means for the user, in one sentence."""
    if isinstance(error, YAMLError):
        return f"not valid YAML: {' '.join(str(error).split())}"
    if isinstance(error, OverrideParseException):
        return _grammar(error, config_dir)
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    if isinstance(error, MissingConfigException):
        return _missing(error, parsed, config_dir)
    text = str(error)
    for item in parsed:
        if item.is_sweep_override() and text.startswith(("Ambiguous value", "Sweep parameters")):
            return _several_values(item)
        if item.key_or_group == "framework" and "more than once" in text:
            return f"{item.input_line}: names a contender twice; a second of its kind is +framework@frameworks.NAME=…"
        if "Config group override must be" in text and not isinstance(item.value(), str | list):
            return _no_option(item, config_dir)
    cause = next(
        (c for c in (error, error.__cause__, error.__context__) if isinstance(c, OmegaConfBaseException)),
        None,
    )
    file = re.match(r"In '(.+?)'", text)
    if missed := re.search(r"Could not override '(.+?)'", text):
        return _unknown_key(missed[1], _known(parsed, config_dir), f"{file[1]}.yaml: " if file else "")
    if cause is None:
        return " ".join(text.split()) or type(error).__name__
    where = f"{file[1]}.yaml: " if file and file[1] != NAME else ""
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        return _unknown_key(str(cause.full_key), _known(parsed, config_dir), where)
    said = [str(item.input_line) for item in parsed if item.key_or_group == cause.full_key and not where]
    value = "" if cause.value is None else f"={cause.value}"
    message = f"{where}{said[-1] if said else f'{cause.full_key}{value}'}: {expected(cause)}"
    return f"{message}; did you mean framework=…?" if cause.full_key == "frameworks" else message


def expected(error: OmegaConfBaseException) -> str:
    """Return what OmegaConf's `error` asks of the value, in a user's words."""
    text = str(error.msg or error).partition("\n")[0]
    if isinstance(error, ConfigKeyError | ConfigAttributeError):
        return "no such key"
    return next((words for pattern, words in WORDS.items() if re.search(pattern, text)), text)


def _grammar(error: OverrideParseException, config_dir: str | None) -> str:
    text = error.override
    if "=" in text or text.startswith("~"):
        key, _, value = text.partition("=")
        plain = value.strip("'\"")
        if value.startswith("{") and (bare := re.sub(r"""(["'])([\w -]+)\1\s*:""", r"\2:", value)) != value:
            return f"{text}: cannot be read as key=value: names in braces take no quotes: '{key}={bare}'"
        return (
            f"{text}: cannot be read as key=value: check brackets and spaces; a path or a pattern with special signs "
            f"needs quotes inside the shell's: '{key}=\"{plain}\"'"
        )
    loader = loader_with(config_dir)
    meant = next((f"{group}={text}" for group in _groups(loader) if text in _options(loader, group)), None)
    if meant is None and len(words := text.split()) == 2:
        meant = "=".join(words)
    return f"{text}: not a setting" + (
        f"; did you mean '{meant}'?" if meant else ": write key=value, such as model=cnn"
    )


def _missing(error: MissingConfigException, parsed: Sequence[Override], config_dir: str | None) -> str:
    group, _, name = str(error.missing_cfg_file).rpartition("/")
    if package := PLUGINS.get(str(error.missing_cfg_file)):
        return f"{group}={name}: is not installed; python -m pip install {package} installs it"
    options = _options(loader_with(config_dir), group) if group else []
    if not options:
        return f"{error.missing_cfg_file}: there is no such YAML file in conf/ or in a --config-dir of yours"
    said = any(item.key_or_group == group for item in parsed)
    file = re.match(r"In '(.+?)'", str(error))
    where = f"{file[1]}.yaml: " if file and not said and file[1] != NAME else ""
    return f"{where}{group}={name}: there is no such {group}{nearest(name, options)} (there are: {', '.join(options)})"


def _several_values(item: Override) -> str:
    key, _, values = str(item.input_line).partition("=")
    if item.key_or_group == "framework":
        return f"{key}={values} without -m: write '{key}=[{values}]' for a race in one run, or add -m to sweep"
    return f"{key}={values} without -m: several values make a sweep: add -m (a list is written '{key}=[{values}]')"


def _no_option(item: Override, config_dir: str | None) -> str:
    if not item.key_or_group:
        return f"{item.input_line}: not a setting: write key=value, such as model=cnn"
    options = ", ".join(_options(loader_with(config_dir), item.key_or_group)) or "none"
    return f"{item.input_line}: must be a name (there are: {options})"


def _unknown_key(key: str, known: Sequence[str], where: str) -> str:
    parts = key.split(".")
    if parts[0] == "frameworks" and len(parts) > 1:
        contenders = sorted({k.split(".")[1] for k in known if k.startswith("frameworks.")})
        if contenders and parts[1] not in contenders:
            near = nearest(parts[1], contenders)
            return (
                f"{where}frameworks.{parts[1]}: no such contender in this race{near} "
                f"(there are: {', '.join(contenders)}; framework=[…] names them)"
            )
    section, _, last = key.rpartition(".")
    if parts[0] == "dataset" and len(parts) > 1:
        options = [k.removeprefix("dataset.") for k in known if k.startswith("dataset.") and k.count(".") == 1]
        near = nearest(".".join(parts[1:]), options).replace("'", "'dataset.", 1)
        return f"{where}{key}: no such key{near}" + (f" (this dataset has: {', '.join(options)})" if options else "")
    siblings = {k.rpartition(".")[2]: k for k in known if k.rpartition(".")[0] == section}
    elsewhere = {k.rpartition(".")[2]: k for k in known if not k.startswith("frameworks.")}
    others = _who_has(section, last, known)
    meant = OTHER_NAMES.get(last, last)
    found = get_close_matches(meant, siblings, n=1) or get_close_matches(meant, elsewhere, n=1, cutoff=0.7)
    if found and not others:
        return f"{where}{key}: no such key{nearest((elsewhere | siblings)[found[0]], known)}"
    if section and siblings:  # not the nearest of whole keys: their common beginning makes any two of them alike
        what = f"this {section}" if section in ("optimizer", "schedule") else section
        return f"{where}{key}: no such key ({what} has: {', '.join(siblings)}){others}"
    return f"{where}{key}: no such key{nearest(key, known)}"


def _who_has(section: str, name: str, known: Sequence[str]) -> str:
    """Return which other optimizers, schedules or contenders of the race have a key called `name`, in words."""
    from frameworks.reference import OPTIMIZERS, SCHEDULES

    groups: Mapping[str, Mapping[str, type[Any]]] = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}
    if section in groups:
        kinds = groups[section].items()
        owners = [kind for kind, cls in kinds if name in [item.name for item in fields(cls) if item.init]]
        return f"; those with {name}: {section}={' or '.join(owners)}" if owners else ""
    owners = [k.rpartition(".")[0] for k in known if k.startswith("frameworks.") and k.endswith(f".{name}")]
    return f"; {' and '.join(owners)} can have it" if owners and section.startswith("frameworks.") else ""


def _known(parsed: Sequence[Override], config_dir: str | None) -> list[str]:
    """Return every dotted key and every group there is, with the groups chosen in `parsed` where they compose."""
    loader = loader_with(config_dir)
    groups = _groups(loader)
    chosen = [str(i.input_line) for i in parsed if i.key_or_group in groups and not i.is_sweep_override()]
    paths = [str(i.input_line) for i in parsed if i.key_or_group == "hydra.searchpath"]
    for attempt in ([*chosen, *paths], paths, []):
        with suppress(HydraException, OmegaConfBaseException, ValueError, YAMLError):
            config = loader.load_configuration(NAME, attempt, RunMode.RUN)
            return [*groups, *_keys(config)]
    return groups


def _options(loader: ConfigLoader, group: str) -> list[str]:
    return sorted(loader.get_group_options(group))


def _groups(loader: ConfigLoader) -> list[str]:
    return [group for group in loader.list_groups("") if group not in INTERNAL_GROUPS]


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for name, value in node.items_ex(resolve=False):
        key = str(name)
        if f"{prefix}{key}" == "hydra":
            continue
        yield f"{prefix}{key}"
        if isinstance(value, DictConfig):
            yield from _keys(value, f"{prefix}{key}.")


def loader_with(config_dir: str | None) -> ConfigLoader:
    """Return a config loader of one's own: Hydra has put its away by the time an error is explained."""
    path = create_config_search_path(str(FOLDER))
    if config_dir is not None:
        where = SearchPathQuery(provider="schema")
        path.prepend("command-line", f"file://{Path(config_dir).resolve()}", where)
    return ConfigLoaderImpl(config_search_path=path)
