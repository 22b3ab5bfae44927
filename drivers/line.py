"""The line to the acquirer: TLS over TCP, one frame at a time. Law: nothing is sent to a server that is not proven.

A frame on the line is a 2-byte big-endian length and so many bytes (cup.md 1.1).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from terminal.ports import LinkDown, LinkLost

LENGTH_SIZE = 2
USER_TIMEOUT_MS = 20_000  # unacknowledged bytes for this long mean that the bearer is gone


def client_context(authority: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer, the server proven by this authority alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(authority)
    return context


class TlsConnection:
    """A Connection port over one TLS stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, frame: bytes) -> None:
        try:
            self._writer.write(len(frame).to_bytes(LENGTH_SIZE) + frame)
            await self._writer.drain()
        except (OSError, ssl.SSLError) as error:
            raise LinkLost(f"the line broke while sending: {_reason(error)}") from error

    async def receive(self) -> bytes:
        try:
            length = int.from_bytes(await self._reader.readexactly(LENGTH_SIZE))
            return await self._reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            raise LinkLost("the line broke before the answer was whole") from error
        except (OSError, ssl.SSLError) as error:
            raise LinkLost(f"the line broke before the answer: {_reason(error)}") from error


class TlsLine:
    """The Line port. The context (certificates parsed) is made once, at start."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        self._host, self._port, self._context = host, port, context

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[TlsConnection]:
        """Raises LinkDown: name not found, refused, or the server is not who it must be."""
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._context)
        except ssl.SSLError as error:
            raise LinkDown(f"the acquirer's server could not be proven: {_reason(error)}") from error
        except OSError as error:
            raise LinkDown(f"no connection to the acquirer: {_reason(error)}") from error
        raw = writer.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        try:
            yield TlsConnection(reader, writer)
        finally:
            writer.close()


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
