"""The download against a local server that fails in the ways real ones do."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from test_data import DAMAGE, adopt, check, small_files
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


class Handler(BaseHTTPRequestHandler):
    """Serves archives on 127.0.0.1, with the fault of its server."""

    def do_GET(self):
        name, server = self.path.strip("/"), self.server
        server.asked.append(name)
        if server.fault == "403":
            self.send_error(403)
        elif server.fault == "silent":
            server.over.wait(60)
        else:
            content = server.archives[name]
            body = DAMAGE.get(server.fault, bytes)(content)
            told = content if server.fault == "cut in half" else body
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            step = len(body) // 6 + 1
            for start in range(0, len(body), step):
                time.sleep(0.1 if server.fault == "slow" else 0)
                self.wfile.write(body[start : start + step])

    def log_message(self, *args):
        pass


@pytest.fixture
def serve(monkeypatch):
    """``serve(fault, ...)`` starts a server for each fault and makes them mirrors."""
    archives, servers = adopt(FILES, monkeypatch), []

    def start(*faults):
        for fault in faults:
            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.archives, server.fault, server.asked = archives, fault, []
            server.over = threading.Event()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.append(server)
        urls = [f"http://127.0.0.1:{s.server_port}/" for s in servers]
        monkeypatch.setattr(MNIST, "mirrors", urls)
        return servers

    yield start
    for server in servers:
        server.over.set()
        server.shutdown()
        server.server_close()


FAULTS = {
    "cut in half": "bytes that are not train-images",
    "a login page": "bytes that are not train-images",
    "a flipped bit": "bytes that are not train-images",
    "403": "403",
    "silent": r"no answer|timed out",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_and_nothing_stays(serve, tmp_path, fault):
    serve(fault)
    with pytest.raises(RuntimeError, match=FAULTS[fault]):
        mc.load_mnist(tmp_path, source="mnist")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("fault", ["403", "silent"])
def test_a_proxy_that_fails_is_named(serve, tmp_path, fault, monkeypatch):
    (proxy,) = serve(fault)
    monkeypatch.setattr(MNIST, "mirrors", ["http://mirror.invalid/"])
    proxy = f"127.0.0.1:{proxy.server_port}"
    monkeypatch.setenv("http_proxy", f"http://me:secret@{proxy}")
    with pytest.raises(RuntimeError, match=f"the proxy {proxy} is set") as error:
        mc.load_mnist(tmp_path, source="mnist")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("fault", ["cut in half", "403", "silent"])
def test_second_mirror_helps_out(serve, tmp_path, fault):
    _, good = serve(fault, "whole")
    check(mc.load_mnist(tmp_path, source="mnist"), FILES)
    assert len(good.asked) == 4


def test_download_once(serve, tmp_path):
    (server,) = serve("whole")
    for _ in range(2):
        check(mc.load_mnist(tmp_path), FILES)
    raw = tmp_path / "MNIST" / "raw"
    assert {p.name for p in raw.iterdir()} == {*FILES, *server.archives}
    for name, content in (FILES | server.archives).items():
        assert (raw / name).read_bytes() == content
    assert server.asked == [*server.archives]


def test_slow_server_is_waited_for(serve, tmp_path):
    serve("slow")
    start = time.monotonic()
    check(mc.load_mnist(tmp_path, source="mnist"), FILES)
    assert time.monotonic() - start > download.SILENCE  # so it was no limit


def test_https_that_fails_is_tried_without(serve, tmp_path, monkeypatch):
    """As where a school's network puts a certificate of its own in between."""
    serve("whole")
    mirrors = [url.replace("http:", "https:") for url in MNIST.mirrors]
    monkeypatch.setattr(MNIST, "mirrors", mirrors)
    check(mc.load_mnist(tmp_path, source="mnist"), FILES)


def test_standin_within_15_seconds_from_a_silent_server(serve, tmp_path, monkeypatch):
    for name, seconds in PATIENCE.items():
        monkeypatch.setattr(download, name, seconds)
    monkeypatch.setattr(
        "mnist_cnn.data.make_standin",
        lambda: [torch.zeros(1, 28, 28), torch.zeros(1)] * 2,
    )
    serve("silent", "silent", "silent")
    start = time.monotonic()
    with pytest.warns(StandinWarning, match="no answer within|timed out"):
        mc.load_mnist(tmp_path)
    assert time.monotonic() - start < 12  # making the stand-in takes some, too


def test_two_at_once_and_no_file_before_all_are_there(serve, tmp_path):
    (server,) = serve("slow")
    with ThreadPoolExecutor() as pool:
        loads = [pool.submit(mc.load_mnist, tmp_path, "mnist") for _ in range(2)]
        while len(server.asked) < 4:  # none has all four
            time.sleep(0.01)
        assert not any(tmp_path.iterdir())  # so a kill leaves nothing
        for digits in loads:
            check(digits.result(), FILES)
    check(mc.load_mnist(tmp_path), FILES)
    assert len(server.asked) == 8
