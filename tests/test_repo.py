"""The repository's name: the same everywhere, and what the first cells do with it."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
sys.path.insert(0, str(ROOT / "tools"))
import repo  # noqa: E402

# Not a ZIP, and with all of its history: pip's clone of a shallow clone never ends
GIT = ROOT / ".git"
clone = pytest.mark.skipif(
    not GIT.exists() or (GIT / "shallow").exists(), reason="not a whole clone"
)


def cells(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


def setup_cell(path):
    return cells(path)["setup"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_badge_leads_to_this_notebook(path):
    title = cells(path)["title"]
    (target,) = re.findall(
        r"\(https://colab\.research\.google\.com/github/(.+?)\)", title
    )
    assert target == f"{repo.current(ROOT)}/blob/main/notebooks/{path.name}"


def test_readme_has_every_badge():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    slug = repo.current(ROOT)
    workflow = f"(https://github.com/{slug}/actions/workflows/ci.yml"
    first = f"urlpath=lab/tree/notebooks/{NOTEBOOKS[0].name})"
    assert f"{workflow}/badge.svg)]{workflow})" in text
    assert f"(https://mybinder.org/v2/gh/{slug}/main?{first}" in text
    assert f"[website]({repo.site(slug)})" in text
    for path in NOTEBOOKS:
        assert f"/{slug}/blob/main/notebooks/{path.name})" in text


@clone
def test_every_file_with_the_name_is_stamped():
    slug = repo.current(ROOT)
    found = subprocess.run(
        ["git", "grep", "-l", "--untracked", "-e", f"/{slug}", "-e", repo.site(slug)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [path.relative_to(ROOT).as_posix() for path in repo.files(ROOT)]
    assert sorted(found.stdout.split()) == sorted(names)


def test_first_cells_are_the_same_and_name_the_repository():
    first = {setup_cell(path) for path in NOTEBOOKS}
    assert len(first) == 1
    assert f'"https://github.com/{repo.current(ROOT)}"' in first.pop()


@pytest.fixture
def copy(tmp_path):
    for path in repo.files(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_stamping_changes_every_place_and_can_be_undone(copy):
    def texts():
        return [path.read_text(encoding="utf-8") for path in repo.files(copy)]

    old = repo.current(copy)
    assert repo.stamp(copy, "Some-one/digits.2") > 2 * len(NOTEBOOKS)
    assert repo.current(copy) == "Some-one/digits.2"
    stamped = texts()
    assert not any(f"/{old}" in text or repo.site(old) in text for text in stamped)
    repo.stamp(copy, "other/name")
    assert texts() != stamped
    repo.stamp(copy, "Some-one/digits.2")
    assert texts() == stamped


def test_the_website_is_stamped(copy):
    """Also from and to the one that GitHub puts at the root of the owner's address."""
    for slug, address in {
        "some-one/digits.2": "https://some-one.github.io/digits.2/",
        "a/a.github.io": "https://a.github.io/",
        "a/b": "https://a.github.io/b/",
    }.items():
        repo.stamp(copy, slug)
        project = (copy / "pyproject.toml").read_text(encoding="utf-8")
        assert f'\nDocumentation = "{address}"\n' in project
        assert f"]({address})" in (copy / "README.md").read_text(encoding="utf-8")
        assert repo.current(copy) == slug


def test_stamping_can_be_repeated_after_a_stop(copy, monkeypatch):
    write, old = Path.write_bytes, repo.current(copy)

    def stop_at_the_third(path, content):
        if path == repo.files(copy)[2]:
            raise KeyboardInterrupt
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", stop_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            repo.stamp(copy, "stopped/once")
    repo.stamp(copy, "stopped/once")
    texts = [path.read_text(encoding="utf-8") for path in repo.files(copy)]
    assert not any(f"/{old}" in text for text in texts)


OWNERS = ["", "your_name", "a b", "-a", "a-", "a--b", "a.b", "ä", 40 * "a"]
NAMES = ["", ".", "..", "x.git", "x.GIT", ".git", "x.wiki", "a b", "ä", 101 * "a"]


@pytest.mark.parametrize(
    "slug", ["name", "a/b/c", *(f"{o}/b" for o in OWNERS), *(f"a/{n}" for n in NAMES)]
)
def test_stamping_refuses_what_github_would(copy, slug):
    with pytest.raises(ValueError, match="expected owner/name"):
        repo.stamp(copy, slug)


@pytest.mark.parametrize(
    "slug", ["a/b", f"{39 * 'a'}/{100 * 'b'}", "A-b-1/c_d.e", "0/.github", "a/x.git.y"]
)
def test_stamping_takes_what_github_does(copy, slug):
    repo.stamp(copy, slug)
    assert repo.current(copy) == slug


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_stamping_leaves_nothing_to_install(copy):
    def up_to_date():
        make = ["make", "--question", ".venv/installed"]
        return subprocess.run(make, cwd=copy, check=False).returncode == 0

    shutil.copy(ROOT / "Makefile", copy)
    (copy / ".venv").mkdir()
    (copy / ".venv" / "installed").touch()
    os.utime(copy / "pyproject.toml", (0, 0))
    repo.stamp(copy, "some/one")
    assert up_to_date()
    (copy / "pyproject.toml").write_text("[project]")  # any other change
    os.utime(copy / ".venv" / "installed", (0, 0))
    assert not up_to_date()


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A Python with all that this one has, except ``mnist_cnn``, as Colab's is.

    A ``.pth`` line lends the packages; that of an editable install is not read there.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    scripts = sysconfig.get_path("scripts", "venv", vars={"base": str(folder)})
    python = Path(scripts, "python")
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    Path(where, "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


# What is installed in a Python itself, not lent to it
OWN = """
import json, sys
from importlib.metadata import distributions
own = [d for d in distributions() if str(d.locate_file("")).startswith(sys.prefix)]
print(json.dumps(sorted(d.name for d in own)))
"""

# One shell runs all cells, as a kernel does
SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
for cell in sys.argv[1:]:
    InteractiveShell.instance().run_cell(cell).raise_error()
"""


def run(python, folder, *cells):
    return subprocess.run(
        [python, "-c", SHELL, *cells],
        cwd=folder,
        env=os.environ | {"IPYTHONDIR": str(folder / "ipython")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_first_cell_is_quiet_where_the_package_is(tmp_path):
    done = run(sys.executable, tmp_path, setup_cell(NOTEBOOKS[0]))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_first_cell_refuses_the_placeholder(bare, tmp_path):
    code = setup_cell(NOTEBOOKS[0]).replace(repo.current(ROOT), "your_name/mnist-cnn")
    done = run(bare, tmp_path, code)
    assert done.returncode != 0
    assert "make repo SLUG=owner/name" in done.stderr


@clone
def test_first_cell_installs_the_package_and_nothing_else(bare, tmp_path):
    """From a local repository in place of the remote; pip's builder needs a network."""
    remote = tmp_path / "remote"
    subprocess.run(["git", "clone", "--quiet", ROOT, remote], check=True)
    address = f"https://github.com/{repo.current(ROOT)}"
    code = setup_cell(NOTEBOOKS[0]).replace(address, remote.as_uri())
    folder = tmp_path / "empty"
    folder.mkdir()
    before = json.loads(run(bare, folder, OWN).stdout)
    used = "import mnist_cnn as mc; print(mc.__file__, mc.load())"
    done = run(bare, folder, code, used)
    if "hatchling" in done.stdout and "No matching distribution" in done.stdout:
        pytest.skip("no network to fetch the build tool from")
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(bare.parent.parent) in done.stdout
    after = json.loads(run(bare, folder, OWN).stdout)
    assert sorted([*before, "mnist-cnn"]) == after
    assert run(bare, folder, code).stdout == ""
