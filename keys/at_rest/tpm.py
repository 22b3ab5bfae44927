"""A TPM 2.0, by Debian's tpm2-tools. Law: a secret goes through pipes only, and opens only as it was sealed.

A sealed secret is bound to the TPM (fixedTPM, fixedParent) and to PCRs: TPM2_PolicyPCR is the only way to it, there is
no password beside (no userWithAuth). Each command is one process with its own session: the kernel's resource manager
(/dev/tpmrm0) ends sessions with the process that made them. What the tools want as files is memory (memfd_create(2)).

| the TPM says (TPM 2.0 Part 2, TPM_RC) | what it was                              |
|---------------------------------------|------------------------------------------|
| POLICY_FAIL, PCR_CHANGED              | the start-up was changed                 |
| INTEGRITY                             | the file is damaged or of another TPM    |
| AUTH_FAIL, BAD_AUTH                   | the counter, or the owner, is another's  |
| HANDLE, NV_UNINITIALIZED              | no counter, or one never moved           |

Nothing here is under the TPM's lock against trials (noDA): it counts a power cut as one, and would lock itself.
Not against: who reads or alters the bus to a TPM that is a chip of its own; the secret crosses it in clear. A TPM in
the processor or its firmware has no such bus.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator

import msgspec

from terminal.ports import KeyRefused

TCTI, DEVICE = "TPM2TOOLS_TCTI", "device:/dev/tpmrm0"  # tpm2-tools, man/common/tcti
FD, MOST_BYTES = "/proc/self/fd/", 1 << 16  # proc(5); no structure of a TPM is longer
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 20.0  # one command; making a primary key takes a slow chip seconds
PCRS = "sha256:7"  # who signed what was started (Secure Boot), not its version: an update of the kernel still opens it
PCR_LIST = re.compile(r"sha(?:256|384|512):\d{1,2}(?:,\d{1,2})*")
PRIMARY = "restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda"
SEALED = "fixedtpm|fixedparent|adminwithpolicy|noda"
COUNTER = "nt=counter|authread|authwrite|no_da"
# without a resource manager these stay in the TPM after the command: objects (-t), the session of a trial (-l)
LEAVES = dict.fromkeys(("createprimary", "readpublic", "create", "load", "unseal"), "-t") | {"createpolicy": "-l"}

POLICY_FAIL, INTEGRITY, AUTH_FAIL, BAD_AUTH, HANDLE = 0x9D, 0x9F, 0x8E, 0xA2, 0x8B  # format one
PCR_CHANGED, NV_UNINITIALIZED, NV_DEFINED, LOCKOUT = 0x128, 0x14A, 0x14C, 0x921  # format zero
SAID = re.compile(rb"\(0x([0-9A-Fa-f]{3,8})\)")
SENTENCES = {
    POLICY_FAIL: "the device was started otherwise than when its key was sealed (PCRs): undo that, or load keys anew",
    PCR_CHANGED: "the TPM's PCRs changed meanwhile: try again",
    INTEGRITY: "the TPM does not know what was sealed: the file is damaged or of another TPM",
    AUTH_FAIL: "the TPM's counter is of another device key",
    BAD_AUTH: "the TPM wants a password this program does not have: its counter, or its owner hierarchy, is another's",
    HANDLE: "the TPM has lost its counter: it was cleared or changed; load the keys anew",
    NV_UNINITIALIZED: "the TPM's counter was never begun",
    LOCKOUT: "the TPM has locked itself after trials or power cuts: leave it switched on, and try again in two hours",
    NV_DEFINED: "the TPM's counter is another's already",
}


class TpmFailed(KeyRefused):
    """`code` is the TPM's, without handle, session or parameter; 0 where the TPM said nothing."""

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`parent` is the primary key's name, `check` says if the file is damaged; neither is trusted."""

    version: int
    pcrs: str
    parent: bytes
    public: bytes
    private: bytes
    check: bytes = b""

    def digest(self) -> bytes:
        return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(self, check=b""))).digest()


class Tpm:
    """`tcti` as TPM2TOOLS_TCTI, which is its default, or else /dev/tpmrm0. Every method raises TpmFailed.

    `seconds` for one command; `path` is where the tools are looked for.
    """

    def __init__(self, tcti: str = "", seconds: float = SECONDS, path: str = PATH) -> None:
        self._tcti, self._seconds, self._path = tcti or os.environ.get(TCTI) or DEVICE, seconds, path

    def does_answer(self) -> bool:
        """False too where tpm2-tools are missing."""
        try:
            return bool(self.run("getcap", "properties-fixed"))
        except TpmFailed:
            return False

    def seal(self, secret: bytes, pcrs: str = PCRS) -> bytes:
        """The content of a file; opens on this TPM while these PCRs are as now. At most 128 bytes."""
        if not PCR_LIST.fullmatch(pcrs):
            raise TpmFailed(f"PCRs are named like {PCRS}, not {pcrs!r}")
        with _memory() as primary, _memory() as policy, _memory() as public, _memory() as private:
            parent = self._primary(primary)
            self.run("createpolicy", "--policy-pcr", "-l", pcrs, "-L", policy)
            parts = ("-C", primary, "-u", public, "-r", private, "-L", policy)
            self.run("create", *parts, "-a", SEALED, "-i", "-", stdin=secret)
            sealed = _Sealed(1, pcrs, parent, _content(public), _content(private))
        return msgspec.json.encode(msgspec.structs.replace(sealed, check=sealed.digest()))

    def unseal(self, content: bytes) -> bytes:
        """What was sealed."""
        sealed = _parsed(content)
        with (
            _memory() as primary,
            _memory(sealed.public) as public,
            _memory(sealed.private) as private,
            _memory() as key,
        ):
            if self._primary(primary) != sealed.parent:
                raise TpmFailed("sealed by another TPM, or this one was cleared: load the keys anew")
            self.run("load", "-C", primary, "-u", public, "-r", private, "-c", key)
            return self.run("unseal", "-c", key, "-p", f"pcr:{sealed.pcrs}")

    def are_blank(self, pcrs: str) -> bool:
        """No PCR of these was ever extended: nothing measured the start-up."""
        with _memory() as values:
            self.run("pcrread", pcrs, "-o", values)
            return not any(_content(values))

    def define_counter(self, index: int, auth: bytes) -> None:
        """A counter only `auth` (32 bytes) reads and moves; TpmFailed(NV_DEFINED) when that index is taken."""
        self.run("nvdefine", hex(index), "-C", "o", "-s", "8", "-a", COUNTER, "-p", "file:-", stdin=auth)

    def increment(self, index: int, auth: bytes) -> None:
        """By one; a counter made anew goes on above the highest there ever was (TPM 2.0 Part 3, NV_Increment)."""
        self.run("nvincrement", hex(index), "-C", hex(index), "-P", "file:-", stdin=auth)

    def counter(self, index: int, auth: bytes) -> int:
        """Where it stands."""
        said = self.run("nvread", hex(index), "-C", hex(index), "-s", "8", "-P", "file:-", stdin=auth)
        return int.from_bytes(said)

    def run(self, command: str, *arguments: str, stdin: bytes = b"") -> bytes:
        """One command of tpm2-tools; no secret in `arguments`."""
        done = self._process(command, *arguments, stdin=stdin)
        if command in LEAVES and "tpmrm" not in self._tcti and "tabrmd" not in self._tcti:
            self._process("flushcontext", LEAVES[command])
        if done.returncode == 0:
            return done.stdout
        if b"tcti" in done.stderr:
            raise TpmFailed(
                f"no TPM answers at {self._tcti}: switch it on in the firmware, let this user in (group tss)"
            )
        code = _code(done.stderr)
        raise TpmFailed(SENTENCES.get(code) or f"the TPM refuses {command} ({code:#x})", code)

    def _primary(self, context: str) -> bytes:
        """ECC P-256 of the owner's seed, the same each time: nothing of it is kept. Its name is returned."""
        self.run("createprimary", "-Q", "-C", "o", "-G", "ecc", "-a", PRIMARY, "-c", context)
        with _memory() as name:
            self.run("readpublic", "-Q", "-c", context, "-n", name)
            return _content(name)

    def _process(self, command: str, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """The bare outcome: an exception of subprocess would carry what was said."""
        why = f"the TPM does not answer within {self._seconds:.0f} s"
        with contextlib.suppress(subprocess.TimeoutExpired):
            try:
                return subprocess.run(
                    ["tpm2", command, "-T", self._tcti, *arguments],
                    input=stdin,
                    capture_output=True,
                    check=False,
                    timeout=self._seconds,
                    env={"PATH": self._path, "LC_ALL": "C"},
                    pass_fds=[_descriptor(argument) for argument in arguments if argument.startswith(FD)],
                )
            except OSError as error:
                why = f"tpm2-tools cannot be started ({error.strerror}): install the package tpm2-tools"
        raise TpmFailed(why)


@contextlib.contextmanager
def _memory(content: bytes = b"") -> Iterator[str]:
    """A file in memory, as a path that a command of ours may open."""
    descriptor = os.memfd_create("yuanlu")
    try:
        os.write(descriptor, content)
        yield f"{FD}{descriptor}"
    finally:
        os.close(descriptor)


def _content(path: str) -> bytes:
    return os.pread(_descriptor(path), MOST_BYTES, 0)


def _descriptor(path: str) -> int:
    return int(path.removeprefix(FD))


def _parsed(content: bytes) -> _Sealed:
    with contextlib.suppress(msgspec.DecodeError, ValueError):
        sealed = msgspec.json.decode(content, type=_Sealed)
        is_whole = sealed.digest() == sealed.check and msgspec.json.encode(sealed) == content
        if is_whole and sealed.version == 1 and PCR_LIST.fullmatch(sealed.pcrs):
            return sealed
    raise TpmFailed("the sealed device key is damaged: bring the file back, or load the keys anew")


def _code(stderr: bytes) -> int:
    """Part 2, TPM_RC: bit 7 is format one, whose bits 6 and 8-11 say which handle, session or parameter it was."""
    found = SAID.search(stderr)
    code = int(found[1], 16) if found else 0
    if code >> 16:
        return code  # of a layer of the tools, not of the TPM
    return code & 0xBF if code & 0x80 else code & 0xFFF
