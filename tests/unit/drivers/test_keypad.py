"""Keypad: events to keys, several keyboards and their keymaps, roles, a device that goes and comes back."""

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import evdev
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.input_device import Identity, Udev, identity_of, open_evdev
from drivers.keypad import (
    DOWN,
    EV_KEY,
    EV_SYN,
    HELD,
    NO_KEYPAD,
    REPEATS,
    SYN_DROPPED,
    SYN_REPORT,
    UP,
    EvdevKeypad,
    FrontKey,
    KeymapRefused,
    Presses,
    key_of,
    load_keymap,
    load_keymaps,
    open_keypad,
)
from terminal.events import KEYS
from tests.unit.drivers.fake_kernel import PATIENCE, SYN, Kernel, OpenFile

ENTER, ESC, FIVE, ARROW_UP, POWER, UNKNOWN = 28, 1, 6, 103, 116, 500
KEYMAP = {ENTER: "enter", ESC: "cancel", FIVE: "5", ARROW_UP: "up"}


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ((EV_KEY, ENTER, DOWN), "enter"),
        ((EV_KEY, ENTER, UP), None),
        ((EV_KEY, ENTER, HELD), None),
        ((EV_KEY, ESC, HELD), None),
        ((EV_KEY, FIVE, HELD), None),
        ((EV_KEY, ARROW_UP, HELD), "up"),
        ((EV_KEY, UNKNOWN, DOWN), None),
        ((EV_KEY, UNKNOWN, HELD), None),
        ((4, 4, ENTER), None),
    ],
)
def test_events_to_keys(event: tuple[int, int, int], key: str | None):
    assert key_of(*event, KEYMAP) == key


async def keys_of(keypad: EvdevKeypad, count: int) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        return [(await keypad.pressed()).key for _ in range(count)]


async def test_contract_keys_in_order_grabbed_and_waited_for():
    kernel = Kernel()
    kernel.is_there = False
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open, reopen_after=0) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 3))
        await asyncio.sleep(0.01)
        kernel.is_there = True
        await kernel.until(lambda kernel: kernel.files)
        assert kernel.holder
        for code in (FIVE, UNKNOWN, ENTER):
            kernel.press(code)
        await asyncio.sleep(0.01)
        kernel.pull_out()
        await asyncio.sleep(0.01)
        kernel.is_there = True
        await kernel.until(lambda kernel: kernel.files)
        kernel.press(ESC)
        assert await typed == ["5", "enter", "cancel"]
    assert not kernel.files
    assert not kernel.holder


async def test_a_keypad_may_be_shared():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, grab=False, opener=kernel.open) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 1))
        await kernel.until(lambda kernel: kernel.files)
        assert not kernel.holder
        kernel.press(FIVE)
        assert await typed == ["5"]


async def test_a_keypad_that_is_let_go_is_closed_at_once_and_forgets():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 2))
        await kernel.until(lambda kernel: kernel.files)
        kernel.press(FIVE)
        keypad.let_go()
        assert not kernel.files, "it is closed when let_go returns"
        other = kernel.open("pad")
        other.grab()
        kernel.press(ESC)
        await asyncio.sleep(0.01)
        assert kernel.files == [other], "it is not opened while it is another's"
        keypad.take()
        await asyncio.sleep(0.06)
        kernel.press(ESC)
        other.close()
        await kernel.until(lambda kernel: kernel.holder)
        kernel.press(ENTER)
        kernel.press(FIVE)
        assert await typed == ["enter", "5"]


async def test_let_go_and_taken_at_once_loses_no_time():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open, reopen_after=60) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 1))
        await kernel.until(lambda kernel: kernel.files)
        keypad.let_go()
        keypad.take()
        await kernel.until(lambda kernel: kernel.files)
        kernel.press(ENTER)
        assert await typed == ["enter"]


async def test_whoever_gives_up_waiting_loses_no_key():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open) as keypad:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await keypad.pressed()
        kernel.press(FIVE)
        kernel.press(ENTER)
        assert await keys_of(keypad, 2) == ["5", "enter"]


def test_a_key_that_was_down_before_counts_when_it_goes_down_again():
    presses = Presses(KEYMAP)
    assert presses.on(EV_KEY, ARROW_UP, HELD) is None
    assert presses.on(EV_KEY, ARROW_UP, UP) is None
    assert presses.on(EV_KEY, ARROW_UP, HELD) is None
    assert presses.on(EV_KEY, ARROW_UP, DOWN) == "up"
    assert presses.on(EV_KEY, ARROW_UP, HELD) == "up"
    assert presses.on(0, ARROW_UP, 0) is None
    assert presses.on(EV_KEY, ARROW_UP, UP) is None
    assert presses.on(EV_KEY, ARROW_UP, HELD) is None


# --- stuck, lost, forgotten ------------------------------------------------------------------------------------------
def test_a_stuck_key_is_ignored_until_it_is_released_and_told_once():
    presses = Presses(KEYMAP, stuck_after=10)
    assert presses.on(EV_KEY, ARROW_UP, DOWN, 5.0) == "up"
    assert presses.due() == 15.0
    assert presses.on(EV_KEY, ARROW_UP, HELD, 14.9) == "up"
    assert presses.stuck(14.9) == []
    assert presses.on(EV_KEY, ARROW_UP, HELD, 15.0) is None
    assert (presses.stuck(15.0), presses.stuck(99.0)) == (["up"], [])
    assert presses.due() is None
    assert presses.on(EV_KEY, ENTER, DOWN, 16.0) == "enter", "the others go on"
    assert presses.on(EV_KEY, ENTER, UP, 16.1) is None
    assert presses.on(EV_KEY, ARROW_UP, HELD, 17.0) is None
    assert presses.on(EV_KEY, ARROW_UP, UP, 18.0) is None
    assert presses.on(EV_KEY, ARROW_UP, DOWN, 19.0) == "up"


def test_a_stuck_digit_is_not_told_by_its_name_and_an_unknown_key_not_at_all():
    presses = Presses(KEYMAP, stuck_after=10)
    for code in (FIVE, UNKNOWN):
        presses.on(EV_KEY, code, DOWN, 0.0)
    assert presses.stuck(10.0) == ["digit"]


def test_after_lost_events_nothing_is_down_and_a_report_in_pieces_is_passed_over():
    presses = Presses(KEYMAP)
    assert presses.on(EV_KEY, ARROW_UP, DOWN) == "up"
    assert presses.on(EV_SYN, SYN_DROPPED, 0) is None
    assert presses.on(EV_KEY, ENTER, DOWN) is None
    assert presses.on(EV_SYN, SYN_REPORT, 0) is None
    assert presses.on(EV_KEY, ARROW_UP, HELD) is None
    assert presses.on(EV_KEY, ARROW_UP, DOWN) == "up"


@given(st.lists(st.tuples(st.sampled_from([ENTER, FIVE, ARROW_UP, UNKNOWN]), st.sampled_from([UP, DOWN, HELD]))))
def test_no_key_without_its_own_press(events: list[tuple[int, int]]):
    presses, down = Presses(KEYMAP), set()
    for code, value in events:
        if value == DOWN:
            down.add(code)
        key = presses.on(EV_KEY, code, value)
        assert key is None or (code in down and key == KEYMAP[code] and (value == DOWN or key in REPEATS))
        if value == UP:
            down.discard(code)


async def test_a_key_that_is_stuck_is_told_though_the_device_says_nothing_more():
    kernel, told = Kernel(), asyncio.Queue()
    with EvdevKeypad("pad", KEYMAP, stuck=told.put_nowait, opener=kernel.open, stuck_after=0.03) as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 2))
        await kernel.until(lambda kernel: kernel.files)
        kernel.events((EV_KEY, ARROW_UP, DOWN), SYN)
        assert await asyncio.wait_for(told.get(), PATIENCE) == "up"
        kernel.events((EV_KEY, ARROW_UP, HELD), SYN)
        await asyncio.sleep(0.06)
        kernel.press(ENTER)
        assert await typed == ["up", "enter"]
        assert told.empty(), "once"


async def test_unplugged_in_the_middle_of_a_code_what_was_down_is_forgotten():
    kernel, told = Kernel(), []
    pad = EvdevKeypad("pad", KEYMAP, stuck=told.append, opener=kernel.open, reopen_after=0.01, stuck_after=0.05)
    with pad as keypad:
        typed = asyncio.ensure_future(keys_of(keypad, 2))
        await kernel.until(lambda kernel: kernel.files)
        kernel.events((EV_KEY, ARROW_UP, DOWN), SYN)
        await asyncio.sleep(0.01)
        kernel.pull_out()
        await asyncio.sleep(0.1)
        assert told == [], "a key of a keypad that is away is not stuck"
        kernel.is_there = True
        await kernel.until(lambda kernel: kernel.files)
        kernel.events((EV_KEY, ARROW_UP, HELD), SYN, (EV_KEY, ARROW_UP, UP), SYN)
        await asyncio.sleep(0.02)
        assert not typed.done()
        kernel.press(FIVE)
        assert await typed == ["up", "5"]


# --- several keyboards -----------------------------------------------------------------------------------------------
class Box:
    """A machine with several input devices."""

    def __init__(self, **kernels: Kernel) -> None:
        self.kernels = kernels

    def open(self, name: str) -> OpenFile:
        return self.kernels[name].open(name)


class TellingKernel(Kernel):
    """A device that also says what it is."""

    def __init__(self, name: str, keys: list[int], vendor: int = 0, product: int = 0) -> None:
        super().__init__()
        self._told = {"name": name, "info": SimpleNamespace(vendor=vendor, product=product)}
        self._keys = keys

    def open(self, name: str) -> OpenFile:
        file = super().open(name)
        vars(file).update(self._told, capabilities=lambda: {EV_SYN: [0], EV_KEY: self._keys})
        return file


async def test_several_keyboards_are_one_keypad_and_one_may_be_away():
    box = Box(pad=Kernel(), desk=Kernel(), away=Kernel())
    box.kernels["away"].is_there = False
    with EvdevKeypad(["pad", "desk", "away"], KEYMAP, opener=box.open, reopen_after=0.01) as keypad:
        for name in ("pad", "desk", "pad"):
            typed = asyncio.ensure_future(keys_of(keypad, 1))
            await box.kernels[name].until(lambda kernel: kernel.holder)
            box.kernels[name].press(FIVE)
            assert await typed == ["5"]
        typed = asyncio.ensure_future(keys_of(keypad, 1))
        box.kernels["away"].is_there = True
        await box.kernels["away"].until(lambda kernel: kernel.holder)
        box.kernels["desk"].pull_out()
        box.kernels["away"].press(ENTER)
        assert await typed == ["enter"]
        box.kernels["pad"].press(FIVE)
        keypad.let_go()
        assert not any(kernel.files for kernel in box.kernels.values()), "all are let go at once"
        keypad.take()
        typed = asyncio.ensure_future(keys_of(keypad, 1))
        await box.kernels["pad"].until(lambda kernel: kernel.holder)
        box.kernels["pad"].press(ESC)
        assert await typed == ["cancel"], "what was pressed before is not ours"


async def test_a_key_that_came_and_was_not_waited_for_is_forgotten_when_it_is_let_go():
    kernel = Kernel()
    with EvdevKeypad("pad", KEYMAP, opener=kernel.open) as keypad:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await keypad.pressed()
        kernel.press(FIVE)
        await asyncio.sleep(0.02)
        keypad.let_go()
        keypad.take()
        typed = asyncio.ensure_future(keys_of(keypad, 1))
        await kernel.until(lambda kernel: kernel.holder)
        kernel.press(ENTER)
        assert await typed == ["enter"]


async def test_the_power_key_is_the_fronts_and_a_power_button_is_heard_but_not_grabbed():
    maps = load_keymaps()
    pad = TellingKernel("pad", [FIVE, POWER])
    box = Box(pad=pad, button=TellingKernel("Power Button", [POWER]))
    with EvdevKeypad(["pad", "button"], maps, opener=box.open) as keypad:
        for name in ("pad", "button"):
            happened = asyncio.ensure_future(keypad.happened())
            for kernel in box.kernels.values():
                await kernel.until(lambda kernel: kernel.files)
            assert (bool(pad.holder), bool(box.kernels["button"].holder)) == (True, False)
            box.kernels[name].press(POWER)
            assert await asyncio.wait_for(happened, PATIENCE) == FrontKey("power")
        typed = asyncio.ensure_future(keys_of(keypad, 1))
        pad.press(POWER)
        pad.press(FIVE)
        assert await typed == ["5"]
    assert "power" not in KEYS


# --- keymaps ---------------------------------------------------------------------------------------------------------
def test_the_default_keymap_has_every_key():
    assert set(load_keymap().values()) == set(KEYS)
    assert load_keymaps().other.front == {POWER: "power"}


def keymap_folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


def test_a_folder_serves_several_models_and_the_closest_match_is_taken(tmp_path: Path):
    folder = keymap_folder(
        tmp_path,
        a='KEY_A = "1"\n[match]\nname = "numeric"\n',
        b='KEY_A = "2"\n[match]\nvendor = "1a86"\nproduct = "E129"\n',
        c='KEY_A = "3"\n[match]\nvendor = "1a86"\n',
        other='KEY_A = "4"\n',
    )
    maps = load_keymaps(folder)

    def key(*facts) -> str:
        return maps.of(Identity(*facts)).codes[evdev.ecodes.KEY_A]

    assert [key("USB Numeric Keypad"), key("x", 0x1A86, 0xE129), key("x", 0x1A86, 1), key("x", 1, 0xE129)] == [*"1234"]
    assert key("Numeric", 0x1A86, 0xE129) == "2"
    assert key("Numeric", 0x1A86, 1) == "1", "of two that say as much the first by its file's name"


def test_a_file_alone_is_for_every_device_and_a_folder_without_a_default_takes_ours(tmp_path: Path):
    folder = keymap_folder(tmp_path, a='KEY_A = "1"\n[match]\nname = "numeric"\n')
    assert load_keymaps(folder).of(Identity("desk")).codes == load_keymap()
    assert load_keymaps(folder / "a.toml").of(Identity("desk")).codes == {evdev.ecodes.KEY_A: "1"}


def test_the_shipped_keymaps_are_read_and_a_numeric_block_can_cancel():
    maps = load_keymaps()
    assert maps.models
    block = maps.of(Identity("SIGMACHIP USB Numeric Keypad"))
    assert block is not maps.other
    assert {"cancel", "enter", "clear", "00", "func", "up", "down", "refund"} <= set(block.codes.values())


async def test_each_keyboard_has_the_keymap_of_its_model(tmp_path: Path):
    folder = keymap_folder(tmp_path, a='KEY_KPMINUS = "cancel"\n[match]\nname = "numeric"\n', z='KEY_KPMINUS = "up"\n')
    minus = evdev.ecodes.KEY_KPMINUS
    box = Box(desk=TellingKernel("desk", [minus]), block=TellingKernel("Numeric", [minus]))
    with EvdevKeypad(["desk", "block"], load_keymaps(folder), opener=box.open) as keypad:
        for name, key in (("desk", "up"), ("block", "cancel")):
            typed = asyncio.ensure_future(keys_of(keypad, 1))
            await box.kernels[name].until(lambda kernel: kernel.holder)
            box.kernels[name].press(minus)
            assert await typed == [key]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('# keys\nKEY_1 = "1"\nKEY_NONSENSE = "2"\n', r"map\.toml:3: KEY_NONSENSE is not a key"),
        ('KEY_1 = "1"\n\nKEY_2 = "two"\n', r"map\.toml:3: 'two' is not one of"),
        ("KEY_1 = \n", r"map\.toml: .*line 1"),
        ("KEY_1 = 1\n", r"map\.toml:1: 1 is not one of"),
        ('ABS_X = "1"\n', r"map\.toml:1: ABS_X is not a key"),
        ('KEY_1 = "1"\n[match]\nmaker = "x"\n', r"map\.toml:3: maker is not one of"),
        ('KEY_1 = "1"\n[match]\nvendor = "1a8"\n', r"map\.toml:3: vendor needs four"),
        ('KEY_1 = "1"\n[match]\nname = " "\n', r"map\.toml:3: name needs words"),
        ('match = "x"\n', r"map\.toml:1: match is a table"),
    ],
)
def test_a_keymap_is_refused_with_its_line(tmp_path: Path, text: str, said: str):
    file = tmp_path / "map.toml"
    file.write_text(text)
    for load in (load_keymap, load_keymaps):
        with pytest.raises(KeymapRefused, match=said):
            load(file)


def test_two_files_for_all_other_devices_are_refused(tmp_path: Path):
    with pytest.raises(KeymapRefused, match=r"b\.toml: a\.toml is already"):
        load_keymaps(keymap_folder(tmp_path, a='KEY_A = "1"\n', b='KEY_A = "2"\n'))


# --- roles -----------------------------------------------------------------------------------------------------------
RULES = Path(__file__).parents[3] / "systemd" / "60-yuanlu-input.rules"


def udev_of(tmp_path: Path, *devices: dict[str, str]) -> Udev:
    """Folders as the kernel and udev have them, with event0, event1 ... and what udev has noted of each."""
    udev = Udev(tmp_path / "data", tmp_path / "class", tmp_path / "dev")
    udev.database.mkdir()
    udev.devices.mkdir()
    for index, noted in enumerate(devices):
        (udev.classes / f"event{index}").mkdir(parents=True)
        (udev.classes / f"event{index}" / "dev").write_text(f"13:{64 + index}\n")
        lines = "".join(f"E:{name}={value}\n" for name, value in noted.items())
        (udev.database / f"c13:{64 + index}").write_text(f"S:input/by-id/x\nI:42\n{lines}G:seat\n")
        (udev.devices / f"event{index}").touch()
    return udev


def test_roles_are_read_from_udevs_database(tmp_path: Path):
    keyboard, glass = {"ID_INPUT_KEYBOARD": "1"}, {"ID_INPUT_TOUCHSCREEN": "1"}
    marked = [{**keyboard, "YUANLU_ROLE": role} for role in ("scanner", "keypad", "other", "touch")]
    udev = udev_of(tmp_path, *marked, keyboard, glass, {}, keyboard | glass, *[{}] * 3, keyboard)
    paths = [str(udev.devices / f"event{index}") for index in range(12)]
    told = ["scanner", "keypad", "other", "touch", "keypad", "touch", "", "touch", "", "", "", "keypad"]
    assert [udev.role(path) for path in paths] == told
    assert udev.of_role("keypad") == [paths[1], paths[4], paths[11]], "by number: 11 comes after 4"
    link = tmp_path / "yuanlu-scanner"
    link.symlink_to(udev.devices / "event0")
    assert udev.role(str(link)) == "scanner"
    assert udev.role("/dev/input/event77") == ""
    assert Udev(tmp_path / "none", tmp_path / "none").of_role("keypad") == []


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that evdev is asked to open; this machine has no input devices."""
    paths: list[str] = []
    monkeypatch.setattr(evdev, "InputDevice", paths.append)
    return paths


def test_a_device_is_opened_by_its_role(tmp_path: Path, opened: list[str]):
    udev = udev_of(tmp_path, {"YUANLU_ROLE": "scanner"}, {"YUANLU_ROLE": "keypad"}, {"YUANLU_ROLE": "keypad"})
    open_evdev("@keypad", udev=udev)
    open_evdev("@scanner", udev=udev)
    assert opened == [str(udev.devices / "event1"), str(udev.devices / "event0")]
    with pytest.raises(FileNotFoundError, match="no input device has the role touch"):
        open_evdev("@touch", udev=udev)


def test_a_scanner_is_never_taken_for_the_keypad(tmp_path: Path, opened: list[str]):
    udev = udev_of(tmp_path, {"YUANLU_ROLE": "scanner"}, {"YUANLU_ROLE": "other"}, {"YUANLU_ROLE": "keypad"}, {})
    paths = [str(udev.devices / f"event{index}") for index in range(4)]
    for name in (paths[0], paths[1], "@scanner", "@other"):
        with pytest.raises(PermissionError, match=r"is a (scanner|other)"):
            open_evdev(name, udev=udev, but=NO_KEYPAD)
    assert opened == []
    for path in paths[2:]:
        open_evdev(path, udev=udev, but=NO_KEYPAD)
    open_evdev(paths[0], udev=udev)
    assert opened == [paths[2], paths[3], paths[0]]
    assert open_keypad.keywords == {"but": ("scanner", "other")}


def test_by_its_name_too_a_scanner_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    udev = udev_of(tmp_path, {"YUANLU_ROLE": "scanner"}, {"YUANLU_ROLE": "keypad"})
    paths = [str(udev.devices / f"event{index}") for index in range(2)]
    closed: list[str] = []

    def device(path: str) -> SimpleNamespace:
        return SimpleNamespace(path=path, name="USB Device", close=lambda: closed.append(path))

    monkeypatch.setattr(evdev, "list_devices", lambda: paths)
    monkeypatch.setattr(evdev, "InputDevice", device)
    assert open_evdev("usb", udev=udev, but=NO_KEYPAD).path == paths[1]
    assert closed == [paths[0]]
    assert open_evdev("usb", udev=udev).path == paths[0]
    with pytest.raises(FileNotFoundError, match="no input device is called glass"):
        open_evdev("glass", udev=udev)


def test_the_rules_give_each_device_its_role_and_keep_the_links():
    """How the rules work is tested in tests/unit/test_systemd.py; here: that what this driver reads is written."""
    lines = [line for line in RULES.read_text("utf-8").splitlines() if not line.startswith("#")]
    roles = [found[1] for line in lines if (found := re.search(r'ENV\{YUANLU_ROLE\}="(\w+)"', line))]
    assert roles == ["scanner", "scanner", "keypad", "touch"]
    linked = {found[1]: line for line in lines if (found := re.search(r'SYMLINK\+="input/yuanlu-(\w+)"', line))}
    assert set(linked) == {"scanner", "keypad", "touch"}
    assert 'ENV{YUANLU_ROLE}=="keypad"' in linked["keypad"]
    assert 'ENV{YUANLU_ROLE}=="scanner"' in linked["scanner"]


@pytest.mark.parametrize("name", ["fileno", "read", "grab", "ungrab", "absinfo", "close", "capabilities"])
def test_what_is_used_of_a_device_is_what_evdev_has(name: str):
    assert callable(getattr(evdev.InputDevice, name))


def test_what_a_device_says_of_itself_is_read_as_evdev_has_it():
    device = object.__new__(evdev.InputDevice)
    device.name, device.info = "Pad", evdev.DeviceInfo(3, 0x1A86, 0xE129, 1)
    device._rawcapabilities = {EV_KEY: [FIVE, ENTER]}
    assert identity_of(device) == Identity("Pad", 0x1A86, 0xE129, frozenset({FIVE, ENTER}))
    assert identity_of(object()) == Identity()
