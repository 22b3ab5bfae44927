"""The bank's key distribution host (KDH) and its CA, with TEST keys. Law: a terminal's keys go to its own device only.

`devices` is the bank's list of which device is which terminal, by the name of its key; `keys` what each terminal gets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from keys.delivery.bundle import make_bundle
from keys.delivery.device_identity import Identity
from keys.delivery.document import LoadedKey
from keys.delivery.key_distribution import Sign, make_token, read_request
from keys.delivery.role_certificates import Holder, KeyKind, Role, new_authority
from terminal.ports import KeyRefused

CA_LIFE, DEVICE_LIFE, HOST_LIFE = timedelta(days=3650), timedelta(days=1825), timedelta(days=90)

Now = Callable[[], datetime]


class KeyHost:
    """One bank: a CA, a host certified by it, and terminals. `sign` and `chain` are the host's own until replaced."""

    def __init__(self, now: Now, kind: KeyKind = "p256", name: str = "TEST bank") -> None:
        self._now = now
        self.authority: Holder = new_authority(self.role(f"{name} CA", CA_LIFE, is_authority=True))
        host = self.authority.issue(self.role(f"{name} KDH", HOST_LIFE, purpose="key-host"), kind)
        self.sign: Sign = host.sign
        self.chain: Sequence[bytes] = (host.der,)
        self.devices: dict[str, str] = {}
        self.keys: dict[str, Sequence[LoadedKey]] = {}
        self._sequence = 0

    @property
    def anchors(self) -> bytes:
        """What a terminal must trust, PEM."""
        return self.authority.pem

    def enroll(self, identity: Identity, terminal_id: str) -> bytes:
        """Certify a device (PEM) and remember which terminal it is. Raises KeyRefused."""
        role = self.role(f"TEST device {identity.name[:16]}", DEVICE_LIFE, purpose="device")
        certificate = self.authority.certify(identity.csr, role)
        self.devices[identity.name] = terminal_id
        return certificate

    def answer(self, request: bytes) -> bytes:
        """A token with the terminal's keys. Raises KeyRefused."""
        asked = read_request(request, self.anchors, self._now())
        if self.devices.get(asked.device) != asked.terminal_id:
            raise KeyRefused("this device is not that terminal")
        return make_token(asked, self.keys.get(asked.terminal_id, ()), self.chain, self.sign)

    def bundle(self, kek: bytes, terminal_id: str, cipher: str = "aes") -> bytes:
        """The next bundle for a terminal whose KEK came by components. Raises KeyRefused."""
        self._sequence += 1
        return make_bundle(kek, terminal_id, self._sequence, self.keys.get(terminal_id, ()), cipher)

    def role(self, name: str, life: timedelta, **fields: object) -> Role:
        """Valid from a day ago."""
        now = self._now().replace(microsecond=0)
        return Role(name, now - timedelta(days=1), now + life, **fields)  # type: ignore[arg-type]
