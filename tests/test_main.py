"""``python -m mnist_cnn``: what it prints, what it writes, how it refuses."""

import json

import pytest
import torch

import mnist_cnn as mc
from mnist_cnn.__main__ import main


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
    assert results["config"] == {
        "epochs": 2,
        "batch_size": 32,
        "lr": 0.01,
        "seed": 0,
        "filters": 3,
    }
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


@pytest.mark.parametrize(
    ("model", "entries", "written"),
    [("linear layer", 2, False), ("VGG", 0, False), ("VGG", 2, True)],
)
def test_stopped_by_the_user(
    small_data, tmp_path, capsys, monkeypatch, model, entries, written
):
    """What there is of the VGG is written, and the status says it was stopped."""
    fit = mc.fit

    def stopped(net, train, test, config):
        history = fit(net, train, test, config, progress=False)
        if isinstance(net, mc.VGG) == (model == "VGG"):
            history = mc.History(
                *[values[:entries] for values in list(vars(history).values())[:5]],
                interrupted=True,
            )
        return history

    monkeypatch.setattr(mc, "fit", stopped)
    options = ["--epochs", 2, "--filters", 2, "--out", tmp_path]
    status, _ = run(capsys, *options)
    assert status == 130
    assert (tmp_path / "model.pt").exists() is written


def test_a_loss_that_is_no_number(small_data, tmp_path, capsys):
    status, printed = run(capsys, "--lr", "1e38", "--out", tmp_path)
    assert status == 1
    assert "learning rate" in printed.err
