"""The options of the commands, checked before anything is loaded or built."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn, TextIO

import torch

from mnist_cnn.config import TrainConfig
from mnist_cnn.data import SOURCES, data_root
from mnist_cnn.recipes import RECIPES, Recipe

__all__ = ["WHICH", "Unbroken", "parse", "steadily", "try_to_write"]

HELP = {  # of each setting, by its name
    f.name: f.metadata["help"]
    for kind in (TrainConfig, Recipe)
    for f in fields(kind)
    if "help" in f.metadata
}
WHICH = {"mnist": "", "standin": " of the stand-in, not MNIST"}  # beside each number
SHARED = ("epochs", "batch_size", "lr", "seed", "filters")  # with several processes


class Parser(argparse.ArgumentParser):
    """An argument parser that answers a mistake with one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def parse(
    arguments: Sequence[str] | None,
    command: str = "python -m mnist_cnn",
    outputs: Sequence[str] = ("model.pt",),
    several: bool = False,
) -> argparse.Namespace:
    """The options of the command line, with a ``recipe`` made of them.

    outputs: what will be written into the folder ``out``; that this can be done is
    tried at once. several: for several processes, which take the plain recipe alone.
    """
    parser = Parser(
        prog=command,
        description="Train the small VGG on MNIST and write the results to a folder.",
        epilog="Recipes: " + "; ".join(f"{k}, {r.about}" for k, r in RECIPES.items()),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_places(parser)
    if not several:
        about = "what the options below begin with"
        parser.add_argument("--recipe", choices=[*RECIPES], default="plain", help=about)
    chosen = "plain" if several else _chosen(parser, arguments)
    names = SHARED if several else tuple(HELP)
    for name in names:
        _add_setting(parser, name, RECIPES[chosen].settings()[name])
    options, rest = parser.parse_known_args(arguments)
    if rest:
        word = rest[0].split("=")[0]
        alone = word == "--recipe" or word in _flags(HELP)
        why = "is for one process, python -m mnist_cnn" if alone else "is no option"
        parser.error(f"{word} {why}")
    try:
        settings = {name: getattr(options, name) for name in names}
        options.recipe_name = chosen
        options.recipe = RECIPES[chosen].vary(**settings)
        with torch.device("meta"):
            options.recipe.build()
        try_to_write(options.out, outputs)
    except (ValueError, OSError) as e:
        parser.error(str(e))
    return options


def _flags(names: Sequence[str] | dict[str, str]) -> set[str]:
    """The options that set these, as written: --one-cycle and --no-one-cycle."""
    words = [name.replace("_", "-") for name in names]
    return {f"--{no}{word}" for word in words for no in ("", "no-")}


def _add_places(parser: Parser) -> None:
    """Options for where digits come from and where results go."""
    try:
        root = data_root()
    except RuntimeError as e:  # ~ of a user whom nobody knows
        parser.error(f"MNIST_CNN_DATA: {e}")
    add = parser.add_argument
    add("--data", type=Path, default=root, help="folder of the data set")
    add("--source", choices=SOURCES, default="auto", help="which digits")
    add("--out", type=Path, default=Path("runs"), help="folder for the results")


def _chosen(parser: Parser, arguments: Sequence[str] | None) -> str:
    """The recipe that is asked for: the other options' defaults depend on it."""
    words = sys.argv[1:] if arguments is None else arguments
    asked = [word for word in words if word not in ("-h", "--help")]
    known: str = parser.parse_known_args(asked)[0].recipe
    return known


def _add_setting(parser: Parser, name: str, default: Any) -> None:
    """One option, of the type that its default has."""
    flag, about = f"--{name.replace('_', '-')}", HELP[name]
    if isinstance(default, bool):
        switch = argparse.BooleanOptionalAction
        parser.add_argument(flag, action=switch, default=default, help=about)
    else:
        parser.add_argument(flag, type=type(default), default=default, help=about)


def try_to_write(out: Path, names: Sequence[str]) -> None:
    """Make the folder ``out``; OSError where a file there could not be written."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.NamedTemporaryFile(dir=out, prefix=".try-"):
            pass
    except OSError as e:
        raise OSError(f"{out} cannot be written: {e.strerror}") from e
    for name in names:
        if (out / name).exists() and not (out / name).is_file():
            raise OSError(f"{out / name} is in the way: it is no file")


class Unbroken:
    """A stream whose reader may leave or whose disk may fill up: the work goes on.

    ``failure`` is then the reason; what is written later is lost.
    """

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write, or remember why that failed."""
        try:
            return self.stream.write(text)
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written, or remember why that failed."""
        try:
            self.stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.failure = self.failure or error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())  # or Python fails once more at its end
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def steadily(work: Callable[[], int]) -> int:
    """Do ``work`` with a standard output that cannot stop it; returns the exit status.

    Letters that the terminal does not have are written as escapes.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    before, output = sys.stdout, Unbroken(sys.stdout)
    sys.stdout = output
    try:
        status = work()
        output.flush()
    finally:
        sys.stdout = before
    if output.failure:
        print(f"error: standard output failed: {output.failure}", file=sys.stderr)
        return status or 1
    return status
