"""The device key as the service manager hands it in. Law: it is read once and lies in no directory of the service.

systemd.exec(5): LoadCredential= puts it into CREDENTIALS_DIRECTORY, in memory, for this service only.
"""

from __future__ import annotations

import os
from pathlib import Path

from terminal.ports import KeyRefused


def device_key(path: Path) -> bytes:
    """32 bytes: the credential of that file's name, else the file, which only this service may read."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    place = Path(credentials) / path.name if credentials and (Path(credentials) / path.name).exists() else path
    try:
        return place.read_bytes()
    except OSError as error:
        raise KeyRefused(f"the device key cannot be read: {error.strerror}") from None
