"""Downloads with Python's own HTTP client."""

from __future__ import annotations

from http.client import HTTPException, IncompleteRead
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ._core import __version__

#: How long a server may be silent, in seconds.
PATIENCE = 30.0


def get(url: str) -> Any:
    """Ask for a URL; :func:`read` reads the answer."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"expected an address as in https://host/path, found {url}")
    return urlopen(Request(url, headers={"User-Agent": f"mfnet/{__version__}"}), timeout=PATIENCE)


def read(answer: Any, most: int) -> bytes:
    """Read what comes next, at most so many bytes; nothing at the end."""
    piece: bytes = answer.read1(most)
    if not piece and answer.length:
        raise IncompleteRead(piece, answer.length)
    return piece


def problem(error: BaseException) -> tuple[int | None, float | None, str]:
    """What an exception of :func:`get` or :func:`read` means: an HTTP status, seconds of silence, or a text."""
    if isinstance(error, HTTPError):
        return error.code, None, ""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return None, PATIENCE, ""
    if isinstance(error, IncompleteRead):
        return None, None, "the connection ended before the file"
    if isinstance(reason, OSError | HTTPException):
        return None, None, str(reason) or type(reason).__name__
    return None, None, f"{type(error).__name__}: {error}"
