"""A painter of each graphical device class, and one of glass; a module has its own."""

import pytest

from tests.unit.ui.pictures import GRAPHICAL, WITH_PAD
from ui.painter import Painter


@pytest.fixture(scope="module", params=[*GRAPHICAL, *WITH_PAD])
def painter(request: pytest.FixtureRequest) -> Painter:
    name, _, pad = request.param.partition(" ")
    return Painter(name, has_pad=bool(pad))


@pytest.fixture(scope="module")
def glass() -> Painter:
    return Painter("touch-480x800")
