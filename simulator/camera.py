"""A camera without a camera: the Camera port's twin. Law: what it gives is a real JPEG, another one each time."""

from __future__ import annotations

import io

from terminal.ports import CameraLost

SIZE = (640, 480)


class SimulatedCamera:
    """`is_lost` and `is_mute` are what may be wrong with it; `pictures` is all it took."""

    def __init__(self) -> None:
        self.pictures: list[bytes] = []
        self.is_lost = self.is_mute = False

    async def photo(self) -> bytes:
        """See terminal/ports.py."""
        if self.is_lost:
            raise CameraLost("unplugged")
        if self.is_mute:
            await _for_ever()
        self.pictures.append(_picture(len(self.pictures)))
        return self.pictures[-1]


async def _for_ever() -> None:
    import asyncio

    await asyncio.Event().wait()


def _picture(number: int) -> bytes:
    """Noise, so that it is as long as a photo is; the same for the same number."""
    import random

    from PIL import Image

    noise = random.Random(number).randbytes(SIZE[0] * SIZE[1])
    raw = io.BytesIO()
    Image.frombytes("L", SIZE, noise).save(raw, "JPEG", quality=75)
    return raw.getvalue()
