"""Downloads through Python's HTTP client, from a server of the test."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import mfnet
from mfnet import _download


class Server(ThreadingHTTPServer):
    """Answers every request in one way, and notes what was asked."""

    daemon_threads = True

    def __init__(self, answer):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers["User-Agent"]))
                answer(self)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


def sent(handler, body, length=None):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def mirror(monkeypatch, tmp_path):
    """Makes the server of these answers the only place to download from, into an empty folder."""
    servers = []

    def start(answer):
        server = Server(answer)
        servers.append(server)
        monkeypatch.setenv("MFNET_MIRROR", server.url)
        return server

    for name in ("MFNET_DATA", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def refusal():
    with pytest.raises(ValueError) as raised:
        mfnet.Model.fit("mnist", epochs=1, progress=False)
    return str(raised.value)


def test_what_a_server_sends_arrives(mirror):
    body = bytes(range(256)) * 1000
    server = mirror(lambda handler: sent(handler, body))
    # it is another file, of which the error tells size and digest
    message = refusal()
    assert f"found {len(body)} bytes with {hashlib.sha256(body).hexdigest()}" in message
    assert [path for path, _ in server.asked] == [
        "/mnist/train-images-idx3-ubyte.gz",
        "/mnist/train-images-idx3-ubyte",
    ]
    assert {agent for _, agent in server.asked} == {f"mfnet/{mfnet.__version__}"}


def test_problems_of_servers(mirror, monkeypatch):
    mirror(lambda handler: handler.send_error(404))
    assert "the server answered with HTTP status 404" in refusal()
    mirror(lambda handler: sent(handler, b"half", 100))
    assert "the connection ended before the file" in refusal()
    monkeypatch.setattr(_download, "PATIENCE", 0.2)
    mirror(lambda handler: time.sleep(1))
    assert "the server sent no data for 200ms" in refusal()
    server = mirror(lambda handler: None)
    server.shutdown()
    server.server_close()
    assert "refused" in refusal()
    monkeypatch.setenv("MFNET_MIRROR", "file:///etc")
    assert "expected an address as in https://host/path, found file:///etc" in refusal()


def test_the_program_downloads_too(mirror):
    server = mirror(lambda handler: handler.send_error(503))
    command = [sys.executable, "-m", "mfnet", "datasets", "fetch", "mnist"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1
    assert "the server answered with HTTP status 503" in run.stderr
    assert len(server.asked) == 2


def test_ctrl_c_ends_a_download_and_nothing_else(mirror):
    mirror(lambda handler: time.sleep(10))
    handler = signal.getsignal(signal.SIGINT)
    for _ in range(2):
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            mfnet.Model.fit("mnist", epochs=1, progress=False)
        assert time.monotonic() - start < 5
    # signals are Python's as before
    assert signal.getsignal(signal.SIGINT) is handler
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        time.sleep(5)
