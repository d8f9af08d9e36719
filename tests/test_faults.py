"""The download against a local server that fails in the ways real ones do."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_data import adopt, small_files
from torchvision.datasets import MNIST

import mnist_cnn as mc
from mnist_cnn.data import StandinWarning
from mnist_cnn.sources import download, idx, mnist

OFFICIAL = mc.data_root() / "MNIST" / "raw"
MD5 = dict(MNIST.resources)
PATIENCE = {name: getattr(download, name) for name in ("SILENCE", "CONNECT", "BUSY")}


@pytest.fixture
def archives(monkeypatch) -> dict[str, bytes]:
    """The official archives, or small ones in their place where MNIST is not here."""
    if all((OFFICIAL / name).is_file() for name in MD5):
        return {name: (OFFICIAL / name).read_bytes() for name in MD5}
    return adopt(small_files(), monkeypatch)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Shorter waits, and no proxy between the tests and their server."""
    for name, seconds in {"SILENCE": 1.5, "CONNECT": 1.0, "BUSY": 0.1}.items():
        monkeypatch.setattr(download, name, seconds)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MNIST_CNN_OFFLINE", raising=False)


class Server(ThreadingHTTPServer):
    """Serves archives on 127.0.0.1; ``fault(handler, content)`` answers instead."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, archives, fault=None):
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
        (self.server.fault or whole)(self, self.server.archives[name])

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


def busy(handler, content):
    handler.send_error(503)


def busy_at_first(handler, content):
    first = handler.server.asked.count(handler.path.strip("/")) == 1
    (busy if first else whole)(handler, content)


def login_page(handler, content):
    whole(handler, b"<html>Please log in to the school's network.</html>")


def truncated(handler, content):
    whole(handler, content[:-100])


def flipped(handler, content):
    middle = len(content) // 2
    wrong = bytes([content[middle] ^ 16])
    whole(handler, content[:middle] + wrong + content[middle + 1 :])


def endless(handler, content):
    handler.head(10**12)
    while not handler.server.over.is_set():
        handler.wfile.write(bytes(1_000_000))


def silent(handler, content):
    handler.server.over.wait(60)


def stalled(handler, content):
    cut(handler, content)
    handler.server.over.wait(60)


def trickle(handler, content):
    handler.head(len(content))
    while not handler.server.over.wait(0.05):
        handler.wfile.write(b"x")


def slow(handler, content):
    handler.head(len(content))
    step = len(content) // 6 + 1
    for start in range(0, len(content), step):
        time.sleep(0.1)
        handler.wfile.write(content[start : start + step])


@pytest.fixture
def serve(archives, monkeypatch):
    """``serve(fault, ...)`` starts a server for each fault and makes them mirrors."""
    servers = []

    def start(*faults):
        servers.extend(Server(archives, fault) for fault in faults)
        monkeypatch.setattr(MNIST, "mirrors", [s.url for s in servers])
        return servers

    yield start
    for server in servers:
        server.close()


def assert_official(digits):
    """``Digits`` were checked when read, so it is enough to tell them apart."""
    sizes = [shape for shape, _ in idx.FILES.values() if len(shape) == 1]
    assert [(len(d),) for d in digits] == sizes
    assert {d.source for d in digits} == {"mnist"}


def assert_untouched(root):
    """Nothing of a failed download stays."""
    assert [p for p in root.rglob("*") if p.is_file()] == []
    assert list(root.rglob(f"{mnist.STAGING}*")) == []


FAULTS = {
    cut: "bytes that are not train-images",
    forbidden: "403",
    busy: "503",
    login_page: "bytes that are not train-images",
    truncated: "bytes that are not train-images",
    flipped: "bytes that are not train-images",
    endless: "bytes that are not train-images",
    silent: r"no answer|timed out",
    stalled: r"bytes that are not|no answer|timed out",
    trickle: r"no answer|timed out",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_and_nothing_stays(serve, tmp_path, fault):
    serve(fault)
    with pytest.raises(RuntimeError, match=FAULTS[fault]):
        mc.load_mnist(tmp_path, source="mnist")
    assert_untouched(tmp_path)


@pytest.mark.parametrize("fault", [cut, forbidden, flipped, login_page, silent])
def test_second_mirror_helps_out(serve, tmp_path, fault):
    _, good = serve(fault, whole)
    assert_official(mc.load_mnist(tmp_path, source="mnist"))
    assert set(good.asked) == set(MD5)


def test_download_once(serve, tmp_path, archives):
    (server,) = serve(whole)
    assert_official(mc.load_mnist(tmp_path))
    raw = tmp_path / "MNIST" / "raw"
    assert {p.name for p in raw.iterdir()} == {*MD5, *idx.FILES}
    assert [p.name for p in raw.parent.iterdir()] == ["raw"]
    assert {name: (raw / name).read_bytes() for name in MD5} == archives
    assert_official(mc.load_mnist(tmp_path))
    assert server.asked == [*MD5]


def test_busy_server_is_asked_again(serve, tmp_path):
    serve(busy_at_first)
    assert_official(mc.load_mnist(tmp_path, source="mnist"))


def test_slow_server_is_waited_for(serve, tmp_path):
    serve(slow)
    start = time.monotonic()
    assert_official(mc.load_mnist(tmp_path, source="mnist"))
    assert time.monotonic() - start > download.SILENCE  # so it was no limit


def test_https_that_fails_is_tried_without(serve, tmp_path, monkeypatch):
    (server,) = serve(whole)
    monkeypatch.setattr(MNIST, "mirrors", [server.url.replace("http:", "https:")])
    assert_official(mc.load_mnist(tmp_path, source="mnist"))


def test_damaged_file_is_replaced_by_download(serve, tmp_path):
    serve(whole)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-labels-idx1-ubyte").write_bytes(b"half")
    for name in {*idx.FILES} - {"train-labels-idx1-ubyte"}:
        (raw / name).write_bytes(b"")
    with pytest.warns(UserWarning, match="is damaged: it was replaced, not used"):
        assert_official(mc.load_mnist(tmp_path))
    assert_official(mc.load_mnist(tmp_path))


def test_folder_that_cannot_be_made(serve, tmp_path):
    serve(whole)
    (tmp_path / "file").write_text("not a folder")
    with pytest.warns(UserWarning, match="MNIST cannot be kept for next time"):
        assert_official(mc.load_mnist(tmp_path / "file"))


def test_standin_within_15_seconds_from_a_silent_server(serve, tmp_path, monkeypatch):
    for name, seconds in PATIENCE.items():
        monkeypatch.setattr(download, name, seconds)
    serve(silent, silent)
    start = time.monotonic()
    with pytest.warns(StandinWarning, match="no answer within 6 seconds"):
        train, test = mc.load_mnist(tmp_path)
    assert time.monotonic() - start < 15
    assert (len(train), len(test), train.source) == (60_000, 10_000, "standin")


# Networks that drop every packet


@pytest.fixture
def deaf_port():
    """A port whose queue is full, so that the kernel drops what comes for it."""
    if os.name == "nt":
        pytest.skip("Windows refuses what does not fit, at once")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(8):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield listener.getsockname()[1]
        for client in waiting:
            client.close()


def limited(root) -> float:
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"no answer|timed out"):
        mc.load_mnist(root, source="mnist")
    return time.monotonic() - start


def test_dropped_packets(deaf_port, tmp_path, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{deaf_port}/"] * 2)
    assert limited(tmp_path) < 10


def test_many_addresses_that_drop_packets(deaf_port, tmp_path, monkeypatch):
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", deaf_port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address] * 40)
    assert limited(tmp_path) < 10


def test_name_server_that_never_answers(tmp_path, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60) and [])
    monkeypatch.setattr(MNIST, "mirrors", ["http://mirror.invalid/"])
    assert limited(tmp_path) < 10
    over.set()


# Processes: the settings of the test are handed over in a file

PROGRAM = """
import json, sys
from torchvision.datasets import MNIST
import mnist_cnn as mc
from mnist_cnn.sources import idx
root, MNIST.mirrors, MNIST.resources, files = json.load(open(sys.argv[1]))
idx.FILES = {name: (tuple(shape), digest) for name, (shape, digest) in files.items()}
print("ready", flush=True)
sys.stdin.readline()
print([len(digits) for digits in mc.load_mnist(root, source="mnist")])
"""


def start_process(root, folder):
    """A process that is about to load the digits into ``root``."""
    settings = folder / "settings.json"
    settings.write_text(
        json.dumps([str(root), MNIST.mirrors, MNIST.resources, idx.FILES])
    )
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_and_one_folder(serve, tmp_path):
    (server,) = serve(slow)
    root = tmp_path / "root"
    process = start_process(root, tmp_path)
    process.stdin.write("go\n")
    process.stdin.flush()
    digits = mc.load_mnist(root, source="mnist")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.endswith(f"{[len(d) for d in digits]}\n")
    assert sorted(server.asked) == sorted([*MD5] * 2)  # both did all of the work
    assert [p.name for p in (root / "MNIST").iterdir()] == ["raw"]
    assert_official(mc.load_mnist(root))


def test_kill_in_the_middle_then_a_clean_run(serve, tmp_path):
    half_way = threading.Event()

    def pause(handler, content):
        if len(handler.server.asked) < 3:
            whole(handler, content)
        else:
            half_way.set()
            stalled(handler, content)

    (server,) = serve(pause)
    root = tmp_path / "root"
    process = start_process(root, tmp_path)
    process.stdin.write("go\n")
    process.stdin.flush()
    assert half_way.wait(60)
    process.kill()
    process.communicate(timeout=60)
    assert list((root / "MNIST").glob(f"{mnist.STAGING}*"))  # it left something
    assert not (root / "MNIST" / "raw").exists()
    server.fault = whole
    assert_official(mc.load_mnist(root, source="mnist"))
    assert_official(mc.load_mnist(root, source="mnist"))


def test_kill_between_two_files_put_in_place(serve, tmp_path, archives):
    raw = tmp_path / "MNIST" / "raw"
    serve(whole)
    mc.load_mnist(tmp_path)
    for path in sorted(raw.iterdir())[::2]:
        path.unlink()
    assert_official(mc.load_mnist(tmp_path, source="mnist"))
    assert {p.name for p in raw.iterdir()} == {*archives, *idx.FILES}
