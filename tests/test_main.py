"""``python -m mnist_cnn``: what it prints, what it writes, how it refuses."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

import mnist_cnn as mc
from mnist_cnn.__main__ import main
from mnist_cnn.recipes import has_fast_bfloat16


@pytest.fixture
def small_data(monkeypatch, digits, few):
    monkeypatch.setattr(mc, "load_mnist", lambda root, source: (digits, few))


def run(capsys, *arguments):
    status = main([*map(str, arguments)])
    return status, capsys.readouterr()


def test_the_whole_job(small_data, few, tmp_path, capsys):
    out = tmp_path / "new" / "runs"
    options = ["--epochs", 2, "--filters", 3, "--lr", 0.01, "--out", out]
    status, printed = run(capsys, *options)
    assert status == 0
    results = json.loads((out / "results.json").read_text())
    accuracy = results["test_accuracy"]
    assert printed.out.splitlines()[-1] == f"test accuracy {100 * accuracy:.2f} %"
    for name in ("guess", "nearest mean digit", "linear layer", "VGG"):
        assert name in printed.out
        assert name in results["models"]
    asked = {"epochs": 2, "lr": 0.01, "filters": 3}
    assert results["config"] == mc.RECIPES["plain"].vary(**asked).settings()
    assert accuracy == results["history"]["test_accuracy"][-1]
    assert len(results["history"]["test_accuracy"]) == 3
    assert mc.evaluate(mc.load(out / "model.pt"), few).accuracy == accuracy
    low, high = mc.accuracy_interval(round(accuracy * len(few)), len(few))
    assert f"{100 * low:.2f} to {100 * high:.2f} %" in printed.out
    for name in ("samples", "learning_curves", "confusion_matrix"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_seed_fixes_weights_and_batches(small_data, tmp_path, capsys):
    states = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        options = ["--epochs", 1, "--filters", 2, "--seed", seed]
        run(capsys, *options, "--out", tmp_path / name)
        states.append(mc.load(tmp_path / name / "model.pt").state_dict())
    a, b, c = (torch.cat([v.flatten() for v in s.values()]) for s in states)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "epochs"),
        (["--epochs", "-3"], "epochs"),
        (["--epochs", "two"], "two"),
        (["--batch-size", "0"], "batch_size"),
        (["--lr", "-1"], "lr"),
        (["--lr", "nan"], "lr"),
        (["--filters", "0"], "filters"),
        (["--filters", "100000"], "at most 512, got 100000"),
        (["--batch-size", "9" * 23], "batch_size"),
        (["--label-smoothing", "1"], "label_smoothing"),
        (["--recipe", "nonsense"], "nonsense"),
        (["--seed", "-1"], "seed"),
        (["--nonsense"], "--nonsense"),
    ],
    ids=" ".join,
)
def test_bad_values_get_one_line(arguments, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--out", str(tmp_path / "out")])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1


def test_a_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "file")])
    assert capsys.readouterr().err.startswith("error: ")


def test_unknown_source(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--source", "nonsense", "--out", str(tmp_path / "out")])
    assert capsys.readouterr().err.startswith("error: argument --source: invalid")
    assert not (tmp_path / "out").exists()


def test_a_home_that_nobody_has(monkeypatch, capsys):
    monkeypatch.setenv("MNIST_CNN_DATA", "~nobody-has-this-name/data")
    with pytest.raises(SystemExit, match="2"):
        main(["--help"])
    assert capsys.readouterr().err.startswith("error: MNIST_CNN_DATA: ")


def test_help_shows_the_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for option, default in (
        ("--epochs", "3"),
        ("--batch-size", "32"),
        ("--lr", "0.001"),
        ("--filters", "16"),
        ("--seed", "0"),
        ("--data", str(mc.data_root())),
        ("--out", "runs"),
    ):
        assert option in text
        shown = "".join(text.split())  # a long path is cut at its hyphens
        assert f"(default:{''.join(default.split())})" in shown


def stop(monkeypatch, model, epochs):
    """Make training of the named model stop, as by Ctrl-C, after so many epochs."""
    fit = mc.fit

    def stopped(net, train, test, config):
        steps = []

        def count(module, *_):
            steps.append(module.training)
            if module.training and sum(steps) > epochs * -(
                -len(train) // config.batch_size
            ):
                raise KeyboardInterrupt

        if isinstance(net, mc.VGG) == (model == "VGG"):
            net.register_forward_pre_hook(count)
        return fit(net, train, test, config, progress=False)

    monkeypatch.setattr(mc, "fit", stopped)


@pytest.mark.parametrize(("model", "epochs"), [("linear layer", 1), ("VGG", 0)])
def test_stopped_before_an_epoch_of_the_vgg_it_writes_nothing(
    small_data, tmp_path, capsys, monkeypatch, model, epochs
):
    stop(monkeypatch, model, epochs)
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
    assert len(finished) == 5
    stop(monkeypatch, "VGG", 2)
    status, printed = run(capsys, *options)
    assert status == 130
    assert f"results in {tmp_path / 'stopped'}" in printed.out
    assert finished == {path: path.read_bytes() for path in finished}
    results = json.loads((tmp_path / "stopped" / "results.json").read_text())
    accuracies = results["history"]["test_accuracy"]
    assert len(accuracies) == 3  # untrained, and two epochs
    assert results["test_accuracy"] == accuracies[-1]
    kept = mc.load(tmp_path / "stopped" / "model.pt")
    assert mc.evaluate(kept, few).accuracy == accuracies[-1]


@pytest.mark.parametrize(
    ("recipe", "changed"), [("fast", {"epochs": 2}), ("plain", {"shift": 1.5})]
)
def test_recipe_and_single_options(small_data, tmp_path, capsys, recipe, changed):
    options = [f"--{name}={value}" for name, value in changed.items()]
    options += ["--recipe", recipe, "--filters", 2, "--out", tmp_path]
    status, _ = run(capsys, *options)
    assert status == 0
    results = json.loads((tmp_path / "results.json").read_text())
    expected = mc.RECIPES[recipe].vary(filters=2, **changed).settings()
    # What was computed is recorded: elsewhere fit takes float32
    expected["bfloat16"] &= has_fast_bfloat16(mc.pick_device())
    assert results["config"] == expected
    assert results["recipe"] == recipe


@pytest.mark.parametrize("recipe", mc.RECIPES)
def test_help_lists_the_settings_of_a_recipe(recipe, capsys):
    with pytest.raises(SystemExit):
        main(["--recipe", recipe, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for name, value in mc.RECIPES[recipe].settings().items():
        flag = f"--{name.replace('_', '-')}"
        # Python 3.11 and 3.13 write the two forms of a switch differently
        shown = rf"  ?{flag}[ ,][^(]*\(default: {value}\)"
        assert re.search(shown, text), flag
    for name in mc.RECIPES:
        assert f"{name}, " in text


def test_the_stand_in_is_named_beside_its_numbers(
    monkeypatch, digits, few, tmp_path, capsys
):
    parts = [mc.Digits(d.images, d.labels, "standin") for d in (digits, few)]
    monkeypatch.setattr(mc, "load_mnist", lambda root, source: parts)
    _, printed = run(capsys, "--epochs", 1, "--filters", 2, "--out", tmp_path)
    lines = [line for line in printed.out.splitlines() if line.strip()]
    for line in (lines[0], *lines[-2:]):
        assert "of the stand-in, not MNIST" in line


# What would lose the work of a run is noticed before it, or gets around


@pytest.mark.parametrize("name", ["model.pt", "results.json", "samples.png"])
def test_a_folder_in_the_place_of_a_result(small_data, tmp_path, capsys, name):
    (tmp_path / name).mkdir()
    with pytest.raises(SystemExit, match="2"):
        main(["--out", str(tmp_path)])
    error = capsys.readouterr().err
    assert error == f"error: {tmp_path / name} is in the way: it is no file\n"


COMMAND = """
import sys
import torch
import mnist_cnn as mc
from mnist_cnn.__main__ import main

digits = mc.Digits(torch.rand(40, 1, 28, 28), torch.arange(40) % 10)
mc.load_mnist = lambda root, source: (digits, digits)
sys.exit(main(["--epochs=1", "--filters=2", *sys.argv[1:]]))
"""


NOBODY = """
import os
import sys
from mnist_cnn.__main__ import main

if os.getuid() == 0:
    os.setuid(65534)  # for root, every folder can be written
main(["--out", sys.argv[1]])
"""


@pytest.mark.skipif(os.name == "nt", reason="no such modes on Windows")
def test_a_folder_that_cannot_be_written():
    with tempfile.TemporaryDirectory() as folder:  # where every user can look
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", NOBODY, folder],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        Path(folder).chmod(0o755)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {folder} cannot be written: Permission denied\n"


def in_a_process(out, stdout=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, "-c", COMMAND, f"--out={out}"],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """(the finished process, its folder) in an odd terminal and environment."""
    out = tmp_path_factory.mktemp("runs") / "числа"
    foreign = "module://not_installed.backend"
    return in_a_process(out, PYTHONIOENCODING="cp1252", MPLBACKEND=foreign), out


def test_letters_that_the_terminal_does_not_have(elsewhere):
    done, out = elsewhere
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u0447" in done.stdout
    assert (out / "model.pt").exists()


def test_a_backend_left_over_from_another_program(elsewhere):
    done, out = elsewhere
    assert (done.returncode, done.stderr) == (0, b"")
    assert (out / "confusion_matrix.png").exists()


def test_no_backend_is_left_behind_for_the_programs_started_next(
    small_data, tmp_path, capsys
):
    """As the kernels of notebooks, which draw into the notebook."""
    run(capsys, "--epochs", 1, "--filters", 2, "--out", tmp_path)
    assert "MPLBACKEND" not in os.environ


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_full_standard_output(tmp_path):
    with Path("/dev/full").open("wb") as full:
        done = in_a_process(tmp_path, stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: standard output failed: [Errno 28]")
    assert done.stderr.count(b"\n") == 1
    assert (tmp_path / "results.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise on Windows")
def test_a_reader_that_leaves(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)  # as head does, after its line
    with os.fdopen(writing, "wb") as pipe:
        done = in_a_process(tmp_path, stdout=pipe)
    assert done.stderr == b"error: standard output failed: [Errno 32] Broken pipe\n"
    assert (tmp_path / "results.json").exists()


def test_a_loss_that_is_no_number(small_data, tmp_path, capsys):
    status, printed = run(capsys, "--lr", "1e38", "--out", tmp_path)
    assert status == 1
    assert "learning rate" in printed.err
