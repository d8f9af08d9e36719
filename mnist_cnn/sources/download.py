"""Fetch the archives of MNIST over the network, and never hang."""

from __future__ import annotations

import hashlib
import http.client
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

__all__ = ["CannotDownload", "fetch"]

CONNECT = 5.0  # seconds to wait for one address, or for its next bytes
SILENCE = 6.0  # seconds with next to no data from anywhere, after which to give up
BUSY = 1.0  # seconds to leave a server alone that reports a failure of its own
ENOUGH = 16_384  # bytes that end a silence
LARGEST = 20_000_000  # bytes of one answer; no archive has as many
TOTAL = 11_594_722  # bytes of the four archives


class CannotDownload(OSError):
    """No address gave the right file."""


def fetch(archives: Iterable[tuple[str, str]], mirrors: list[str], to: Path) -> None:
    """Put ``archives``, pairs of name and MD5, into the folder ``to``.

    torchvision's own download can wait for ever. urllib's timeout is not enough either:
    it starts anew with each address of a host, and looking up a name has none. So a
    thread does the work, and is left behind when nothing comes from it.

    Raises CannotDownload, and OSError where ``to`` cannot be written. With the
    environment variable MNIST_CNN_OFFLINE set to 1, does not try.
    """
    from tqdm import tqdm

    if os.environ.get("MNIST_CNN_OFFLINE", "0") not in ("", "0"):
        raise CannotDownload("MNIST_CNN_OFFLINE is set")
    events: queue.SimpleQueue[int | Exception | None] = queue.SimpleQueue()
    stop = threading.Event()

    def report(size: int) -> None:
        if stop.is_set():
            raise SystemExit  # ends the thread, nobody waits for it any more
        events.put(size)

    def work() -> None:
        plain = [m.replace("https:", "http:") for m in mirrors]  # in case of SSL errors
        urls = list(dict.fromkeys([*mirrors, *plain])) * 2  # a second chance for each
        try:
            for name, md5 in archives:
                (to / name).write_bytes(_archive(name, md5, urls, report))
                report(ENOUGH)
            events.put(None)
        except Exception as error:
            events.put(error)

    threading.Thread(target=work, daemon=True).start()
    deadline, fresh = time.monotonic() + SILENCE, 0
    look = {"unit": "B", "unit_scale": True, "leave": False, "delay": 1}
    with tqdm(desc="MNIST", total=TOTAL, file=sys.stdout, **look) as bar:
        try:
            while True:
                event = events.get(timeout=max(0.0, deadline - time.monotonic()))
                if event is None:
                    return
                if isinstance(event, Exception):
                    raise event
                bar.update(event)
                fresh += event
                if fresh >= ENOUGH:
                    deadline, fresh = time.monotonic() + SILENCE, 0
        except queue.Empty:
            raise CannotDownload(f"no answer within {SILENCE:g} seconds") from None
        finally:
            stop.set()


def _archive(
    name: str, md5: str, urls: list[str], report: Callable[[int], None]
) -> bytes:
    """The content of one archive, from the first of ``urls`` that has the right one."""
    reasons = {}
    for url in urls.copy():
        reason: object
        try:
            content = _get(url + name, report)
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = error.reason if type(error) is URLError else error
            if isinstance(error, HTTPError):
                error.close()
                if error.code >= 500:
                    time.sleep(BUSY)
        else:
            if hashlib.md5(content, usedforsecurity=False).hexdigest() == md5:
                urls.insert(0, url)  # ask here first for the next archive
                return content
            reason = f"sent {len(content):,} bytes that are not {name}"
        reasons[urlsplit(url).netloc] = reason
    raise CannotDownload("; ".join(f"{host}: {why}" for host, why in reasons.items()))


def _get(url: str, report: Callable[[int], None]) -> bytes:
    content = bytearray()
    request = Request(url, headers={"User-Agent": "mnist-cnn"})
    with urlopen(request, timeout=CONNECT) as response:
        while len(content) < LARGEST and (part := response.read1(65_536)):
            report(len(part))
            content += part
    return bytes(content)
