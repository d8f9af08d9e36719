"""What is published: an sdist, and a wheel that works without the repository."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from pages import ROOT, Page

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
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
mc.export_page(model, "mine.html")
history = mc.fit(mc.VGG(), digits, digits, mc.TrainConfig(epochs=1))
assert len(history.test_loss) == 2
print(mc.__version__, mc.__file__, sep="\\n")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the sdist and the wheel, which is made from the sdist.

    The builder comes from uv's cache, which ``make`` filled, or from the network.
    """
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "uv", "build", "--out-dir", folder, ROOT]
    for network in (["--offline"], []):
        done = subprocess.run([*build, *network], capture_output=True, text=True)
        if done.returncode == 0:
            return folder
    if "error sending request" in done.stderr:
        pytest.skip(f"no builder in uv's cache, and no network: {done.stderr.strip()}")
    pytest.fail(done.stderr)


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def files_of_git(*folders: str) -> set[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(
        [*command, *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name for name in done.stdout.split("\0") if (ROOT / name).is_file()}


def test_wheel_holds_the_package_and_nothing_else(wheel):
    found = {n for n in wheel.namelist() if ".dist-info/" not in n}
    assert found == files_of_git("mnist_cnn")
    assert {"mnist_cnn/py.typed", "mnist_cnn/web/pad.js"} <= found


def test_sdist_holds_what_git_does(built):
    """So tests, notebooks and pages too, and nothing that lies about in the folder."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        found = {member.name.split("/", 1)[1] for member in archive}
    assert found - {"PKG-INFO"} == files_of_git()


def test_links_and_pictures_lead_somewhere_on_pypi(wheel, tmp_path):
    """The README as it is, with an address before each file of the repository."""
    (name,) = (n for n in wheel.namelist() if n.endswith("/METADATA"))
    metadata = message_from_bytes(wheel.read(name))
    text = metadata.get_payload(decode=True).decode()
    raw = REPOSITORY.replace("//github.com/", "//raw.githubusercontent.com/") + "/main/"
    files = f"{REPOSITORY}/blob/main/"
    readme = (ROOT / "README.md").read_text("utf-8")
    added = re.escape(files)  # not where an address hands it on
    assert re.sub(rf"(?<=\]\(){added}", "", text.replace(raw, "")) == readme
    published = tmp_path / "README.md"
    published.write_text(text, "utf-8")
    page = Page(published)
    pictures = [address for address, _ in page.images] + page.dark
    for address in [*pictures, *(target for target, _ in page.links)]:
        assert address.startswith(("https://", "#")), address
        start = raw if address in pictures else files
        if address.startswith((raw, files)):
            path = address.removeprefix(start).split("#")[0]
            assert (ROOT / path).is_file(), address


def test_wheel_works_alone(wheel, tmp_path):
    """Unpacked as an installer does it, and found before the folder we work on."""
    wheel.extractall(tmp_path / "installed")
    use = f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r}){USE}"
    command = [sys.executable, "-I", "-c", use]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    version, file = done.stdout.splitlines()[-2:]
    assert version == PROJECT["version"]
    assert Path(file).is_relative_to(tmp_path / "installed")
    assert (tmp_path / "figure.png").stat().st_size > 1_000
