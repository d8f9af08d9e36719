"""What is published: an sdist, and a wheel that works with its dependencies alone."""

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PROJECT["project"]
REPOSITORY = PROJECT["urls"]["Repository"]

# Every public name, and what the first hour with the package needs
USE = """
import matplotlib
import torch
import mnist_cnn as mc

matplotlib.use("agg")
for name in mc.__all__:
    getattr(mc, name)
digits = mc.Digits(torch.rand(64, 1, 28, 28), torch.arange(64) % mc.CLASSES)
mc.plots.sample_grid(digits).savefig("figure.png")
drawing = torch.zeros(70, 70)
drawing[10:60, 30:40] = 255
model = mc.load()
assert mc.predict(model, mc.to_mnist(drawing).unsqueeze(0)).argmax().item() == 1
mc.DigitPad(model)
history = mc.fit(mc.VGG(), digits, digits, mc.TrainConfig(epochs=1))
assert len(history.test_loss) == 2
print(mc.__version__, mc.__file__, sep="\\n")
"""


def uv(command: str, *arguments: str | Path, backends: tuple[str, str] = ("", "")):
    """Run uv on its cache, which ``make`` filled, or else with the network.

    backends: of PyTorch, for the one and for the other. Where the cache does not hold
    what is needed and there is no network either, the test is skipped.
    """
    run = [sys.executable, "-m", "uv", *command.split(), *arguments]
    once = os.environ | {"UV_COMPILE_BYTECODE": "0"}  # not worth it for what runs once
    for network, backend in zip((["--offline"], []), backends, strict=True):
        more = [f"--torch-backend={backend}"] if backend else []
        done = subprocess.run(
            [*run, *network, *more], env=once, capture_output=True, text=True
        )
        if done.returncode == 0:
            return
    if "error sending request" in done.stderr:
        pytest.skip(f"not in uv's cache, and no network: {done.stderr.strip()}")
    pytest.fail(done.stderr)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the sdist and the wheel, which is made from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--out-dir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("/METADATA"))
        return message_from_bytes(archive.read(name))


def test_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = {n for n in archive.namelist() if ".dist-info/" not in n}
    package = [p for p in (ROOT / "mnist_cnn").rglob("*") if p.is_file()]
    assert found == {
        path.relative_to(ROOT).as_posix()
        for path in package
        if "__pycache__" not in path.parts
    }
    for folder in ("weights", "studies", "photos", "sources", "checks", "web"):
        assert any(name.startswith(f"mnist_cnn/{folder}") for name in found), folder
    assert {
        "mnist_cnn/py.typed",
        "mnist_cnn/web/pad.js",
        "mnist_cnn/web/pad.css",
    } <= found


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_sdist_holds_what_git_does(built):
    """So tests, notebooks and pages too, and nothing that lies about in the folder."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        found = {member.name.split("/", 1)[1] for member in archive}
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = {name for name in listed.stdout.split("\0") if (ROOT / name).is_file()}
    assert found - {"PKG-INFO"} == files
    assert {"CITATION.cff", "LICENSE", "README.md", "tests/test_wheel.py"} <= files


def test_metadata_say_what_it_is(metadata):
    assert (metadata["Name"], metadata["Version"]) == ("mnist-cnn", PROJECT["version"])
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Description-Content-Type"] == "text/markdown"
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL"))
    assert {"Homepage", "Documentation", "Repository", "Issues"} <= set(urls)
    assert urls.pop("Documentation").startswith("https://")  # the website
    assert all(url.startswith(REPOSITORY) for url in urls.values())
    needed = [line for line in metadata.get_all("Requires-Dist") if "extra" not in line]
    assert sorted(needed) == sorted(PROJECT["dependencies"])


def test_links_and_pictures_lead_somewhere_on_pypi(metadata):
    """The README as it is, with an address before each file of the repository."""
    text = metadata.get_payload(decode=True).decode()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    raw = REPOSITORY.replace("//github.com/", "//raw.githubusercontent.com/")
    pictures, files = f"{raw}/main/", f"{REPOSITORY}/blob/main/"
    assert text.replace(pictures, "").replace(files, "") == readme
    drawn = re.findall(r"(?:src|srcset)=\"([^\"]+)", text)
    assert len(drawn) == 10  # of five pictures, for light and dark
    targets = [*drawn, *re.findall(r"\]\(([^)\s]+)", text)]
    assert all(re.match("https://|#", target) for target in targets)
    for target in [*drawn, *re.findall(r"!\[[^]]*\]\(([^)\s]+)", text)]:
        assert target.startswith(pictures) or "badge" in target, target
    for folder in (pictures, files):
        ours = [t.removeprefix(folder) for t in targets if t.startswith(folder)]
        assert ours
        for path in ours:
            assert (ROOT / path.split("#")[0]).is_file(), path


@pytest.fixture(scope="module")
def clean(wheel, tmp_path_factory):
    """A Python with the wheel and its dependencies, in the versions that are here."""
    folder = tmp_path_factory.mktemp("clean")
    found = importlib.metadata.distributions()
    versions = {d.metadata["Name"]: d.version for d in found}
    versions.pop("mnist-cnn", None)
    pins = folder / "constraints.txt"  # without the +cpu of a version
    lines = (f"{n}=={v.split('+')[0]}\n" for n, v in sorted(versions.items()))
    pins.write_text("".join(lines))
    environment = folder / "environment"
    uv("venv", "--python", sys.executable, environment)
    scripts = sysconfig.get_path("scripts", "venv", vars={"base": str(environment)})
    python = Path(scripts, "python")
    install = ["--python", python, "--constraints", pins, wheel]
    if os.name != "nt":  # CUDA's gigabytes need not be copied to another disk
        install.append("--link-mode=symlink")
    here = "cpu" if versions["torch"].endswith("+cpu") else ""
    # Nor fetched, where pip had installed them
    uv("pip install", *install, backends=(here, "cpu"))
    return python


def test_wheel_works_alone(clean, tmp_path):
    done = subprocess.run(
        [clean, "-I", "-c", USE],
        cwd=tmp_path,
        env=os.environ | {"MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    version, file = done.stdout.splitlines()[-2:]
    assert version == PROJECT["version"]
    assert Path(file).is_relative_to(clean.parent.parent)
    assert (tmp_path / "figure.png").stat().st_size > 1_000
