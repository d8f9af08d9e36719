"""The download against a local server that fails in the ways real ones do."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_data import ARCHIVES, DAMAGE, FILES, adopt, check
from torchvision.datasets import MNIST

import mnist_cnn as mc
from mnist_cnn.sources import download


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
            content = ARCHIVES[name]
            body = DAMAGE.get(server.fault, bytes)(content)
            told = content if server.fault == "cut in half" else body
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def serve(monkeypatch):
    """``serve(fault)`` starts a server; all that were started are the mirrors.

    With shorter waits, and no proxy between the tests and their server.
    """
    monkeypatch.setattr(download, "SILENCE", 1.5)
    monkeypatch.setattr(download, "CONNECT", 1.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MNIST_CNN_OFFLINE", raising=False)
    servers = []

    def start(fault):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.fault, server.asked, server.over = fault, [], threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        adopt(monkeypatch, *(f"http://127.0.0.1:{s.server_port}/" for s in servers))
        return server

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
def test_fault_is_named_and_a_second_mirror_helps_out(serve, tmp_path, fault):
    serve(fault)
    with pytest.raises(RuntimeError, match=FAULTS[fault]):
        mc.load_mnist(tmp_path, source="mnist")
    assert not any(tmp_path.iterdir())
    good = serve("whole")
    check(mc.load_mnist(tmp_path, source="mnist"))
    assert len(good.asked) == 4


@pytest.mark.parametrize("fault", ["403", "silent"])
def test_a_proxy_that_fails_is_named(serve, tmp_path, fault, monkeypatch):
    proxy = f"127.0.0.1:{serve(fault).server_port}"
    monkeypatch.setattr(MNIST, "mirrors", ["http://mirror.invalid/"])
    monkeypatch.setenv("http_proxy", f"http://me:secret@{proxy}")
    with pytest.raises(RuntimeError, match=f"the proxy {proxy} is set") as error:
        mc.load_mnist(tmp_path, source="mnist")
    assert "secret" not in str(error.value)


def test_download_once(serve, tmp_path):
    server = serve("whole")
    for _ in range(2):
        check(mc.load_mnist(tmp_path))
    raw = tmp_path / "MNIST" / "raw"
    assert {p.name: p.read_bytes() for p in raw.iterdir()} == FILES | ARCHIVES
    assert server.asked == [*ARCHIVES]


def test_https_that_fails_is_tried_without(serve, tmp_path, monkeypatch):
    """As where a school's network puts a certificate of its own in between."""
    serve("whole")
    mirrors = [url.replace("http:", "https:") for url in MNIST.mirrors]
    monkeypatch.setattr(MNIST, "mirrors", mirrors)
    check(mc.load_mnist(tmp_path, source="mnist"))
