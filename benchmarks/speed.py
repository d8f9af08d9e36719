"""How fast the series runs, as ratios from runs that alternate.

    python benchmarks/speed.py [--record] [section ...]

Prints a table a section and writes runs/speed.json, section by section, each in a
process of its own; one can be run again alone. Results stand under the instructions
that the processor has, as AVX2. With --record it writes mnist_cnn/studies/speed.json,
which notebook 10 shows. Close other programs first. On a machine where timings swing,
trust the ratios: both sides of each were measured in turn.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import ablations
import numpy as np
import torch
from baselines import Example, Usual
from PIL import Image
from torch import nn

import mnist_cnn as mc
from mnist_cnn import distributed
from mnist_cnn.devices import has_fast_bfloat16

ROOT = Path(__file__).parent.parent
OWN = ROOT / "runs" / "speed.json"
STUDY = ROOT / "mnist_cnn" / "studies" / "speed.json"
SOME = 12_000  # images, for what differs little from one step to the next
TARGET, MOST_EPOCHS = 0.99, 14  # test accuracy to reach, and when to give up
PROCESSOR = torch.backends.cpu.get_cpu_capability()
SIXTEEN_BITS = has_fast_bfloat16(torch.device("cpu"))  # others would only imitate them


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(contenders: dict[str, Callable], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender, one after the other, round after round.

    A contender that returns a float has taken its own time.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            start = time.perf_counter()
            own = work()
            took = time.perf_counter() - start
            times[name].append(own if isinstance(own, float) else took)
    return times


def ratio(times: dict[str, list[float]], name: str, base: str) -> float:
    """The median over the rounds of one contender's time by the other's."""
    pairs = zip(times[name], times[base], strict=True)
    return statistics.median(a / b for a, b in pairs)


def fitter(
    digits, bfloat16: bool = False, compiled: bool = False
) -> tuple[Callable, nn.Module]:
    """``fit`` with the recipe, an epoch a call, and the model it trains.

    The time is that of the training, as with the usual loop: not of measuring the model
    before and after.
    """
    mc.seed_everything(0)
    model = mc.VGG()
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    seeds = iter(range(100))
    few = digits[1].first(1)
    if compiled:
        model.compile(dynamic=False)  # each batch size apart: the fastest code

    def epoch() -> float:
        config = mc.TrainConfig(epochs=1, seed=next(seeds), bfloat16=bfloat16)
        history = mc.fit(model, digits[0], few, config, optimizer=adam, progress=False)
        return history.seconds[1]

    return epoch, model


def epoch_section(digits) -> dict:
    """Three epochs of the recipe, as everybody writes it and by ``fit``."""
    usual = Usual(seed=0)
    ours, model = fitter(digits)
    contenders: dict[str, Callable] = {"usual loop": usual.epoch, "fit": ours}
    accuracies = {
        "usual loop": usual.accuracy,
        "fit": lambda: mc.evaluate(model, digits[1]).accuracy,
    }
    if SIXTEEN_BITS:
        contenders["fit, bfloat16"], model16 = fitter(digits, bfloat16=True)
        accuracies["fit, bfloat16"] = lambda: mc.evaluate(model16, digits[1]).accuracy
    times = in_turn(contenders, rounds=3)
    # A multiply-add is two operations, and going back takes twice the way there; those
    # with the zeros around an image count, and the images' gradients, which none needs
    work = 6 * sum(row.multiply_adds for row in mc.trace(model)) * len(digits[0])
    rate = work / statistics.median(times["fit"]) / 1e9
    product = matmul_rate()
    return {
        "threads": torch.get_num_threads(),
        "seconds": times,
        **{
            f"{name} / usual loop": ratio(times, name, "usual loop")
            for name in times
            if name != "usual loop"
        },
        "accuracy": {name: measure() for name, measure in accuracies.items()},
        "GFLOP/s of fit": rate,
        "GFLOP/s of a matrix product": product,
        "fit / matrix product": rate / product,
    }


def compile_section(digits) -> dict:
    """``fit`` with the model as it is, and compiled, which takes a C++ compiler."""
    part = digits[0].first(6400), digits[1]  # 200 whole batches
    plain, _ = fitter(part)
    compiled, _ = fitter(part, compiled=True)
    try:
        took = seconds(compiled)  # with the compilation
    except Exception as error:  # no compiler here
        print(f"  skipped: {str(error).splitlines()[0]}")
        return {}
    times = in_turn({"fit": plain, "fit, compiled": compiled}, rounds=5)
    return {
        "seconds": times,
        "fit, compiled / fit": ratio(times, "fit, compiled", "fit"),
        "seconds to compile": took - statistics.median(times["fit, compiled"]),
    }


def matmul_rate(side: int = 2048) -> float:
    """The fastest of ten float32 products of two square matrices, in GFLOP/s."""
    a, b = torch.rand(side, side), torch.rand(side, side)
    return 2 * side**3 / min(seconds(lambda: a @ b) for _ in range(10)) / 1e9


def data_section(digits) -> dict:
    """One pass over the training set in shuffled batches, without a network."""
    usual = Usual(seed=0)
    loader, _ = mc.make_loaders(*digits)

    def drain(batches) -> None:
        for _ in batches:
            pass

    contenders = {
        "torchvision": lambda: drain(usual.train),
        "make_loaders": lambda: drain(loader),
    }
    times = in_turn(contenders, rounds=3)
    share = ratio(times, "make_loaders", "torchvision")
    return {"seconds": times, "make_loaders / torchvision": share}


def predict_section(digits) -> dict:
    """Predictions for 10,000 images, in one call and one image at a time."""
    model, images = mc.load(), digits[1].images

    def one_by_one() -> None:
        for image in images.split(1):
            mc.predict(model, image)

    contenders = {
        "one by one": one_by_one,
        "one call": lambda: mc.predict(model, images),
    }
    times = in_turn(contenders, rounds=3)
    share = ratio(times, "one call", "one by one")
    return {"seconds": times, "one call / one by one": share}


def sheet_section(digits) -> dict:
    """A photo of 12 megapixels with 24 test digits, from the file to their boxes."""
    page = np.full((3000, 4000), 230, np.uint8)
    for i, image in enumerate(digits[1].images[:24, 0]):
        top, left = 150 + 700 * (i // 6), 150 + 620 * (i % 6)
        ink = Image.fromarray(np.uint8(200 * image.numpy())).resize((500, 500))
        page[top : top + 500, left : left + 500] -= np.asarray(ink)
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(page).save(path := Path(folder) / "sheet.jpg")
        times = in_turn({"find_digits": lambda: mc.find_digits(path)}, rounds=7)
        tracemalloc.start()
        found = mc.find_digits(path)
        peak = tracemalloc.get_traced_memory()[1]
    return {"seconds": times, "found": len(found), "megabytes": peak / 1e6}


def import_section(_) -> dict:
    """Starting Python and importing, each time in a new process."""

    def starter(module: str) -> Callable[[], object]:
        command = [sys.executable, "-c", f"import {module}"]
        return lambda: subprocess.run(command, check=True)

    contenders = {name: starter(name) for name in ("torch", "mnist_cnn")}
    in_turn(contenders, rounds=1)  # fills the caches of the disk
    times = in_turn(contenders, rounds=7)
    return {"seconds": times, "mnist_cnn / torch": ratio(times, "mnist_cnn", "torch")}


def memory_section(_) -> dict:
    """The most memory that ``python -m mnist_cnn`` holds; epochs are alike."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "mnist_cnn", "--epochs", "1", "--out", out]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(run.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    return {"peak GB": usage.ru_maxrss * unit / 1e9}


def shard_epoch(rank: int, folder: str, batch_size: int) -> None:
    """One of two processes: a pass over some images, timed by the first."""
    torch.set_num_threads(1)
    meet = f"file://{folder}/meet"
    torch.distributed.init_process_group(
        "gloo", init_method=meet, rank=rank, world_size=2
    )
    train, test = mc.load_mnist()
    some, few = train.first(SOME), test.first(2)
    config = mc.TrainConfig(epochs=1, batch_size=batch_size)
    with Path(os.devnull).open("w") as sys.stdout:
        distributed.train_together(mc.VGG(), some.first(64), few, config)  # warm-up
        took = seconds(lambda: distributed.train_together(mc.VGG(), some, few, config))
    (Path(folder) / f"{rank}.json").write_text(str(took))
    torch.distributed.destroy_process_group()


def processes_section(digits) -> dict:
    """A pass by one process with two threads, and by two with one each."""
    results, threads = {}, torch.get_num_threads()
    for batch_size in (32, 256):
        times: dict[str, list[float]] = {"one process": [], "two processes": []}
        config = mc.TrainConfig(epochs=1, batch_size=batch_size)
        some, few = digits[0].first(SOME), digits[1].first(2)
        for _ in range(5):
            torch.set_num_threads(2)
            history = mc.fit(mc.VGG(), some, few, config, progress=False)
            torch.set_num_threads(threads)
            times["one process"].append(history.seconds[1])
            with tempfile.TemporaryDirectory() as folder:
                arguments = (folder, batch_size)
                torch.multiprocessing.spawn(shard_epoch, arguments, nprocs=2)
                took = float((Path(folder) / "0.json").read_text())
            times["two processes"].append(took)
        share = ratio(times, "two processes", "one process")
        results[f"batch {batch_size}"] = {"seconds": times, "two / one": share}
    return results


def target_section(digits) -> dict:
    """Training time until the test accuracy after an epoch is 99.0 %, one seed each.

    Epochs are run in turn with the one epoch of the recipe ``fast``, in float32 and
    bfloat16, each time with another seed.
    """
    contenders = {"usual loop": Usual(seed=0), "PyTorch's example": Example(seed=0)}
    shorts = ["fast, float32", *["fast"] * SIXTEEN_BITS]
    rows = {name: {"seconds": [], "accuracy": []} for name in [*contenders, *shorts]}

    def record(name: str, took: float, accuracy: float) -> None:
        print(f"  {name:<22}{took:>6.1f} s  accuracy {accuracy:.2%}", flush=True)
        rows[name]["seconds"].append(took)
        rows[name]["accuracy"].append(accuracy)

    for epoch in range(MOST_EPOCHS):
        for name in shorts:
            history = ablations.train(ablations.ROWS[name], epoch, digits)
            record(name, sum(history.seconds), history.test_accuracy[-1])
        for name, contender in [*contenders.items()]:
            record(name, seconds(contender.epoch), contender.accuracy())
            if rows[name]["accuracy"][-1] >= TARGET:
                del contenders[name]
        if not contenders:
            break
    return rows


def long_section(digits) -> dict:
    """The recipe ``long``, in float32 and bfloat16, and three usual epochs.

    One epoch of each is timed, in turn; the ratios are of the whole.
    """
    usual, few = Usual(seed=0), digits[1].first(1)

    def epoch(row: str) -> Callable[[], float]:
        short = ablations.ROWS[row][0].vary(epochs=1), 1
        return lambda: ablations.train(short, 0, (digits[0], few)).seconds[1]

    rows = ["long, float32", *["long"] * SIXTEEN_BITS]
    contenders = {"usual loop": usual.epoch} | {row: epoch(row) for row in rows}
    times = in_turn(contenders, rounds=3)
    epochs = mc.RECIPES["long"].config.epochs
    shares = {
        f"{row} / usual loop": epochs / 3 * ratio(times, row, "usual loop")
        for row in rows
    }
    return {"seconds of an epoch": times, **shares}


def growth_section(digits) -> dict:
    """Seconds for a training pass as images, filters and the batch size grow."""

    def cost(images: int = 6000, filters: int = 16, batch_size: int = 32) -> float:
        part, config = digits[0].first(images), mc.TrainConfig(1, batch_size)
        runs = [
            mc.fit(mc.VGG(filters), part, part.first(1), config, progress=False)
            for _ in range(3)
        ]
        return statistics.median(history.seconds[1] for history in runs)

    grids = {
        "images": (1500, 3000, 6000, 12000, 24000),
        "filters": (4, 8, 16, 32, 64),
        "batch_size": (1, 4, 16, 32, 64, 256, 1024),
    }
    return {
        name: [[value, cost(**{name: value})] for value in values]
        for name, values in grids.items()
    }


SECTIONS = {
    "epoch": epoch_section,
    "compile": compile_section,
    "data": data_section,
    "predict": predict_section,
    "sheet": sheet_section,
    "import": import_section,
    "memory": memory_section,
    "processes": processes_section,
    "target": target_section,
    "long": long_section,
    "growth": growth_section,
}


def show(name: str, value: object, depth: int = 0) -> None:
    """A result as indented lines: numbers short, lists in one line."""
    pad = "  " * depth
    if isinstance(value, dict):
        print(f"{pad}{name}")
        for key, inner in value.items():
            show(key, inner, depth + 1)
    else:
        numbers = value if isinstance(value, list) else [value]
        text = "  ".join(
            f"{x:.4g}" for n in numbers for x in ([n] if not isinstance(n, list) else n)
        )
        print(f"{pad}{name:<28}{text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "sections", nargs="*", metavar="section", help=", ".join(SECTIONS)
    )
    parser.add_argument("--record", action="store_true", help="for notebook 10")
    options = parser.parse_args()
    chosen, out = options.sections or [*SECTIONS], STUDY if options.record else OWN
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"expected sections of {[*SECTIONS]}, got {sorted(unknown)}")
    if len(chosen) > 1:  # each anew: what one leaves in memory can speed up the next
        record = ["--record"] * options.record
        for name in chosen:
            subprocess.run([sys.executable, __file__, name, *record], check=True)
        return
    digits = mc.load_mnist(source="mnist")
    out.parent.mkdir(exist_ok=True)
    results = json.loads(out.read_text()) if out.exists() else {}
    results["command"] = "python benchmarks/speed.py" + " --record" * options.record
    found = results.setdefault(PROCESSOR, {})
    for name in chosen:
        print(f"{name} ...", flush=True)
        found[name] = SECTIONS[name](digits)
        out.write_text(json.dumps(results, indent=1) + "\n")
        show(name, found[name])


if __name__ == "__main__":
    main()
