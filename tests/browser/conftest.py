"""A real JupyterLab and a real browser. Asked for by name: ``pytest tests/browser``.

Needs the ``browser`` extra and Chromium; the website also the ``site`` extra.
"""

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 90
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The address of a JupyterLab that shows copies of the notebooks; always stopped.

    Copies, because Run All saves what it computes.
    """
    home = tmp_path_factory.mktemp("lab")
    work, settings = home / "work", home / "settings"
    shutil.copytree(ROOT / "notebooks", work / "notebooks")
    shutil.copy(ROOT / "GLOSSARY.md", work)
    # No question about news: it would lie over the page
    news = settings / "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    port, token = free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [*lab_options(), f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.expose_app_in_browser=True", "--ServerApp.ip=127.0.0.1"]
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    log = home / "lab.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            command,
            cwd=work,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its kernels are stopped with it
        )
        try:
            wait_for_server(f"http://127.0.0.1:{port}/api?token={token}", server, log)
            yield f"http://127.0.0.1:{port}", token
        finally:
            stop(server)


def lab_options() -> list[str]:
    """What ``make lab`` and both other ways in the README start JupyterLab with."""
    starts = [
        line.partition("jupyter lab ")[2].replace("$(root) ", "")
        for file in ("Makefile", "README.md")
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
        if "jupyter lab " in line
    ]
    assert len(starts) == 3
    assert len(set(starts)) == 1, starts
    return starts[0].split()


def wait_for_server(address: str, server: subprocess.Popen, log: Path) -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def stop(server: subprocess.Popen) -> None:
    server.send_signal(signal.SIGTERM)  # shuts the kernels down, then itself
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=10)


@pytest.fixture(scope="session")
def chromium():
    """The installed Chromium, headless, with an empty profile; always closed."""
    named = os.environ.get("CHROMIUM")
    path = named or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise pytest.UsageError("no Chromium found: install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The website, built with the options of ``make site``."""
    if not all(map(importlib.util.find_spec, ("furo", "myst_nb", "sphinx"))):
        pytest.skip("needs the site extra")
    build = tmp_path_factory.mktemp("build")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning"]
    command += ["-c", "docs", "-d", build / "doctrees", ".", build / "site"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return build / "site"


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder and keeps quiet about it."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def address(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def run_all(chromium, lab):
    """Open a notebook in JupyterLab, run every cell, and give the page."""
    address, token = lab
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})

    def run(name: str, seconds: int = 400) -> Page:
        shut_kernels_down(page)
        page.goto(f"{address}/lab/tree/notebooks/{name}?token={token}&reset")
        page.wait_for_function(READY, timeout=90_000)
        page.evaluate(RUN)
        page.wait_for_function("() => window.ranAll", timeout=1000 * seconds)
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

RUN = """() => {
  window.ranAll = false;
  jupyterapp.commands.execute('notebook:run-all-cells').finally(
    () => { window.ranAll = true; });
}"""
