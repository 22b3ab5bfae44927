"""The shop's logo: a PNG becomes dots, and what does not fit a head is refused with a sentence."""

import io
import zlib

import pytest
from PIL import Image

from terminal.logo import LogoRefused, logo
from terminal.signature import Picture


def chunk(name: bytes, body: bytes) -> bytes:
    """PNG 1.2, 3.2."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def saved(folder, image: Image.Image, form: str = "PNG"):
    path = folder / "logo.png"
    image.save(path, form)
    return path


def test_dark_is_ink_light_and_clear_are_paper(tmp_path):
    image = Image.new("RGBA", (10, 2), (255, 255, 255, 255))
    image.putpixel((0, 0), (0, 0, 0, 255))
    image.putpixel((1, 0), (127, 127, 127, 255))
    image.putpixel((2, 0), (128, 128, 128, 255))
    image.putpixel((3, 0), (0, 0, 0, 0))  # clear
    image.putpixel((9, 1), (0, 0, 60, 255))
    assert logo(saved(tmp_path, image)) == Picture(10, 2, b"\xc0\x00\x00\x40")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "I;16"])
def test_every_kind_of_png_is_read(tmp_path, mode):
    picture = logo(saved(tmp_path, Image.new(mode, (16, 1))))
    assert (picture.width, picture.height, picture.bits) in [(16, 1, b"\xff\xff"), (16, 1, b"\0\0")]


@pytest.mark.parametrize(("size", "is_fit"), [((384, 200), True), ((385, 1), False), ((1, 201), False)])
def test_no_larger_than_the_head_prints(tmp_path, size, is_fit):
    path = saved(tmp_path, Image.new("L", size, 255))
    if is_fit:
        assert logo(path).width == size[0]
        return
    with pytest.raises(LogoRefused, match=rf"logo\.png: {size[0]} x {size[1]} dots, at most 384 x 200"):
        logo(path)


def test_what_is_no_png_is_refused(tmp_path):
    with pytest.raises(LogoRefused, match="not a PNG"):
        logo(saved(tmp_path, Image.new("L", (8, 8)), "GIF"))
    with pytest.raises(LogoRefused, match="cannot be read: No such file"):
        logo(tmp_path / "none.png")
    with pytest.raises(LogoRefused, match="cannot be read"):
        logo(tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_damaged_one_is_refused(tmp_path, share):
    out = io.BytesIO()
    Image.effect_noise((300, 100), 90).save(out, "PNG")
    whole = out.getvalue()
    path = tmp_path / "logo.png"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(LogoRefused):
        logo(path)


def test_a_bomb_is_refused_by_its_head(tmp_path):
    head = b"\x00\x00\xc3\x50\x00\x00\xc3\x50\x08\x00\x00\x00\x00"  # 50000 x 50000 dots
    path = tmp_path / "logo.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9)))
    with pytest.raises(LogoRefused, match=r"larger than any logo|50000 x 50000"):
        logo(path)
