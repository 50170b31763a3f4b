"""Downloads against a server that behaves, breaks off, lies, sends something else, or cannot resume."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from bench.datasets import download
from bench.datasets.download import DownloadError, Published, fetch

CONTENT = np.random.default_rng(0).bytes(300_000)
FILE = Published(name="data.gz", size=len(CONTENT), checksum=hashlib.md5(CONTENT).hexdigest())


class Server(ThreadingHTTPServer):
    """Serves CONTENT under /good/, and misbehaves under the other folders; keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []

    def mirror(self, folder: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{folder}/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        folder, wanted = self.path.split("/")[1], self.headers.get("Range")
        self.server.asked.append((folder, wanted))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if folder == "absent":
            self.send_error(404)
            return
        content = {"wrong": bytes(len(CONTENT)), "short": CONTENT[:1000], "long": CONTENT + b"more"}.get(
            folder, CONTENT
        )
        if folder in ("forgetful", "short"):
            start = 0
        body = content[start:]
        self.send_response(206 if start else 200)
        if start:
            said = start + (7 if folder == "elsewhere" else 0)
            self.send_header("Content-Range", f"bytes {said}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(body) + (5_000_000 if folder == "liar" else 0)))
        self.end_headers()
        breaks_off = folder == "breaking" or (folder == "forgetful" and len(self.server.asked) == 1)
        self.wfile.write(body[:100_000] if breaks_off else body)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def kept(folder):
    """What lies there but locks, which stay."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_two_at_once_fetch_it_once(server, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: fetch(FILE, tmp_path, [server.mirror("good")]), range(2)))
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    assert server.asked == [("good", None)]


def test_a_file_comes_whole_with_progress_and_is_not_asked_for_again(server, tmp_path):
    seen = []
    path = fetch(FILE, tmp_path / "new", [server.mirror("good")], lambda *event: seen.append(event))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == ("data.gz", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    assert kept(path.parent) == ["data.gz"]
    fetch(FILE, path.parent, [server.mirror("good")])
    assert server.asked == [("good", None)]


def test_a_file_that_was_damaged_since_is_fetched_again(server, tmp_path):
    (tmp_path / "data.gz").write_bytes(CONTENT[:-1])
    assert fetch(FILE, tmp_path, [server.mirror("good")]).read_bytes() == CONTENT


def test_what_breaks_off_is_resumed(server, tmp_path):
    assert fetch(FILE, tmp_path, [server.mirror("breaking")]).read_bytes() == CONTENT
    assert server.asked == [("breaking", None), ("breaking", "bytes=100000-"), ("breaking", "bytes=200000-")]


def test_a_server_that_cannot_resume_sends_all_of_it_again(server, tmp_path):
    assert fetch(FILE, tmp_path, [server.mirror("forgetful")]).read_bytes() == CONTENT
    assert server.asked == [("forgetful", None), ("forgetful", "bytes=100000-")]


def test_a_server_that_answers_with_another_range_is_asked_from_the_start(server, tmp_path):
    (tmp_path / "data.gz.part").write_bytes(CONTENT[:50])
    assert fetch(FILE, tmp_path, [server.mirror("elsewhere")]).read_bytes() == CONTENT
    assert server.asked == [("elsewhere", "bytes=50-"), ("elsewhere", None)]


def test_what_a_run_left_is_resumed_by_the_next_from_another_mirror(server, tmp_path):
    (tmp_path / "data.gz.part").write_bytes(CONTENT[:12_345])
    path = fetch(FILE, tmp_path, [server.mirror("absent"), server.mirror("good")])
    assert path.read_bytes() == CONTENT
    assert server.asked == [("absent", "bytes=12345-"), ("good", "bytes=12345-")]


def test_a_wrong_beginning_left_by_a_run_is_thrown_away(server, tmp_path):
    (tmp_path / "data.gz.part").write_bytes(b"something else")
    assert fetch(FILE, tmp_path, [server.mirror("good")]).read_bytes() == CONTENT
    assert server.asked == [("good", "bytes=14-"), ("good", None)]


def test_a_length_that_is_a_lie_does_no_harm(server, tmp_path):
    assert fetch(FILE, tmp_path, [server.mirror("liar")]).read_bytes() == CONTENT


@pytest.mark.parametrize("folder", ["wrong", "long"])
def test_wrong_bytes_are_never_kept(server, tmp_path, folder):
    with pytest.raises(DownloadError, match=r"/data\.gz: its content is not the published one \(MD5 "):
        fetch(FILE, tmp_path, [server.mirror(folder)])
    assert not kept(tmp_path)
    assert len(server.asked) == 1
    assert fetch(FILE, tmp_path, [server.mirror(folder), server.mirror("good")]).read_bytes() == CONTENT


def test_what_stays_too_short_is_given_up(server, tmp_path):
    with pytest.raises(DownloadError, match="ended after 1000 of 300000 bytes"):
        fetch(FILE, tmp_path, [server.mirror("short")])
    assert len(server.asked) == 2


def test_the_message_says_what_every_mirror_did(server, tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_address[1]
    with pytest.raises(DownloadError) as caught:
        fetch(FILE, tmp_path, [server.mirror("absent"), f"http://127.0.0.1:{port}/"])
    message = str(caught.value)
    assert "/absent/data.gz: HTTP status 404 (Not Found); " in message
    assert f"http://127.0.0.1:{port}/data.gz: " in message
    assert "refused" in message


def test_a_server_that_hangs_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.2)
    release = threading.Event()
    monkeypatch.setattr(Handler, "do_GET", lambda self: release.wait(10) and None)
    try:
        with pytest.raises(DownloadError, match="timed out"):
            fetch(FILE, tmp_path, [server.mirror("good")])
    finally:
        release.set()


UNSIZED = Published(name="data.gz", size=None, checksum=hashlib.sha256(CONTENT).hexdigest(), algorithm="sha256")


def test_a_file_of_unknown_size_is_known_by_its_checksum(server, tmp_path):
    assert fetch(UNSIZED, tmp_path, [server.mirror("good")]).read_bytes() == CONTENT
    (tmp_path / "data.gz").write_bytes(CONTENT[1:])
    assert fetch(UNSIZED, tmp_path, [server.mirror("wrong"), server.mirror("good")]).read_bytes() == CONTENT


@pytest.mark.parametrize("folder", ["breaking", "long", "wrong"])
def test_a_file_of_unknown_size_is_never_kept_wrong(server, tmp_path, folder):
    with pytest.raises(DownloadError, match=rf"its content is not the published one \(SHA256 {UNSIZED.checksum}\)"):
        fetch(UNSIZED, tmp_path, [server.mirror(folder)])
    assert not kept(tmp_path)


def test_a_file_of_unknown_size_cannot_fill_the_disk(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MOST_BYTES", 1000)
    sizes = []
    with pytest.raises(DownloadError, match="not the published one"):
        fetch(UNSIZED, tmp_path, [server.mirror("good")], lambda what, done, total: sizes.append(done))
    assert max(sizes) <= 1000


def test_a_mirror_without_a_slash_at_its_end_is_the_files_own_address(server, tmp_path):
    address = server.mirror("good") + "5976036"
    assert fetch(FILE, tmp_path, [address]).name == "data.gz"
    with pytest.raises(DownloadError, match="absent/5976036: HTTP status 404"):
        fetch(FILE, tmp_path / "new", [server.mirror("absent") + "5976036"])
