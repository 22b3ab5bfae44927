"""TLS as the terminal speaks it: what a server must prove before a byte of a message leaves. Law: proven or refused.

| a server is believed when                                               | by                                    |
|-------------------------------------------------------------------------|---------------------------------------|
| it speaks TLS 1.3, or 1.2 where the configuration lowers the floor      | minimum_version                       |
| under 1.2 it agrees to ECDHE with an AEAD suite (all suites of 1.3 do)  | SUITES_1_2                            |
| every key and signature of its chain has 112 bits of strength           | @SECLEVEL=2: RSA 2048, EC 224, SHA-2  |
| the one configured authority vouches for it, by RFC 5280 to the letter  | CERT_REQUIRED, VERIFY_X509_STRICT     |
| its certificate names the address, as subjectAltName                    | check_hostname                        |
| its key is one of the pinned ones, if any are pinned                    | Proof.check                           |

The authorities of the system are never loaded; no session is resumed, no key logged, nothing renegotiated.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from terminal.ports import LinkDown

FLOORS = {"1.3": ssl.TLSVersion.TLSv1_3, "1.2": ssl.TLSVersion.TLSv1_2}
SUITES_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2"
OPTIONS = ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
NO_PASSWORD = ""  # a key file that has one is refused; without this OpenSSL would ask for it on the console


class Proof(msgspec.Struct, frozen=True):
    """Who the acquirer is. `pins` are what `pin_of` makes of a certificate (DER); empty: any key of the authority."""

    context: ssl.SSLContext
    pins: frozenset[str] = frozenset()
    pin_of: Callable[[bytes], str] | None = None

    def __post_init__(self) -> None:
        if self.pins and self.pin_of is None:
            raise ValueError("pins without a way to make them")

    def check(self, link: ssl.SSLObject) -> None:
        """The last step after the handshake. Raises LinkDown."""
        if self.pin_of is None or not self.pins:
            return
        try:
            pin = self.pin_of(link.getpeercert(binary_form=True) or b"")
        except ValueError:
            raise LinkDown("the server could not be proven: its certificate cannot be read") from None
        if pin not in self.pins:
            raise LinkDown("the server could not be proven: its key is not a pinned one")


def client_context(authority: Path, floor: Literal["1.3", "1.2"] = "1.3") -> ssl.SSLContext:
    """Built once, at start. `authority` is a PEM file. Raises OSError (ssl.SSLError is one) when it cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # CERT_REQUIRED and check_hostname
    context.minimum_version = FLOORS[floor]
    context.set_ciphers(SUITES_1_2)
    context.options |= OPTIONS
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end without close_notify is a break, not an end
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(authority)
    return context


def add_identity(context: ssl.SSLContext, certificate: Path, private_key: Path) -> None:
    """Mutual authentication: what the terminal shows when it is asked. Raises OSError."""
    context.load_cert_chain(certificate, private_key, password=NO_PASSWORD)


def reason_of(error: Exception) -> str:
    """A few words, never bytes of a message."""
    if isinstance(error, EOFError):
        return "the server hung up"
    for name in ("verify_message", "reason", "strerror"):
        words = getattr(error, name, None)
        if words:
            return str(words)
    return type(error).__name__
