"""``python -m mnist_cnn``: what it prints, what it writes, how it refuses."""

import json
import os
import re
import subprocess
import sys

import pytest
import torch

import mnist_cnn as mc
from mnist_cnn.__main__ import main
from mnist_cnn.cli import SOURCE_NOTES
from mnist_cnn.devices import has_fast_bfloat16

FIGURES = {"samples.png", "learning_curves.png", "confusion_matrix.png"}
QUICK = ("--epochs", 1, "--filters", 2)
NO_WINDOWS = pytest.mark.skipif(os.name == "nt", reason="Windows has no such folder")


@pytest.fixture
def small_data(monkeypatch, digits, few):
    monkeypatch.setattr(mc, "load_mnist", lambda root, source: (digits, few))


def run(capsys, *arguments):
    status = main([*map(str, arguments)])
    return status, capsys.readouterr()


def results_in(folder):
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize(("source", "note"), SOURCE_NOTES.items())
def test_the_whole_job(source, note, monkeypatch, digits, few, tmp_path, capsys):
    parts = [mc.Digits(d.images, d.labels, source) for d in (digits, few)]
    monkeypatch.setattr(mc, "load_mnist", lambda root, source: parts)
    out, changed = tmp_path / "new" / "runs", {"epochs": 2, "lr": 0.01, "filters": 3}
    options = [f"--{name}={value}" for name, value in changed.items()]
    status, printed = run(capsys, *options, "--out", out)
    assert (status, printed.err) == (0, "")
    results = results_in(out)
    accuracy = results["test_accuracy"]
    lines = printed.out.splitlines()
    assert lines[0] == f"data: 100 training and 40 test images{note}"
    assert lines[-1] == f"test accuracy {100 * accuracy:.2f} %{note}"
    for name in ("guess", "nearest mean digit", "linear layer", "VGG"):
        assert name in printed.out
        assert name in results["models"]
    low, high = mc.accuracy_interval(round(accuracy * len(few)), len(few))
    assert f"{100 * low:.2f} to {100 * high:.2f} %" in printed.out
    assert results["config"] == mc.RECIPES["plain"].vary(**changed).settings()
    assert results["recipe"] == "plain with epochs=2, lr=0.01, filters=3"
    assert results["source"] == source
    assert len(results["history"]["test_accuracy"]) == 3
    assert accuracy == results["history"]["test_accuracy"][-1]
    assert mc.evaluate(mc.load(out / "model.safetensors"), few).accuracy == accuracy
    written = {path.name: path.read_bytes() for path in out.iterdir()}
    assert written.keys() == FIGURES | {"model.safetensors", "results.json"}
    assert all(written[name].startswith(b"\x89PNG") for name in FIGURES)


def test_the_seed_fixes_weights_and_batches(small_data, tmp_path, capsys):
    states = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(capsys, *QUICK, "--seed", seed, "--out", tmp_path / name)
        states.append(mc.load(tmp_path / name / "model.safetensors").state_dict())
    a, b, c = (torch.cat([v.flatten() for v in s.values()]) for s in states)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "epochs"),
        (["--epochs", "two"], "two"),
        (["--lr", "nan"], "lr"),
        (["--epochs", "1000000000"], "got 1000000000"),
        (["--recipe", "nonsense"], "nonsense"),
        (["--nonsense"], "--nonsense"),
        (["--out", __file__], "test_main.py"),
        pytest.param(["--out", "/proc"], "/proc", marks=NO_WINDOWS),  # even by root
    ],
)
def test_bad_values_get_one_line(arguments, words, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--out", str(tmp_path / "out"), *arguments])
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_help_lists_the_settings_of_every_recipe(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for name, recipe in mc.RECIPES.items():
        for setting, value in recipe.settings().items():
            flag = f"--{setting.replace('_', '-')}"
            shown = rf"{flag}[ ,][^(]*\(default: [^)]*{name} {value}[,)]"
            assert re.search(shown, text), flag
        assert f"{name}, {recipe.about}" in text


@pytest.mark.parametrize(
    ("recipe", "changed"),
    [
        ("fast", {"shift": 1.5}),
        ("fast", {"batch_norm": False}),  # and 16 bits, as the recipe has it
        ("plain", {"epochs": 1, "bfloat16": True}),
    ],
)
def test_a_recipe_with_other_settings(recipe, changed, small_data, tmp_path, capsys):
    changed |= {"filters": 2}
    words = [
        f"--{'' if v else 'no-'}{k}" if isinstance(v, bool) else f"--{k}={v}"
        for k, v in changed.items()
    ]
    options = [f"--recipe={recipe}", *(word.replace("_", "-") for word in words)]
    assert run(capsys, *options, "--out", tmp_path)[0] == 0
    results, asked = results_in(tmp_path), mc.RECIPES[recipe].vary(**changed).settings()
    asked["bfloat16"] &= has_fast_bfloat16(mc.pick_device())
    assert results["config"] == asked
    name, others = results["recipe"].split(" with ")
    assert name == recipe
    assert {*others.split(", ")} == {f"{k}={v}" for k, v in changed.items()}


# What is stopped, and what goes wrong


def stop(monkeypatch, steps):
    """Make training stop, as by Ctrl-C, after so many steps of the optimizer."""
    step, left = torch.optim.Adam.step, iter(range(steps))

    def counted(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", counted)


@pytest.mark.parametrize("steps", [4, 12], ids=["linear layer", "VGG"])
def test_stopped_before_an_epoch_of_the_vgg_it_writes_nothing(
    small_data, tmp_path, capsys, monkeypatch, steps
):
    stop(monkeypatch, steps)  # four an epoch, and three epochs
    status, printed = run(capsys, "--filters", 2, "--out", tmp_path)
    assert status == 130
    assert "nothing written" in printed.out
    assert not any(tmp_path.iterdir())


def test_a_stopped_run_replaces_no_finished_one(
    small_data, few, tmp_path, capsys, monkeypatch
):
    options = ["--epochs", 3, "--filters", 2, "--lr", 0.01, "--out", tmp_path]
    assert run(capsys, *options)[0] == 0
    finished = {path: path.read_bytes() for path in tmp_path.iterdir()}
    stop(monkeypatch, 12 + 9)
    status, printed = run(capsys, *options)
    assert status == 130
    assert f"results in {tmp_path / 'stopped'}" in printed.out
    assert finished == {path: path.read_bytes() for path in finished}
    accuracies = results_in(tmp_path / "stopped")["history"]["test_accuracy"]
    assert len(accuracies) == 3  # untrained, and two epochs
    kept = mc.load(tmp_path / "stopped" / "model.safetensors")
    assert mc.evaluate(kept, few).accuracy == accuracies[-1]


COMMAND = """
import sys, torch
import mnist_cnn as mc
from mnist_cnn.__main__ import main

digits = mc.Digits(torch.rand(40, 1, 28, 28), torch.arange(40) % 10, "mnist")
mc.load_mnist = lambda root, source: (digits, digits)
sys.exit(main(["--epochs=1", "--filters=2", *sys.argv[1:]]))
"""


@pytest.mark.parametrize("settings", ["text.usetex: True", "# f\xfcr Latin-1"])
def test_the_settings_of_other_programs_do_no_harm(settings, tmp_path):
    """A terminal without the folder's letters, a backend and figures of one's own."""
    out = tmp_path / "числа"
    (tmp_path / "matplotlibrc").write_text(settings, "latin-1")
    others = {
        "PYTHONIOENCODING": "cp1252",
        "MPLBACKEND": "module://not_installed.backend",
        "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"),
    }
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, f"--out={out}"],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | others,
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u0447" in done.stdout
    assert b"%|" not in done.stdout  # no bar, as this is no terminal
    assert {path.name for path in out.iterdir()} > FIGURES
