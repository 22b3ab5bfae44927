"""The system's clock: the time of day may be set, the time since power-on may not."""

import time
from datetime import timedelta
from pathlib import Path

from drivers.clock import SystemClock

ZONE = "Asia/Shanghai"


def test_the_acquirers_time_is_adopted_and_goes_on_from_there():
    clock = SystemClock(ZONE)
    there = clock.now() + timedelta(days=-400, seconds=5)
    clock.adopt(there)
    assert timedelta(0) <= clock.now() - there < timedelta(seconds=5)


def test_uptime_is_the_kernels_and_adopting_a_time_does_not_move_it():
    clock = SystemClock(ZONE)
    boot, before = clock.uptime()
    clock.adopt(clock.now() + timedelta(days=3650))
    again, after = clock.uptime()
    assert boot == again == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert 0 <= after - before < 5
    # proc(5): uptime counts suspended time too, as CLOCK_BOOTTIME does; a container may have its own time namespace
    assert abs(after - float(Path("/proc/uptime").read_text().split()[0])) < 5
    assert abs(after - time.clock_gettime(time.CLOCK_BOOTTIME)) < 5


def test_two_clocks_agree_on_the_uptime():
    one, other = SystemClock(ZONE).uptime(), SystemClock("UTC").uptime()
    assert one[0] == other[0]
    assert 0 <= other[1] - one[1] < 5
