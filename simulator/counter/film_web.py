"""The film's part of the counter's HTTP interface (docs/counter.md). Law: encoding never holds up the counter.

MP4 is made by ffmpeg where it is installed; nothing here needs it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.counter.desk import CounterDesk
from simulator.counter.edge import Refused, body_of, done, sentence
from simulator.counter.film import FilmEmpty, FilmTooLong

ENCODE_SECONDS = 60.0
MP4 = ("-movflags", "+faststart", "-pix_fmt", "yuv420p", "-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2")


class FilmBody(msgspec.Struct, forbid_unknown_fields=True):
    record: bool


def film_routes(desk: CounterDesk) -> list[Route]:
    """For the counter's application."""
    web = _Film(desk)
    return [
        Route("/api/film", sentence(web.record), methods=["POST"]),
        Route("/api/film", sentence(web.film)),
    ]


def has_ffmpeg() -> bool:
    """Whether an MP4 can be made here."""
    return shutil.which("ffmpeg") is not None


class _Film:
    def __init__(self, desk: CounterDesk) -> None:
        self._desk = desk

    async def record(self, request: Request) -> Response:
        body = await body_of(request, FilmBody)
        self._desk.record(body.record)
        return done()

    async def film(self, request: Request) -> Response:
        format = request.query_params.get("format", "gif")
        if format not in ("gif", "mp4"):
            raise Refused(400, "format is gif or mp4")
        if format == "mp4" and not has_ffmpeg():
            raise Refused(409, "an MP4 needs ffmpeg, which is not installed here; the GIF needs nothing")
        try:
            film = await self._desk.film_gif()
        except FilmEmpty:
            raise Refused(404, "no film has been made; start one first") from None
        except FilmTooLong as error:
            raise Refused(409, str(error)) from None
        if format == "mp4":
            film = await _as_mp4(film)
        headers = {"content-disposition": f'attachment; filename="yuanlu.{format}"'}
        return Response(film, media_type="image/gif" if format == "gif" else "video/mp4", headers=headers)


async def _as_mp4(film: bytes) -> bytes:
    """Raises Refused (409) when ffmpeg does not do it."""
    with tempfile.TemporaryDirectory(prefix="yuanlu-film-") as folder:
        before, after = Path(folder, "film.gif"), Path(folder, "film.mp4")
        before.write_bytes(film)
        said = ("-v", "error", "-y", "-i", str(before), *MP4, str(after))
        process = await asyncio.create_subprocess_exec("ffmpeg", *said, stdin=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(ENCODE_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if process.returncode != 0 or not after.exists():
            raise Refused(409, "ffmpeg did not make a film of it; the GIF is there")
        return after.read_bytes()
