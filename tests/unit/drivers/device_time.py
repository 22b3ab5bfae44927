"""A virtual clock for tests with real descriptors: pipes, FIFOs and ptys are looked at before time jumps."""

import asyncio
import selectors


class LookingFirst(selectors.DefaultSelector):
    """Time that jumps to the next timer, but only when no device has anything to say."""

    now = 0.0

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("everything waits and no timer runs: the test would hang for ever")
        if not found:
            self.now += max(timeout, 0.0)
        return found


class DeviceLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._looking = LookingFirst()
        super().__init__(self._looking)

    def time(self):
        return self._looking.now


def run(script):
    """To its end, on the devices' time."""
    with asyncio.Runner(loop_factory=DeviceLoop) as runner:
        return runner.run(script)
