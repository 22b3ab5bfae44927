"""Make a device key, once. Law: never where there is one; it is kept only after it was opened again.

| source           | makes                                                   | wants            |
|------------------|---------------------------------------------------------|------------------|
| tpm:/folder      | /folder/device-key.tpm                                  | a TPM 2.0        |
| credential:NAME  | `folder`/NAME.cred, by systemd-creds                    | root             |
| passphrase:/file | /file                                                   | somebody to type |
| file:/path       | /path, plain                                            |                  |
| auto:/folder     | the first of the two that can be had                    |                  |

PCRs: sha256:7 says which keys sign what is started, and whether Secure Boot is on; it stays the same over an update of
kernel or firmware. Where boot loader and kernel are measured and updates seal anew, `sha256:4,7,11` binds those too.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

from keys.at_rest.device_key import LENGTH, SEALED
from keys.at_rest.durable import put
from keys.at_rest.tpm import PCRS, Tpm
from terminal.ports import KeyRefused

FOLDER = Path("/etc/yuanlu")
AUTO_NAME = "device.key"
SECONDS = 60.0
HOST_ONLY = (
    "\nNo TPM: the host's key lies on the same disk (/var/lib/systemd/credential.secret). Who has the whole disk has "
    "the keys, unless /var is encrypted."
)
BLANK = "\nNothing measured the start-up into these PCRs (all zero): the key is bound to this TPM only."


def prepare(source: str, pcrs: str = PCRS, folder: Path = FOLDER) -> str:
    """Lines for the tech: what was made, and what to write into the unit. Raises KeyRefused; then nothing was made."""
    kind, _, rest = source.partition(":")
    if kind not in KINDS or not rest:
        raise KeyRefused(f"a device key is made as {', '.join(f'{known}:...' for known in KINDS)}; not as {source}")
    return KINDS[kind](rest, pcrs, folder)


def _auto(place: str, pcrs: str, folder: Path) -> str:
    for path in (Path(place) / SEALED, folder / f"{AUTO_NAME}.cred"):
        _refuse_a_second(path)
    if Tpm().does_answer():
        return _tpm(place, pcrs, Path(place))
    if _can_encrypt():
        return _credential(AUTO_NAME, pcrs, folder)
    raise KeyRefused("neither a TPM nor systemd-creds answers; for development: passphrase:/file")


def _tpm(place: str, pcrs: str, _: Path) -> str:
    tpm, path = Tpm(), Path(place) / SEALED
    _keep(path, lambda secret: tpm.seal(secret, pcrs), tpm.unseal)
    blank = BLANK if tpm.are_blank(pcrs) else ""
    return f"Sealed to this TPM and {pcrs}: {path}\nStart with: --device-key tpm:{place}{blank}"


def _credential(name: str, _: str, folder: Path) -> str:
    if "/" in name:
        raise KeyRefused(f"{name} is no name of a credential")
    path, with_key = folder / f"{name}.cred", _best_key()
    _keep(
        path,
        lambda secret: _creds("encrypt", f"--name={name}", f"--with-key={with_key}", "-", "-", stdin=secret),
        lambda content: _creds("decrypt", f"--name={name}", "-", "-", stdin=content),
    )
    unit = f"LoadCredentialEncrypted={name}:{path}"
    warning = HOST_ONLY if with_key == "host" else ""
    said = f"Encrypted by systemd-creds ({with_key}): {path}\nUnit: {unit}\nStart with: --device-key credential:{name}"
    return said + warning


def _passphrase(file: str, _: str, __: Path) -> str:
    from keys.at_rest.passphrase import asked, opened, sealed

    path = Path(file)
    _refuse_a_second(path)
    passphrase = asked(path.name, is_new=True)
    _keep(path, lambda secret: sealed(secret, passphrase), lambda content: opened(content, passphrase))
    return f"Under the passphrase: {path}\nStart with: --device-key passphrase:{path}"


def _file(place: str, _: str, __: Path) -> str:
    _keep(Path(place), lambda secret: secret, lambda content: content)
    return f"Plain, for a simulated terminal only: {place}\nStart with: --device-key file:{place}"


def _keep(path: Path, seal: Callable[[bytes], bytes], unseal: Callable[[bytes], bytes]) -> None:
    _refuse_a_second(path)
    secret = secrets.token_bytes(LENGTH)
    content = seal(secret)
    if unseal(content) != secret:
        raise KeyRefused("what was sealed does not open again: nothing was made")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        put(path, content, is_first=True)
    except FileExistsError:
        _refuse_a_second(path)
    except OSError as error:
        raise KeyRefused(f"{path} cannot be written: {error.strerror}") from None


def _refuse_a_second(path: Path) -> None:
    if os.path.lexists(path):
        raise KeyRefused(f"there is a device key: {path}; without it its vault file does not open, so it is left alone")


def _best_key() -> str:
    """systemd-creds(1), --with-key: the TPM and a key of this disk together, where there is a TPM."""
    return "host+tpm2" if _has_tpm2() else "host"


def _has_tpm2() -> bool:
    return _ran("has-tpm2", "--quiet").returncode == 0


def _can_encrypt() -> bool:
    try:
        return _ran("--version").returncode == 0
    except KeyRefused:
        return False


def _creds(*arguments: str, stdin: bytes) -> bytes:
    done = _ran(*arguments, stdin=stdin)
    if done.returncode != 0:
        raise KeyRefused(f"systemd-creds refuses to {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _ran(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    why = f"systemd-creds does not answer within {SECONDS:.0f} s"
    try:
        return subprocess.run(
            ["systemd-creds", *arguments], input=stdin, capture_output=True, check=False, timeout=SECONDS
        )
    except OSError as error:
        why = f"systemd-creds cannot be started: {error.strerror}"
    except subprocess.TimeoutExpired:
        pass
    raise KeyRefused(why)


KINDS: dict[str, Callable[[str, str, Path], str]] = {
    "auto": _auto,
    "tpm": _tpm,
    "credential": _credential,
    "passphrase": _passphrase,
    "file": _file,
}
