"""The vault's socket and process against all that may come: strangers, garbage, kills, leftovers."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from keys.algorithms.mac import cup_mac, kcv
from keys.algorithms.pin_block import pin_of
from keys.service import process_guard
from keys.service.calls import Done, Failed, as_answer, carried_out
from keys.service.vault_calls import EncryptTrack, EnterPin, Fingerprint, Mac, Seal, Unseal
from keys.service.vault_client import VaultClient
from keys.service.vault_process import BAD_CONFIGURATION
from keys.service.vault_server import MOST, VaultServer, as_call
from keys.service.vault_wire import LENGTH, MAX_FRAME, Listener, SocketRefused, Wire, WireLost, framed
from keys.vault import Vault
from simulator.secret_keypad import KeyWire
from terminal.ports import KeyMissing, KeyRefused
from tests.unit.keys.service.test_vault_contract import BLOCK, ENTRY, PIN, Rooms
from tests.unit.keys.test_vault import DEVICE_KEY, MAK2, PAN, PIK2, TMK, TRACK2

SOON = 5.0  # seconds a test waits at most


def filled(folder):
    """A vault file with working keys, and the device key beside it."""
    vault = Vault.at(folder / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))
    with suppress(StopIteration):
        vault.load_working_keys(BLOCK).send(None)  # it never waits
    (folder / "device.key").write_bytes(DEVICE_KEY)


def started(folder, *more, environment=None):
    """A process of `yuanlu-vault` over the files of `folder`."""
    options = [
        "--vault",
        folder / "vault",
        "--device-key",
        f"file:{folder / 'device.key'}",
        "--socket",
        folder / "sock",
        *more,
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "keys.service.vault_process", *map(str, options)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )


@contextmanager
def running(folder, *more, **how):
    process = started(folder, *more, **how)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def serving(vault, path, uid=None, seconds=0.2):
    rooms = Rooms(vault.safe, None)
    rooms.vault = vault
    uids = {os.getuid() if uid is None else uid}
    task = asyncio.ensure_future(VaultServer(rooms, Listener(path), uids, seconds).run())
    try:
        await asyncio.sleep(0)  # the task has begun: what it opened, it closes
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def asking(path, seconds=SOON):
    client = VaultClient(path, seconds)
    try:
        yield client
    finally:
        client.close()


async def heard(path, said):
    """What comes back to raw bytes until the vault hangs up."""
    async with asyncio.timeout(SOON):
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            writer.write(said)
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def frame(*parts):
    body = msgspec.msgpack.encode(parts)
    return LENGTH.pack(len(body)) + body


GARBAGE = {
    "no msgpack": LENGTH.pack(4) + b"\xc1\xc1\xc1\xc1",
    "empty": LENGTH.pack(0),
    "another kind": LENGTH.pack(2) + b"\x91\x01",
    "an unknown request": frame("Keys"),
    "too few parts": frame("Mac", b""),
    "too many parts": frame("Seal", b"", 1),
    "a number for bytes": frame("Seal", 1),
    "something after it": LENGTH.pack(9) + frame("Seal", b"")[4:] + b"\0",
    "too long": LENGTH.pack(MAX_FRAME + 1),
    "as long as can be": b"\xff\xff\xff\xff",
    "half a length": LENGTH.pack(9)[:2],
    "half a frame": LENGTH.pack(9) + b"\x92",
    "the key of a card that is none": frame("EncipherCardPin", {"modulus": b"\0", "exponent": 3}, b""),
}


@pytest.mark.parametrize("what", GARBAGE)
async def test_garbage_is_cut_without_a_word_and_the_others_go_on(tmp_path, what):
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))
    async with serving(vault, tmp_path / "sock"), asking(tmp_path / "sock") as client:
        before = await client.fingerprint(b"1")
        assert await heard(tmp_path / "sock", GARBAGE[what]) == b""
        assert await client.fingerprint(b"1") == before


async def test_who_never_reads_is_cut_and_holds_nobody_up(tmp_path):
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))
    async with serving(vault, tmp_path / "sock"), asking(tmp_path / "sock") as client:
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.setblocking(False)
            deaf.connect(str(tmp_path / "sock"))
            loop, frame = asyncio.get_running_loop(), bytes(framed(Seal(bytes(MAX_FRAME // 2))))

            async def say_and_say():
                while True:
                    await loop.sock_sendall(deaf, frame)
                    await client.fingerprint(b"1")

            with pytest.raises(ConnectionError):
                await asyncio.wait_for(say_and_say(), SOON)


async def test_two_at_once_and_one_too_many(tmp_path):
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(vault, tmp_path / "sock"))
        *clients, last = [await stack.enter_async_context(asking(tmp_path / "sock")) for _ in range(MOST + 1)]
        assert len({await client.fingerprint(b"1") for client in clients}) == 1
        with pytest.raises(KeyMissing, match="hangs up"):
            await last.fingerprint(b"1")
        clients[0].close()
        await asyncio.sleep(0.01)
        assert await last.fingerprint(b"1")


async def test_a_frame_is_wiped_when_it_was_sent_or_could_not_be(tmp_path):
    listener = Listener(tmp_path / "sock")
    wire = await Wire.connected(tmp_path / "sock")
    try:
        for is_there in (True, False):
            frame_ = framed(Fingerprint(PAN.encode()))
            if is_there:
                await wire.send(frame_, SOON)
            else:
                (await listener.accept()).close()
                with pytest.raises(WireLost):
                    await wire.send(frame_, SOON)
            assert not any(frame_)
    finally:
        wire.close()
        listener.close()


async def test_a_stranger_hears_nothing(tmp_path):
    """The kernel says whose process it is; here the vault is told to serve somebody else."""
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))
    async with serving(vault, tmp_path / "sock", uid=os.getuid() + 1):
        with pytest.raises(KeyMissing, match="lets this program not in"):
            await VaultClient(tmp_path / "sock", SOON).fingerprint(b"1")
        assert await heard(tmp_path / "sock", bytes(framed(Fingerprint(b"1")))) == b""


@pytest.mark.process
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_a_process_of_another_user_is_cut(tmp_path):
    filled(tmp_path)
    async with asking(tmp_path / "sock") as client:
        with running(tmp_path):
            assert await client.fingerprint(b"1")
            assert as_nobody(tmp_path / "sock") == "b''\n"
            assert await client.fingerprint(b"1")


def as_nobody(path):
    """What a process of user 65534 hears there, with nothing in its way but the peer check."""
    path.chmod(0o666)
    for parent in list(path.parents)[:-2]:
        parent.chmod(parent.stat().st_mode | 0o011)
    ask = "import socket as s, sys; c = s.socket(s.AF_UNIX); c.connect(sys.argv[1]); print(c.recv(9))"
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c"]
    return subprocess.run([*become, ask, path], stdout=subprocess.PIPE, text=True, check=False, timeout=SOON).stdout


@pytest.mark.process
async def test_the_process_answers_is_closed_and_ends_in_order(tmp_path):
    filled(tmp_path)
    with running(tmp_path) as process:
        async with asking(tmp_path / "sock") as client:
            assert await client.mac(b"block") == cup_mac(MAK2, b"block")
        assert stat.S_IMODE((tmp_path / "sock").stat().st_mode) == 0o660
        proc = Path(f"/proc/{process.pid}")
        assert "NoNewPrivs:\t1" in (proc / "status").read_text()
        limits = (proc / "limits").read_text().splitlines()
        assert next(line.split()[4:6] for line in limits if "core file" in line) == ["0", "0"]
        process.terminate()
        assert process.wait(SOON) == 0
        assert not (tmp_path / "sock").exists()


@pytest.mark.process
async def test_killed_and_started_again_the_next_request_finds_it(tmp_path):
    filled(tmp_path)
    async with asking(tmp_path / "sock") as client:
        for _ in range(2):  # the second finds the socket file of the first, whom kill -9 left no time to remove it
            with running(tmp_path):
                assert await client.mac(b"block") == cup_mac(MAK2, b"block")
            assert (tmp_path / "sock").exists()


@pytest.mark.process
async def test_killed_during_a_request_it_is_put_once_more(tmp_path):
    filled(tmp_path)
    async with asking(tmp_path / "sock") as client:
        with running(tmp_path) as first:
            await client.mac(b"")
            first.send_signal(signal.SIGSTOP)  # the request arrives and is not answered
            waiting = asyncio.ensure_future(client.mac(b"block"))
            await asyncio.sleep(0.1)
            assert not waiting.done()
        with running(tmp_path):
            assert await waiting == cup_mac(MAK2, b"block")


@pytest.mark.process
async def test_killed_while_a_pin_is_typed_it_is_typed_anew(tmp_path):
    """The half that was typed is gone with the process; nobody else ever had it."""
    filled(tmp_path)
    keypad, counts, told = tmp_path / "keypad", [], asyncio.Event()

    def typed(count):
        counts.append(count)
        told.set()

    async def until(count):
        async with asyncio.timeout(SOON):
            while counts[-1:] != [count]:
                told.clear()
                await told.wait()

    async with asking(tmp_path / "sock") as client:
        with running(tmp_path, "--keypad", f"socket:{keypad}"):
            entering = asyncio.ensure_future(client.enter_pin(ENTRY, PAN, "iso-0", typed))
            await until(0)
            for key in "99":
                assert await KeyWire(keypad).press(key)
            await until(2)
        with running(tmp_path, "--keypad", f"socket:{keypad}"):
            await until(0)
            for key in (*PIN, "enter"):
                assert await KeyWire(keypad).press(key)
            assert pin_of(PIK2, (await entering).block, PAN) == PIN
    assert counts == [0, 1, 2, 0, 1, 2, 3, 4, 5, 6]


def until_gone(path):
    deadline = time.monotonic() + SOON
    while path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.process
async def test_a_caller_that_is_killed_while_a_pin_is_typed_lets_the_keypad_go(tmp_path):
    filled(tmp_path)
    keypad = tmp_path / "keypad"
    ask = (
        "import asyncio, sys; from pathlib import Path; from keys.service.vault_client import VaultClient\n"
        "from terminal.key_facts import SecretEntry\n"
        "asyncio.run(VaultClient(Path(sys.argv[1])).enter_pin(SecretEntry(), '', 'iso-0', lambda _: print(flush=True)))"
    )
    with running(tmp_path, "--keypad", f"socket:{keypad}"):
        command = [sys.executable, "-c", ask, str(tmp_path / "sock")]
        caller = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        assert await caller.stdout.readline()
        assert await KeyWire(keypad).press("1")
        caller.kill()
        await caller.wait()
        await asyncio.to_thread(until_gone, keypad)
        assert not await KeyWire(keypad).press("2")


@pytest.mark.process
async def test_gone_for_good_is_said(tmp_path):
    filled(tmp_path)
    async with asking(tmp_path / "sock", 0.3) as client, asking(tmp_path / "sock") as patient:
        with pytest.raises(KeyMissing, match=r"does not answer within 0.3 s: does it run\?"):
            await client.mac(b"block")
        with running(tmp_path) as process:
            assert await patient.mac(b"block")
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(KeyMissing, match="does not answer"):
                await client.mac(b"block")
        with pytest.raises(KeyMissing, match="does not answer"):
            await client.mac(b"block")


async def test_an_answer_that_came_too_late_is_not_the_next_ones(tmp_path):
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))

    class Slow(Vault):
        async def fingerprint(self, pan):
            await asyncio.sleep(0.1 if pan == b"slow" else 0)
            return pan.decode()

    async with asking(tmp_path / "sock") as client, serving(Slow.at(tmp_path / "vault", DEVICE_KEY), tmp_path / "sock"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.fingerprint(b"slow")
        assert await client.fingerprint(b"quick") == "quick"


@pytest.mark.parametrize("said", [b"", LENGTH.pack(1) + b"\xc1", bytes(framed(Done(b"\xff")))])
async def test_a_vault_that_talks_nonsense_is_no_vault(tmp_path, said):
    async def nonsense(reader, writer):
        await reader.read(1)
        writer.write(said)
        writer.close()

    server = await asyncio.start_unix_server(nonsense, str(tmp_path / "sock"))
    async with server, asking(tmp_path / "sock") as client:
        with pytest.raises(KeyMissing):
            await client.fingerprint(b"")


async def test_a_request_too_long_is_refused_before_it_leaves(tmp_path):
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))
    async with serving(vault, tmp_path / "sock"), asking(tmp_path / "sock") as client:
        with pytest.raises(KeyRefused, match="too long"):
            await client.seal(bytes(MAX_FRAME + 1))
        assert await client.fingerprint(b"1")


async def test_an_answer_too_long_is_refused_and_the_connection_goes_on(tmp_path):
    vault = Vault.at(tmp_path / "vault", DEVICE_KEY)
    vault.install_tmk(TMK, kcv(TMK))
    async with serving(vault, tmp_path / "sock"), asking(tmp_path / "sock") as client:
        with pytest.raises(KeyRefused, match="too long"):
            await client.seal(bytes(MAX_FRAME - 16))  # the request fits; nonce and tag make the answer too long
        assert await client.fingerprint(b"1")


def test_an_older_socket_is_replaced_a_living_one_and_a_file_are_not(tmp_path):
    path = tmp_path / "sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    first = Listener(path)
    with pytest.raises(SocketRefused, match="another vault answers there"):
        Listener(path)
    first.close()
    assert not path.exists()
    path.write_text("precious")
    with pytest.raises(SocketRefused, match="is no socket"):
        Listener(path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize(("name", "said"), [("x" * 120, "107 bytes at most"), ("no/folder/sock", "No such file")])
async def test_a_socket_that_cannot_be(tmp_path, name, said):
    with pytest.raises(SocketRefused, match=said):
        Listener(tmp_path / name)
    with pytest.raises(KeyMissing):
        await VaultClient(tmp_path / name, 0.1).mac(b"")


def corrupt(folder):
    (folder / "vault").write_bytes((folder / "vault").read_bytes()[:-9] + b'AAAAAA=="}')


def cut_short(folder):
    (folder / "vault").write_bytes((folder / "vault").read_bytes()[:40])


def other_device(folder):
    (folder / "device.key").write_bytes(bytes(32))


def short_key(folder):
    (folder / "device.key").write_bytes(bytes(31))


def no_key(folder):
    (folder / "device.key").unlink()


def a_folder(folder):
    (folder / "vault").unlink()
    (folder / "vault").mkdir()


@pytest.mark.process
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (corrupt, "load the keys anew"),
        (cut_short, "load the keys anew"),
        (other_device, "load the keys anew"),
        (short_key, "has 31 bytes, not 32"),
        (no_key, "device key cannot be read"),
        (a_folder, "Is a directory"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_does_not_open_is_said_and_left_as_it_is(tmp_path, harm, said):
    filled(tmp_path)
    harm(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    process = started(tmp_path)
    _, log = process.communicate(timeout=SOON)
    assert (process.returncode, said in log) == (BAD_CONFIGURATION, True), log
    assert "Traceback" not in log
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.process
def test_an_unknown_caller_is_a_wrong_configuration(tmp_path):
    filled(tmp_path)
    process = started(tmp_path, "--caller", "nobody-of-that-name")
    _, log = process.communicate(timeout=SOON)
    assert (process.returncode, "no user nobody-of-that-name" in log) == (BAD_CONFIGURATION, True)
    assert not (tmp_path / "sock").exists()


@pytest.mark.process
async def test_the_supervisor_hears_that_it_is_ready_and_alive(tmp_path):
    await asyncio.to_thread(filled, tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(SOON)
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        with running(tmp_path, environment=told):
            said = [await asyncio.to_thread(supervisor.recv, 64) for _ in range(3)]
    assert said == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


SECRETS = (
    EnterPin(ENTRY, PAN, "iso-0"),
    EncryptTrack(TRACK2, "des"),
    Seal(PAN.encode()),
    Unseal(PAN.encode()),
    Fingerprint(PAN.encode()),
    Mac(PAN.encode(), "cup"),
)


@pytest.mark.parametrize("request_", SECRETS, ids=lambda one: type(one).__name__)
async def test_nothing_of_a_request_is_shown_or_said(request_):
    class Faulty:
        """A vault whose every call fails with all it was given."""

        def __getattr__(self, name):
            async def fail(*given):
                raise ValueError(given)

            return fail

    class Faults:
        vault = loading = Faulty()

    said = await carried_out(Faults(), request_, print)
    assert said == Failed("KeyRefused", "the vault has a fault: ValueError")
    shown = f"{request_!r} {request_} {said!r} {Done(PAN.encode())!r}"
    assert PAN not in shown


@pytest.mark.parametrize("request_", SECRETS, ids=lambda one: type(one).__name__)
def test_a_frame_is_wiped_when_it_was_read(request_):
    body = framed(request_)[LENGTH.size :]
    kept = bytes(body)
    assert PAN.encode() in kept
    assert as_call(body) == request_
    assert not any(body)
    for broken, read in ((bytearray(kept + b"\0"), as_call), (bytearray(kept), as_answer)):
        with pytest.raises(WireLost) as lost:
            read(broken)
        assert not any(broken)
        assert PAN not in str(lost.value)
        assert lost.value.__cause__ is None


def test_what_the_guard_could_not_have_is_said(monkeypatch):
    def denied():
        raise OSError(1, "Operation not permitted")

    taken = []
    monkeypatch.setattr(process_guard, "MEASURES", (("this", denied), ("that", lambda: taken.append(1))))
    assert process_guard.guard() == ("this: Operation not permitted",)
    assert taken == [1]


@pytest.mark.process
def test_the_guard_of_a_real_process():
    """Where the memory can be locked it is; where not, that is said."""
    script = (
        "import keys.service.process_guard as g, ctypes, resource\n"
        "missing = g.guard()\n"
        "status = open('/proc/self/status').read()\n"
        "locked = int(next(l.split()[1] for l in status.splitlines() if l.startswith('VmLck')))\n"
        "print(g._libc.prctl(3, 0, 0, 0, 0), g._libc.prctl(39, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))\n"
        "print(bool(locked) != any(m.startswith('not swapped') for m in missing), missing)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "0 1 (0, 0)"
    assert second.startswith("True"), second
