"""Around every journey: what must hold after each of them, whatever it is about."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.journey.shop import WATCHING
from tests.leaks.journeys import Watch


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Nothing secret is on a screen, on paper or on the disk; a leak fails the journey that leaked."""
    watch = Watch()
    WATCHING.append(watch.see)
    try:
        result = yield
    finally:
        WATCHING.remove(watch.see)
    watch.judge()
    return result
