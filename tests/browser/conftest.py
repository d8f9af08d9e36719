"""A real JupyterLab and a real browser. Asked for by name: ``pytest tests/browser``.

Needs the ``browser`` extra and Chromium; the website also the ``site`` extra.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pages import ROOT
from playwright.sync_api import Page, sync_playwright

START_SECONDS = 90


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The address of a JupyterLab that shows copies of the notebooks; always stopped.

    Copies, because Run All saves what it computes.
    """
    home = tmp_path_factory.mktemp("lab")
    work, settings, runtime = (home / name for name in ("work", "settings", "runtime"))
    shutil.copytree(ROOT / "notebooks", work / "my_notebooks")
    shutil.copy(ROOT / "GLOSSARY.md", work)
    # No question about news: it would lie over the page
    news = settings / "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [*lab_options(), "--LabApp.expose_app_in_browser=True"]
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "IPYTHONDIR": str(home / "ipython"),
    }
    log = home / "lab.log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            command, cwd=work, env=environment, stdout=out, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            yield wait_for_server(runtime, server, log)
        finally:
            server.terminate()  # it shuts the kernels down, then itself


def lab_options() -> list[str]:
    """What ``make lab`` and both other ways in the README start JupyterLab with."""
    text = "".join(
        (ROOT / file).read_text("utf-8") for file in ("Makefile", "README.md")
    )
    starts = re.findall(r"jupyter lab (?:\$\(root\) )?(.*)", text)
    assert len(starts) == 3
    assert len(set(starts)) == 1, starts
    return starts[0].split()


def wait_for_server(runtime: Path, server: subprocess.Popen, log: Path) -> dict:
    """What JupyterLab writes down when it listens: its address and token."""
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            if text := file.read_text("utf-8"):
                return json.loads(text)
        time.sleep(0.3)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def chromium():
    """The installed Chromium, or the one of CHROMIUM, headless; always closed."""
    named = os.environ.get("CHROMIUM")
    path = named or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--disable-gpu"])


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The website, built with the options of ``make site``."""
    if not all(map(importlib.util.find_spec, ("furo", "myst_nb", "sphinx"))):
        pytest.skip("needs the site extra")
    build = tmp_path_factory.mktemp("build")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning"]
    command += ["-c", "docs", "-d", build / "doctrees", ".", build / "site"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return build / "site"


@pytest.fixture(scope="session")
def address(folder):
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def run_all(chromium, lab):
    """Open a notebook in JupyterLab, run every cell, and give the page."""
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})

    def run(name: str) -> Page:
        shut_kernels_down(page)
        query = f"token={lab['token']}&reset"
        page.goto(f"{lab['url']}lab/tree/my_notebooks/{name}?{query}")
        page.wait_for_function(READY, timeout=90_000)
        page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        return page

    yield run
    shut_kernels_down(page)
    page.close()


def shut_kernels_down(page: Page) -> None:
    """Or each notebook's kernel waits in memory until the end."""
    page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")


READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  const session = panel?.sessionContext;
  return Boolean(session?.isReady && session.session?.kernel?.status === 'idle');
}"""
