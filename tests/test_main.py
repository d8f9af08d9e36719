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

FIGURES = {"samples.png", "learning_curves.png", "confusion_matrix.png"}
QUICK = ("--epochs", 1, "--filters", 2)


@pytest.fixture
def small_data(monkeypatch, digits, few):
    monkeypatch.setattr(mc, "load_mnist", lambda root, source: (digits, few))


def run(capsys, *arguments):
    status = main([*map(str, arguments)])
    return status, capsys.readouterr()


def results_in(folder):
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("source", SOURCE_NOTES)
def test_the_whole_job(source, monkeypatch, digits, few, tmp_path, capsys):
    parts = [mc.Digits(d.images, d.labels, source) for d in (digits, few)]
    monkeypatch.setattr(mc, "load_mnist", lambda root, source: parts)
    out = tmp_path / "new" / "runs"
    asked = {"epochs": 2, "lr": 0.01, "filters": 3}
    options = [f"--{name}={value}" for name, value in asked.items()]
    status, printed = run(capsys, *options, "--out", out)
    assert (status, printed.err) == (0, "")
    results = results_in(out)
    accuracy = results["test_accuracy"]
    lines = [line for line in printed.out.splitlines() if line.strip()]
    note = SOURCE_NOTES[source]
    assert lines[-1] == f"test accuracy {100 * accuracy:.2f} %{note}"
    assert lines[0] == f"data: 100 training and 40 test images{note}"
    for name in ("guess", "nearest mean digit", "linear layer", "VGG"):
        assert name in printed.out
        assert name in results["models"]
    assert results["config"] == mc.RECIPES["plain"].vary(**asked).settings()
    assert results["source"] == source
    assert accuracy == results["history"]["test_accuracy"][-1]
    assert len(results["history"]["test_accuracy"]) == 3
    assert mc.evaluate(mc.load(out / "model.safetensors"), few).accuracy == accuracy
    low, high = mc.accuracy_interval(round(accuracy * len(few)), len(few))
    assert f"{100 * low:.2f} to {100 * high:.2f} %" in printed.out
    assert {p.name for p in out.iterdir()} == {
        "model.safetensors",
        "results.json",
        *FIGURES,
    }
    for name in FIGURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")


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
        (["--filters", "100000"], "at most 512, got 100000"),
        (["--recipe", "nonsense"], "nonsense"),
        (["--nonsense"], "--nonsense"),
    ],
    ids=" ".join,
)
def test_bad_values_get_one_line(arguments, words, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_help_lists_the_settings_of_every_recipe_and_makes_no_folder(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MNIST_CNN_DATA", raising=False)
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for name, recipe in mc.RECIPES.items():
        for setting, value in recipe.settings().items():
            flag = f"--{setting.replace('_', '-')}"
            shown = rf"{flag}[ ,][^(]*\(default: [^)]*{name} {value}[,)]"
            assert re.search(shown, text), flag
        assert f"{name}, {recipe.about}" in text
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("recipe", "changed", "name"),
    [
        ("fast", {}, "fast"),
        ("fast", {"epochs": 1}, "fast"),  # as it is anyway
        ("fast", {"epochs": 2, "filters": 2}, "fast with epochs=2, filters=2"),
        ("plain", {"shift": 1.5}, "plain with shift=1.5"),
    ],
)
def test_recipe_and_single_options(small_data, tmp_path, capsys, recipe, changed, name):
    options = [f"--{option}={value}" for option, value in changed.items()]
    status, _ = run(capsys, *options, "--recipe", recipe, "--out", tmp_path)
    assert status == 0
    results = results_in(tmp_path)
    assert results["config"] == mc.RECIPES[recipe].vary(**changed).settings()
    assert results["recipe"] == name


# What is stopped, and what goes wrong


def stop(monkeypatch, kind, steps):
    """Make training of one kind of model stop, as by Ctrl-C, after so many steps."""
    fit = mc.fit

    def stopped(model, train, test, config):
        left = iter(range(steps))

        def count(module, *_):
            if module.training and next(left, None) is None:
                raise KeyboardInterrupt

        if isinstance(model, mc.VGG) == (kind == "VGG"):
            model.register_forward_pre_hook(count)
        return fit(model, train, test, config, progress=False)

    monkeypatch.setattr(mc, "fit", stopped)


@pytest.mark.parametrize(("kind", "steps"), [("linear layer", 4), ("VGG", 0)])
def test_stopped_before_an_epoch_of_the_vgg_it_writes_nothing(
    small_data, tmp_path, capsys, monkeypatch, kind, steps
):
    stop(monkeypatch, kind, steps)
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
    stop(monkeypatch, "VGG", 9)  # four steps an epoch
    status, printed = run(capsys, *options)
    assert status == 130
    assert f"results in {tmp_path / 'stopped'}" in printed.out
    assert finished == {path: path.read_bytes() for path in finished}
    accuracies = results_in(tmp_path / "stopped")["history"]["test_accuracy"]
    assert len(accuracies) == 3  # untrained, and two epochs
    kept = mc.load(tmp_path / "stopped" / "model.safetensors")
    assert mc.evaluate(kept, few).accuracy == accuracies[-1]


def test_a_loss_that_is_no_number(small_data, tmp_path, capsys):
    status, printed = run(capsys, "--lr", "1e38", "--out", tmp_path)
    assert status == 1
    assert "learning rate" in printed.err


def test_a_figure_that_cannot_be_drawn(small_data, tmp_path, capsys, monkeypatch):
    """As with a broken font: weights and results are there before any figure."""

    def broken(history):
        assert results_in(tmp_path)["history"]["seconds"] == history.seconds
        raise RuntimeError("no font\nat all")

    monkeypatch.setattr(mc.plots, "learning_curves", broken)
    status, printed = run(capsys, *QUICK, "--out", tmp_path)
    assert status == 0
    assert printed.err.count("\n") == 1
    assert "no learning_curves.png: RuntimeError: no font at all" in printed.err
    left = {p.name for p in tmp_path.iterdir()} - {"model.safetensors", "results.json"}
    assert left == FIGURES - {"learning_curves.png"}


@pytest.mark.skipif(os.name == "nt", reason="no such folder on Windows")
@pytest.mark.parametrize("out", ["/proc", __file__])
def test_a_folder_that_cannot_take_the_weights_is_found_before_training(out, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--out", out])  # not even root writes into /proc
    error = capsys.readouterr().err
    assert error.startswith("error: [Errno ")
    assert out in error
    assert error.count("\n") == 1


COMMAND = """
import sys
import torch
import mnist_cnn as mc
from mnist_cnn.__main__ import main

digits = mc.Digits(torch.rand(40, 1, 28, 28), torch.arange(40) % 10, "mnist")
mc.load_mnist = lambda root, source: (digits, digits)
sys.exit(main(["--epochs=1", "--filters=2", *sys.argv[1:]]))
"""


def in_a_process(*arguments, stdout=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("settings", ["text.usetex: True", "# f\xfcr Latin-1"])
def test_the_settings_of_other_programs_do_no_harm(settings, tmp_path):
    """A terminal without the folder's letters, a backend and figures of one's own."""
    (tmp_path / "matplotlibrc").write_text(settings, "latin-1")
    done = in_a_process(
        f"--out={tmp_path / 'числа'}",
        PYTHONIOENCODING="cp1252",
        MPLBACKEND="module://not_installed.backend",
        MATPLOTLIBRC=str(tmp_path / "matplotlibrc"),
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u0447" in done.stdout
    assert b"%|" not in done.stdout  # no bar, as this is no terminal
    assert {p.name for p in (tmp_path / "числа").iterdir()} > FIGURES


def test_an_output_whose_reader_left_costs_one_line(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)  # as head does, after its line
    with os.fdopen(writing, "wb") as output:
        done = in_a_process(f"--out={tmp_path}", stdout=output)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: [Errno ")
    assert done.stderr.count(b"\n") == 1
