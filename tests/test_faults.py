"""The download against a local server that fails in the ways real ones do."""

import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from test_data import adopt, check, small_files
from torchvision.datasets import MNIST

import mnist_cnn as mc
from mnist_cnn.data import StandinWarning
from mnist_cnn.sources import download

FILES = small_files()
PATIENCE = {name: getattr(download, name) for name in ("SILENCE", "CONNECT")}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Shorter waits, and no proxy between the tests and their server."""
    monkeypatch.setattr(download, "SILENCE", 1.5)
    monkeypatch.setattr(download, "CONNECT", 1.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MNIST_CNN_OFFLINE", raising=False)


class Server(ThreadingHTTPServer):
    """Serves archives on 127.0.0.1; ``fault(handler, content)`` answers instead."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, archives, fault):
        super().__init__(("127.0.0.1", 0), Handler)
        self.archives, self.fault = archives, fault
        self.asked: list[str] = []  # the names requested
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Clients that hang up are part of the tests."""

    def close(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        self.server.asked.append(name)
        self.server.fault(self, self.server.archives[name])

    def head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *args):
        pass


def whole(handler, content):
    handler.head(len(content))
    handler.wfile.write(content)


def cut(handler, content):
    handler.head(len(content))
    handler.wfile.write(content[: len(content) // 2])


def forbidden(handler, content):
    handler.send_error(403)


def login_page(handler, content):
    whole(handler, b"<html>Please log in to the school's network.</html>")


def flipped(handler, content):
    middle = len(content) // 2
    wrong = bytes([content[middle] ^ 16])
    whole(handler, content[:middle] + wrong + content[middle + 1 :])


def silent(handler, content):
    handler.server.over.wait(60)


def slow(handler, content):
    handler.head(len(content))
    step = len(content) // 6 + 1
    for start in range(0, len(content), step):
        time.sleep(0.1)
        handler.wfile.write(content[start : start + step])


@pytest.fixture
def serve(monkeypatch):
    """``serve(fault, ...)`` starts a server for each fault and makes them mirrors."""
    archives, servers = adopt(FILES, monkeypatch), []

    def start(*faults):
        servers.extend(Server(archives, fault) for fault in faults)
        monkeypatch.setattr(MNIST, "mirrors", [s.url for s in servers])
        return servers

    yield start
    for server in servers:
        server.close()


FAULTS = {
    cut: "bytes that are not train-images",
    forbidden: "403",
    login_page: "bytes that are not train-images",
    flipped: "bytes that are not train-images",
    silent: r"no answer|timed out",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_and_nothing_stays(serve, tmp_path, fault):
    serve(fault)
    with pytest.raises(RuntimeError, match=FAULTS[fault]):
        mc.load_mnist(tmp_path, source="mnist")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("fault", [cut, forbidden, silent])
def test_second_mirror_helps_out(serve, tmp_path, fault):
    _, good = serve(fault, whole)
    check(mc.load_mnist(tmp_path, source="mnist"), FILES)
    assert len(good.asked) == 4


def test_download_once(serve, tmp_path):
    (server,) = serve(whole)
    for _ in range(2):
        check(mc.load_mnist(tmp_path), FILES)
    raw = tmp_path / "MNIST" / "raw"
    assert {p.name for p in raw.iterdir()} == {*FILES, *server.archives}
    for name, content in (FILES | server.archives).items():
        assert (raw / name).read_bytes() == content
    assert server.asked == [*server.archives]


def test_slow_server_is_waited_for(serve, tmp_path):
    serve(slow)
    start = time.monotonic()
    check(mc.load_mnist(tmp_path, source="mnist"), FILES)
    assert time.monotonic() - start > download.SILENCE  # so it was no limit


def test_https_that_fails_is_tried_without(serve, tmp_path, monkeypatch):
    """As where a school's network puts a certificate of its own in between."""
    (server,) = serve(whole)
    monkeypatch.setattr(MNIST, "mirrors", [server.url.replace("http:", "https:")])
    check(mc.load_mnist(tmp_path, source="mnist"), FILES)


def test_standin_within_15_seconds_from_a_silent_server(serve, tmp_path, monkeypatch):
    for name, seconds in PATIENCE.items():
        monkeypatch.setattr(download, name, seconds)
    monkeypatch.setattr(
        "mnist_cnn.data.make_standin",
        lambda: [torch.zeros(1, 28, 28), torch.zeros(1)] * 2,
    )
    serve(silent, silent, silent)
    start = time.monotonic()
    with pytest.warns(StandinWarning, match="no answer within|timed out"):
        mc.load_mnist(tmp_path)
    assert time.monotonic() - start < 12  # making the stand-in takes some, too


def test_name_server_that_never_answers(tmp_path, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60) and [])
    monkeypatch.setattr(MNIST, "mirrors", ["http://mirror.invalid/"])
    with pytest.raises(RuntimeError, match="no answer within"):
        mc.load_mnist(tmp_path, source="mnist")
    over.set()


# Other processes

PROGRAM = """
import sys
import pytest
from test_data import MNIST, adopt, mc, small_files

adopt(small_files(), pytest.MonkeyPatch())
MNIST.mirrors = [sys.argv[2]]
print("ready", flush=True)
sys.stdin.readline()
mc.load_mnist(sys.argv[1], source="mnist")
"""


def start_process(root, server):
    """A process that loads the digits into ``root``."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(root), server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    return process


def test_a_killed_process_then_two_at_once(serve, tmp_path):
    half_way = threading.Event()

    def pause(handler, content):
        cut(handler, content)
        half_way.set()
        silent(handler, content)

    (server,) = serve(pause)
    process = start_process(tmp_path, server)
    assert half_way.wait(60)
    process.kill()
    process.communicate(timeout=60)
    assert not any(tmp_path.iterdir())
    server.fault = slow
    process = start_process(tmp_path, server)
    check(mc.load_mnist(tmp_path, source="mnist"), FILES)
    process.communicate(timeout=60)
    assert process.returncode == 0
    raw = tmp_path / "MNIST" / "raw"
    assert {p.name for p in raw.iterdir()} == {*FILES, *server.archives}
    check(mc.load_mnist(tmp_path), FILES)
