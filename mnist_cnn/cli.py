"""The options of the commands, checked before anything is loaded or built."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

import torch

from mnist_cnn.config import TrainConfig
from mnist_cnn.data import SOURCES, data_root
from mnist_cnn.files import as_path
from mnist_cnn.recipes import RECIPES, Recipe

__all__ = ["RESULTS", "SOURCE_NOTES", "WEIGHTS", "parse", "run_command"]

WEIGHTS, RESULTS = "model.safetensors", "results.json"  # in the folder of a run

SOURCE_NOTES = {"mnist": "", "standin": " of the stand-in, not MNIST"}  # with numbers
HELP = {  # of each setting, by its name
    f.name: f.metadata["help"]
    for kind in (TrainConfig, Recipe)
    for f in fields(kind)
    if "help" in f.metadata
}
SHARED = ("epochs", "batch_size", "lr", "seed", "filters")  # with several processes


class Parser(argparse.ArgumentParser):
    """An argument parser that answers a mistake with one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def parse(
    arguments: Sequence[str] | None,
    command: str = "python -m mnist_cnn",
    several: bool = False,
) -> argparse.Namespace:
    """The options of the command line, with a ``recipe`` made of them.

    ``recipe_name`` also tells what was changed of it: "fast with epochs=2".
    several: for several processes, which take the plain recipe alone.
    """
    recipes = {"plain": RECIPES["plain"]} if several else RECIPES
    parser = Parser(
        prog=command,
        description="Train the small VGG on MNIST and write the results to a folder.",
        epilog="Recipes: " + "; ".join(f"{k}, {r.about}" for k, r in recipes.items()),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data", type=Path, default=data_root(), help="folder of the data set")
    add("--source", choices=SOURCES, default="auto", help="which digits")
    add("--out", type=_folder, default=Path("runs"), help="folder for the results")
    add("--recipe", choices=[*recipes], default="plain", help="what to begin with")
    for name in SHARED if several else HELP:
        _add_setting(parser, name, recipes)
    options = parser.parse_args(arguments)
    chosen = RECIPES[options.recipe]
    asked = {name: v for name, v in vars(options).items() if name in HELP}
    try:
        recipe = chosen.vary(**asked)
        with torch.device("meta"):
            recipe.build()
        options.out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=options.out).close()  # can it take the weights?
        for name in (WEIGHTS, RESULTS):
            as_path(options.out / name)  # or is a folder of that name in the way?
    except (ValueError, OSError) as e:
        parser.error(str(e))
    usual = chosen.settings()
    changed = [f"{k}={v}" for k, v in recipe.settings().items() if v != usual[k]]
    name = f"{options.recipe} with {', '.join(changed)}" if changed else options.recipe
    options.recipe, options.recipe_name = recipe, name
    return options


def _folder(text: str) -> Path:
    """Its "~" is the home folder, as in the paths of the files that go there."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - as files.as_path does


def _add_setting(parser: Parser, name: str, recipes: Mapping[str, Recipe]) -> None:
    """An option that is there only if given; its help tells what the recipes have."""
    values = {key: recipe.settings()[name] for key, recipe in recipes.items()}
    shown = ", ".join(f"{key} {value}" for key, value in values.items())
    kind: dict[str, Any] = {"type": type(values["plain"])}
    if kind["type"] is bool:
        kind = {"action": argparse.BooleanOptionalAction}
    parser.add_argument(
        f"--{name.replace('_', '-')}",
        help=f"{HELP[name]} (default: {shown})",
        default=argparse.SUPPRESS,
        **kind,
    )


def run_command(work: Callable[[], int]) -> int:
    """The exit status of ``work``; what stops it costs one line.

    That is Ctrl-C, a loss that is no number, a full disk, a reader of the output that
    leaves. Letters that the terminal does not have are written as escapes.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = work()
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        said, status = "\nstopped by the user", 130
    except (OSError, FloatingPointError) as e:
        said, status = f"error: {e}", 1
    print(said, file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:  # Python would fail once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
