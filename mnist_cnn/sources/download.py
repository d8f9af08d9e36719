"""Fetch the archives of MNIST over the network; give up where nothing comes."""

import hashlib
import http.client
import os
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, getproxies, urlopen

from mnist_cnn.bar import progress_bar

__all__ = ["CannotDownload", "fetch"]

CONNECT = 4.0  # seconds to wait for one address, or for its next bytes
SILENCE = 8.0  # seconds without a byte from anywhere, after which to give up
LARGEST = 20_000_000  # bytes of one answer; no archive has as many
TOTAL = 11_594_722  # bytes of the four archives


class CannotDownload(OSError):
    """No address gave the right file."""


def fetch(archives: Iterable[tuple[str, str]], mirrors: list[str]) -> dict[str, bytes]:
    """The content of ``archives``, pairs of name and MD5, by name.

    torchvision's own download can wait for ever. urllib's timeout is not enough either:
    it starts anew with each address of a host, and looking up a name has none. So a
    thread does the work, and is left behind when nothing comes from it.

    Raises CannotDownload. With the environment variable MNIST_CNN_OFFLINE set to 1,
    does not try.
    """
    if os.environ.get("MNIST_CNN_OFFLINE", "0") not in ("", "0"):
        raise CannotDownload("MNIST_CNN_OFFLINE is set")
    # The number of bytes that came; at the end what they make, or why nothing came
    arrivals: queue.SimpleQueue[Any] = queue.SimpleQueue()
    plain = [m.replace("https:", "http:") for m in mirrors]  # in case of SSL errors
    urls = list(dict.fromkeys([*mirrors, *plain]))

    def work() -> None:
        try:
            arrivals.put(
                {n: _archive(n, md5, urls, arrivals.put) for n, md5 in archives}
            )
        except Exception as error:
            arrivals.put(error)

    threading.Thread(target=work, daemon=True).start()
    with progress_bar("MNIST", TOTAL, unit="B", unit_scale=True, delay=1) as bar:
        arrived: int | dict[str, bytes] | Exception = 0
        while isinstance(arrived, int):
            bar.update(arrived)
            try:
                arrived = arrivals.get(timeout=SILENCE)
            except queue.Empty:
                why = f"no answer within {SILENCE:g} seconds{_proxies()}"
                raise CannotDownload(why) from None
    if isinstance(arrived, Exception):
        raise arrived
    return arrived


def _archive(
    name: str, md5: str, urls: list[str], report: Callable[[int], None]
) -> bytes:
    """The content of one archive, from the first of ``urls`` that has the right one."""
    reasons = {}
    for url in urls.copy():
        try:
            content = _get(url + name, report)
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason: object = error.reason if type(error) is URLError else error
            if isinstance(error, HTTPError):
                error.close()
        else:
            if hashlib.md5(content, usedforsecurity=False).hexdigest() == md5:
                urls.insert(0, url)  # ask here first for the next archive
                return content
            reason = f"sent {len(content):,} bytes that are not {name}"
        reasons[urlsplit(url).netloc] = reason
    told = "; ".join(f"{host}: {why}" for host, why in reasons.items())
    raise CannotDownload(told + _proxies())


def _proxies() -> str:
    """What to add where a proxy may be the reason; its password stays untold."""
    hosts = {getproxies().get(k, "").rpartition("@")[2] for k in ("http", "https")}
    return "".join(f"; the proxy {h} is set: is it right?" for h in hosts - {""})


def _get(url: str, report: Callable[[int], None]) -> bytes:
    content = bytearray()
    request = Request(url, headers={"User-Agent": "mnist-cnn"})
    with urlopen(request, timeout=CONNECT) as response:
        while len(content) < LARGEST and (part := response.read1(65_536)):
            report(len(part))
            content += part
    return bytes(content)
