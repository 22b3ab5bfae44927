"""Servers that must not be believed: real ones on loopback, each bad in one way. Each is refused and told nothing.

That the refusal is ours is proven by a lax client: it believes the same server, and the server hears it.
"""

import asyncio
import hashlib
import re
import ssl
import warnings
from datetime import timedelta

import msgspec
import pytest

from keys.certificates import AUTHORITY, Wanted, self_signed
from terminal.ports import LinkDown
from tests.unit.drivers.line_servers import (
    ECHO,
    HERE,
    PATIENCE,
    Listening,
    application_bytes,
    line_to,
    listen,
    listen_raw,
    proof,
    server_context,
)

RSA_SHA256, RSA_SHA1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")  # RFC 8017, A.2.4
SHA1_PREFIX = bytes.fromhex("3021300906052b0e03021a05000414")  # RFC 8017, 9.2 note 1
ANOTHER_PIN = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
DAY = timedelta(days=1)


class Network:
    """One authority the terminal believes, and the folder of its ca.pem."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = self_signed(msgspec.structs.replace(AUTHORITY, key="rsa"))
        self.authority.write(folder, "ca")
        (folder / "ca.key").unlink()

    def shows(self, holder):
        """A server with this certificate, and no other fault."""
        holder.write(self.folder, "server")
        return server_context(self.folder)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return Network(tmp_path_factory.mktemp("network"))


def speaking(minimum, maximum, suites="", key="ec"):
    """A server with a good certificate that speaks only so."""

    def make(network):
        context = network.shows(network.authority.issue(Wanted(key=key)))
        context.set_ciphers((suites or "ALL") + ":@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that is the point
            context.minimum_version, context.maximum_version = minimum, maximum
        return context

    return make


def only_1_2(suites, key="ec"):
    return speaking(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, suites, key)


def certified(**wanted):
    """A server whose certificate, under the right authority, says so."""
    return lambda network: network.shows(network.authority.issue(Wanted(**wanted)))


def good(network):
    return certified()(network)


def of_another_authority(network):
    return network.shows(self_signed(msgspec.structs.replace(AUTHORITY, name="another")).issue())


def of_a_namesake(network):
    return network.shows(self_signed(AUTHORITY).issue())


def vouching_for_itself(network):
    return network.shows(self_signed(Wanted()))


def under(**between):
    """A server under an intermediate that says so."""
    return lambda network: network.shows(network.authority.issue(Wanted("between", addresses=(), **between)).issue())


def altered(network):
    der = der_of(network.authority.issue().write, network)
    return shows_der(network, der[:-1] + bytes([der[-1] ^ 1]))


def signed_with_sha1(network):
    der = der_of(network.authority.issue().write, network).replace(RSA_SHA256, RSA_SHA1)
    numbers = network.authority.key.private_numbers()
    size = (numbers.public_numbers.n.bit_length() + 7) // 8
    signed_part = der[4 : 8 + int.from_bytes(der[6:8])]  # both SEQUENCEs have lengths of two bytes
    digest = SHA1_PREFIX + hashlib.sha1(signed_part).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    signature = pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n).to_bytes(size)
    return shows_der(network, der[:-size] + signature)


def der_of(write, network):
    write(network.folder, "server")
    return ssl.PEM_cert_to_DER_cert((network.folder / "server.pem").read_text())


def shows_der(network, der):
    (network.folder / "server.pem").write_text(ssl.DER_cert_to_PEM_cert(der))
    return server_context(network.folder)


V = ssl.TLSVersion
CASES = {  # the server, the terminal's floor, what the refusal says (nothing of a server that refuses us)
    "TLS 1.0 only": (speaking(V.TLSv1, V.TLSv1), "1.2", ""),
    "TLS 1.1 only": (speaking(V.TLSv1_1, V.TLSv1_1), "1.2", ""),
    "TLS 1.2 only, the floor is 1.3": (only_1_2("ECDHE+AESGCM"), "1.3", ""),
    "CBC suites only": (only_1_2("ECDHE-ECDSA-AES128-SHA256"), "1.2", ""),
    "RSA key exchange only": (only_1_2("AES128-GCM-SHA256", "rsa"), "1.2", ""),
    "anonymous suites only": (only_1_2("AECDH-AES128-SHA"), "1.2", ""),
    "suites without encryption only": (only_1_2("ECDHE-ECDSA-NULL-SHA"), "1.2", ""),
    "another address": (certified(addresses=("127.0.0.2",)), "1.3", "IP address mismatch"),
    "the name of another host": (certified(addresses=(), hosts=("acquirer.test",)), "1.3", "IP address mismatch"),
    "the address in the common name only": (certified(addresses=()), "1.3", "IP address mismatch"),
    "the address as if it were a host name": (certified(addresses=(), hosts=(HERE,)), "1.3", "IP address mismatch"),
    "expired": (certified(since=-2 * DAY, until=-DAY), "1.3", "expired"),
    "not yet valid": (certified(since=DAY), "1.3", "not yet valid"),
    "an unknown authority": (of_another_authority, "1.3", "unable to get local issuer"),
    "an unknown authority of the same name": (of_a_namesake, "1.3", ""),
    "self-signed": (vouching_for_itself, "1.3", "self-signed"),
    "an intermediate that is no authority": (under(), "1.3", "invalid CA|issuer"),
    "an intermediate that expired": (under(is_authority=True, since=-2 * DAY, until=-DAY), "1.3", "expired"),
    "a terminal's certificate": (certified(purpose="client"), "1.3", "purpose"),
    "a certificate that does not name its authority's key": (
        certified(names_authority_key=False),
        "1.3",
        "Missing Authority Key",
    ),
    "a weak key": (certified(key="rsa-1024"), "1.3", "too weak"),
    "a weak signature": (signed_with_sha1, "1.3", "too weak"),
    "an altered certificate": (altered, "1.3", "signature failure"),
    "expired, under TLS 1.2": (certified(since=-2 * DAY, until=-DAY, key="rsa"), "1.2", "expired"),
}


async def refusal_by(line):
    """What the line says of a server that it will not talk to."""
    with pytest.raises(LinkDown) as refusal:
        async with asyncio.timeout(PATIENCE), line.connect() as connection:
            await connection.send(ECHO)
    return str(refusal.value)


def lax_context():
    """A client that believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:eNULL:@SECLEVEL=0")
    return context


async def hears_only_the_lax(server):
    """The terminal told it nothing, though it can hear."""
    await server.settled()
    assert server.heard == b""
    _, writer = await asyncio.open_connection(HERE, server.port, ssl=lax_context())
    writer.write(b"control")
    writer.close()
    await writer.wait_closed()
    await server.settled(callers=2)
    assert server.heard == b"control"


@pytest.mark.parametrize(("make", "floor", "reason"), CASES.values(), ids=CASES)
async def test_a_server_that_is_not_proven_hears_nothing(network, make, floor, reason):
    async with Listening().serving(listen, make(network)) as server:
        words = await refusal_by(line_to(server.address, proof=proof(network.folder, floor=floor)))
        assert re.search(reason, words), words
        await hears_only_the_lax(server)


@pytest.mark.parametrize("floor", ["1.3", "1.2"])
async def test_another_key_than_the_pinned_under_the_right_authority_hears_nothing(network, floor):
    async with Listening().serving(listen, good(network)) as server:
        line = line_to(server.address, proof=proof(network.folder, ANOTHER_PIN, floor=floor))
        assert "its key is not a pinned one" in await refusal_by(line)
        await hears_only_the_lax(server)


NAMELESS = {"no host name": good, "the host name as common name only": certified(name="localhost", addresses=())}


@pytest.mark.parametrize("make", NAMELESS.values(), ids=NAMELESS)
async def test_the_right_address_under_a_name_that_is_not_certified_hears_nothing(network, make):
    async with Listening().serving(listen, make(network)) as server:
        line = line_to(f"localhost:{server.port}", proof=proof(network.folder))
        assert "Hostname mismatch" in await refusal_by(line)
        await hears_only_the_lax(server)


ALERT = bytes.fromhex("15 0303 0002 0228")  # RFC 8446, 6: fatal, handshake_failure
HALF_HELLO = bytes.fromhex("16 0303 0050 02 00004c 0303") + bytes(20)  # a ServerHello that breaks off
HUGE_RECORD = bytes.fromhex("16 0303 ffff") + bytes(4096)  # longer than RFC 8446, 5.1 allows
SSL_3_HELLO = bytes.fromhex("16 0300 002a 02 000026 0300") + bytes(32) + bytes.fromhex("00 0005 00")
RAW = {
    "closes at once": listen_raw(),
    "closes in mid-handshake": listen_raw(b""),
    "breaks off its hello": listen_raw(HALF_HELLO),
    "answers in plain text": listen_raw(len(ECHO).to_bytes(2) + ECHO),
    "is a web server without TLS": listen_raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "sends garbage": listen_raw(bytes(range(256)) * 8),
    "sends a record that is too long": listen_raw(HUGE_RECORD),
    "speaks SSL 3.0": listen_raw(SSL_3_HELLO),
    "says that it will not": listen_raw(ALERT),
    "hangs": listen_raw(is_hanging=True),
    "hangs in its hello": listen_raw(HALF_HELLO, is_hanging=True),
}


@pytest.mark.parametrize("talk", RAW.values(), ids=RAW)
async def test_who_does_not_finish_the_handshake_hears_a_hello_at_most(network, talk):
    async with Listening().serving(talk) as server:
        line = line_to(server.address, proof=proof(network.folder), connect_seconds=0.2)
        assert server.address in await refusal_by(line)
        await server.settled()
        assert server.callers == 1
        assert application_bytes(bytes(server.heard)) == 0
        assert ECHO not in server.heard


def test_application_bytes_are_counted():
    hello, data = bytes.fromhex("16 0301 0002 0100"), bytes.fromhex("17 0303 0003 010203")
    assert (application_bytes(hello), application_bytes(hello + data), application_bytes(ECHO)) == (0, 3, len(ECHO))


async def test_the_authorities_of_the_system_are_not_asked(network, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(network.folder / "ca.pem"))
    other = network.folder / "other"
    self_signed().write(other, "ca")
    async with Listening().serving(listen, good(network)) as server:
        assert "could not be proven" in await refusal_by(line_to(server.address, proof=proof(other)))
        await hears_only_the_lax(server)
    assert proof(other).context.cert_store_stats()["x509_ca"] == 1


def test_only_strong_suites_are_offered(network):
    suites = proof(network.folder, floor="1.2").context.get_ciphers()
    assert all(one["aead"] for one in suites)
    assert {one["kea"] for one in suites} == {"kx-any", "kx-ecdhe"}  # TLS 1.3 names none
    assert {one["auth"] for one in suites} == {"auth-any", "auth-rsa", "auth-ecdsa"}


GOOD = {  # the server, the terminal's floor, the host it is called by
    "TLS 1.3": (good, "1.3", HERE),
    "TLS 1.2 under a lower floor": (only_1_2("ECDHE+AESGCM"), "1.2", HERE),
    "TLS 1.3 under a lower floor": (good, "1.2", HERE),
    "an RSA key": (certified(key="rsa"), "1.3", HERE),
    "an intermediate authority": (under(is_authority=True), "1.3", HERE),
    "a host name": (certified(addresses=(), hosts=("localhost",)), "1.3", "localhost"),
}


@pytest.mark.parametrize(("make", "floor", "host"), GOOD.values(), ids=GOOD)
async def test_a_server_that_is_proven_hears_the_message(network, make, floor, host):
    async with Listening().serving(listen, make(network)) as server:
        async with line_to(f"{host}:{server.port}", proof=proof(network.folder, floor=floor)).connect() as connection:
            await connection.send(ECHO)
        await server.settled()
        assert server.heard == len(ECHO).to_bytes(2) + ECHO


async def test_one_of_the_pinned_keys_is_enough(network):
    holder = network.authority.issue()
    async with Listening().serving(listen, network.shows(holder)) as server:
        known = proof(network.folder, ANOTHER_PIN, holder.pin)
        async with line_to(server.address, proof=known).connect() as connection:
            await connection.send(ECHO)
        await server.settled()
        assert server.heard == len(ECHO).to_bytes(2) + ECHO
