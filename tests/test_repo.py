"""The repository's name: the same everywhere, and what the first cells do with it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from pages import MEND, NOTEBOOKS, ROOT, fail_with, read

sys.path.insert(0, str(ROOT / "tools"))
import repo

SLUG = repo.current(ROOT)
# Not a ZIP, and with all of its history: pip's clone of a shallow clone never ends
GIT = ROOT / ".git"
clone = pytest.mark.skipif(
    not GIT.exists() or (GIT / "shallow").exists(), reason="not a whole clone"
)


def setup_cell(path: Path) -> str:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["id"] == "setup")


def test_badges_lead_to_this_repository():
    place = f"{SLUG}/blob/main/notebooks/"
    colab = f"https://colab.research.google.com/github/{place}"
    kaggle = f"https://kaggle.com/kernels/welcome?src=https://github.com/{place}"
    readme = [target for target, _ in read(ROOT / "README.md").links]
    expected = [
        f"https://github.com/{SLUG}/actions/workflows/ci.yml",
        f"https://mybinder.org/v2/gh/{SLUG}/main?urlpath=lab/tree/notebooks/"
        + NOTEBOOKS[0].name,
        repo.site(SLUG),
        *(f"{start}{path.name}" for start in (colab, kaggle) for path in NOTEBOOKS),
    ]
    missing = [f"README.md: no link to {x}" for x in expected if x not in readme]
    for path in (*NOTEBOOKS, MEND):
        badges = [badge for badge, _ in read(path).links[:2]]
        if badges != [f"{colab}{path.name}", f"{kaggle}{path.name}"]:
            missing.append(f"notebooks/{path.name}: its badges lead to {badges}")
    fail_with(missing, f"Name them as pyproject.toml does: make repo SLUG={SLUG}")


@clone
def test_every_file_with_the_name_is_stamped():
    found = subprocess.run(
        ["git", "grep", "-l", "--untracked", "-e", f"/{SLUG}", "-e", repo.site(SLUG)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {path.relative_to(ROOT).as_posix() for path in repo.files(ROOT)}
    fail_with(
        [f"{name}: has the name" for name in {*found.stdout.split()} - names],
        "Add it to files() in tools/repo.py, so that make repo changes it.",
    )


def test_first_cells_are_the_same_and_name_the_repository():
    (first,) = {setup_cell(path) for path in (*NOTEBOOKS, MEND)}
    assert f'"https://github.com/{SLUG}"' in first


@pytest.fixture
def copy(tmp_path):
    for path in repo.files(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


@pytest.mark.parametrize(
    ("slug", "address"),
    [
        ("Some-one/digits.2", "https://Some-one.github.io/digits.2/"),
        ("a/a.github.io", "https://a.github.io/"),  # at the root of its owner's
    ],
)
def test_stamping_changes_every_place_and_can_be_undone(copy, slug, address):
    def texts():
        return [path.read_text("utf-8") for path in repo.files(copy)]

    os.utime(copy / "pyproject.toml", (0, 0))
    assert repo.stamp(copy, slug) > 2 * len(NOTEBOOKS)
    assert repo.current(copy) == slug
    stamped = texts()
    assert not any(f"/{SLUG}" in text or repo.site(SLUG) in text for text in stamped)
    assert f"]({address})" in (copy / "README.md").read_text("utf-8")
    assert (copy / "pyproject.toml").stat().st_mtime == 0  # or make installs anew
    repo.stamp(copy, "other/name")
    repo.stamp(copy, slug)
    assert texts() == stamped


@pytest.mark.parametrize(
    "slug",
    ["", "name", "a/b/c", "your_name/b", "-a/b", "a.b/c", "ä/b", "a/b.git"],
)
def test_stamping_refuses_what_github_would(copy, slug):
    with pytest.raises(ValueError, match="expected owner/name"):
        repo.stamp(copy, slug)


# The first cell


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A Python with all that this one has, except ``mnist_cnn``, as Colab's is.

    A ``.pth`` line lends the packages; that of an editable install is not read there.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    places = {"base": str(folder), "platbase": str(folder)}
    where = Path(sysconfig.get_path("purelib", "venv", vars=places), "lent.pth")
    where.write_text(sysconfig.get_path("purelib") + "\n")
    return Path(sysconfig.get_path("scripts", "venv", vars=places), "python")


def run(python, folder, code):
    """Run code with magics, as a kernel does."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [python, "-m", "IPython", "-c", code],
        cwd=folder,
        env=kept | {"IPYTHONDIR": str(folder / "ipython")},
        capture_output=True,
        text=True,
    )


def installed_in(python: Path) -> set[str]:
    """What is installed in a Python itself, not lent to it."""
    found = python.parent.parent.rglob("*.dist-info")
    return {path.name.split("-")[0] for path in found}


def test_first_cell_refuses_the_placeholder(bare, tmp_path):
    code = setup_cell(NOTEBOOKS[0]).replace(SLUG, "your_name/mnist-cnn")
    done = run(bare, tmp_path, code)
    assert done.returncode != 0
    assert "AssertionError" in (said := done.stdout + done.stderr)
    assert "make repo SLUG=owner/name" in said


@clone
def test_first_cell_installs_the_package_and_nothing_else(bare, tmp_path):
    """From a local repository in place of the remote; pip's builder needs a network."""
    remote = tmp_path / "remote"
    subprocess.run(["git", "clone", "--quiet", ROOT, remote], check=True)
    address = f"https://github.com/{SLUG}"
    code = setup_cell(NOTEBOOKS[0]).replace(address, remote.as_uri())
    folder = tmp_path / "empty"
    folder.mkdir()
    before = installed_in(bare)
    used = "import mnist_cnn as mc; print(mc.__file__, mc.load())"
    done = run(bare, folder, f"{code}\n{used}")
    if "hatchling" in done.stdout and "No matching distribution" in done.stdout:
        pytest.skip("no network to fetch the build tool from")
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(bare.parent.parent) in done.stdout
    assert installed_in(bare) == before | {"mnist_cnn"}
    again = run(bare, folder, code)  # quiet where the package is
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
