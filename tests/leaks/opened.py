"""What lies compressed in a folder, opened for the hunt. Law: what is not of a form that is known here is left out.

| file                 | what of it is opened                             |
|----------------------|--------------------------------------------------|
| a journal            | each attachment (papers, strokes) that is zlib   |
| a zip (evidence)     | each of its files                                |
| a PDF                | each of its streams                              |
"""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
import zlib
from base64 import a85decode
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)


def opened(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Place and content, of every file below."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            name, raw = str(path.relative_to(folder)), path.read_bytes()
            if raw.startswith(b"SQLite format 3"):
                yield from ((f"{name}: {kind}", body) for kind, body in _attachments(path))
            yield from _inside(name, raw)


def _inside(name: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    if raw.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(raw)) as whole:
            for each in whole.namelist():
                content = whole.read(each)
                yield f"{name}: {each}", content
                yield from _inside(f"{name}: {each}", content)
    elif raw.startswith(b"%PDF"):
        for number, stream in enumerate(STREAM.findall(raw)):
            yield f"{name}: stream {number}", _plain(stream)
    elif raw[:1] == b"\x78":
        with suppress(zlib.error):
            yield f"{name}: opened", zlib.decompress(raw)


def _attachments(path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db, suppress(sqlite3.Error):
        for kind, body in db.execute("SELECT kind, body FROM attachment").fetchall():
            with suppress(zlib.error):
                yield str(kind), zlib.decompress(body)


def _plain(stream: bytes) -> bytes:
    """ASCII 85 and zlib, as reportlab writes them; else as it is."""
    with suppress(ValueError, zlib.error):
        return zlib.decompress(a85decode(stream.strip(), adobe=stream.strip().startswith(b"<~")))
    with suppress(ValueError, zlib.error):
        return zlib.decompress(a85decode(stream.strip().removesuffix(b"~>")))
    with suppress(zlib.error):
        return zlib.decompress(stream)
    return stream
