"""From the configuration to the line: what is accepted, what is refused, and that each setting does what it says."""

import asyncio
import base64
import hashlib
import ipaddress
import ssl

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509 import IPAddress, load_pem_x509_certificate
from cryptography.x509.verification import PolicyBuilder, Store
from hypothesis import given
from hypothesis import strategies as st

from keys.certificates import TERMINAL, Wanted, make_test_authority, public_key_pin, self_signed
from terminal.app import _line
from terminal.config import Config, ConfigRefused, Files, LineConfig, Merchant, PrinterConfig
from terminal.ports import LinkDown
from tests.unit.drivers.line_servers import ECHO, PATIENCE, Listening, listen, server_context

PIN = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
ONE = ("127.0.0.1:9000",)

GOOD = [
    {"addresses": ["acquirer.example:9443"], "authority": "ca.pem"},
    {"addresses": ["192.0.2.1:1", "192.0.2.2:65535"], "authority": "ca.pem", "tls_floor": "1.2", "pins": [PIN, PIN]},
    {"addresses": ["[2001:db8::1]:443"], "authority": "ca.pem", "certificate": "a.pem", "private_key": "a.key"},
    {"addresses": ["acquirer.example:80"], "security": "plain", "wrap": "http", "http_path": "/x"},
    {"addresses": ["acquirer.example:80"], "security": "plain", "http_path": "http://acquirer.example:80/unp/x"},
]
BAD = [
    ({"addresses": []}, "one or two"),
    ({"addresses": ["a:1", "b:1", "c:1"]}, "one or two"),
    ({"addresses": ["a:1", "a:1"]}, "different"),
    ({"addresses": ["acquirer.example"]}, "host:port"),
    ({"addresses": [":9443"]}, "host:port"),
    ({"addresses": ["acquirer.example:0"]}, "host:port"),
    ({"addresses": ["acquirer.example:65536"]}, "host:port"),
    ({"addresses": ["acquirer.example:+1"]}, "host:port"),
    ({"addresses": ["2001:db8::1:443"]}, "host:port"),
    ({"addresses": ["https://acquirer.example:443"]}, "host:port"),
    ({"authority": ""}, "authority is needed"),
    ({"security": "plain"}, "say nothing with security = plain"),
    ({"security": "none"}, "Invalid enum value 'none'"),
    ({"security": "plain", "authority": "", "pins": [PIN]}, "say nothing"),
    ({"security": "plain", "authority": "", "certificate": "a", "private_key": "b"}, "say nothing"),
    ({"tls_floor": "1.1"}, "Invalid enum value '1.1'"),
    ({"pins": ["sha256/" + PIN]}, "pins are base64"),
    ({"pins": [PIN[4:]]}, "pins are base64"),
    ({"pins": ["ключ"]}, "pins are base64"),
    ({"certificate": "a.pem"}, "go together"),
    ({"private_key": "a.key"}, "go together"),
    ({"wrap": "https"}, "Invalid enum value 'https'"),
    ({"http_path": "mjc"}, "http_path"),
    ({"http_path": "/a b"}, "http_path"),
    ({"http_path": "/a\r\nX: y"}, "http_path"),
    ({"connect_seconds": 0}, "above 0"),
    ({"answer_seconds": -1}, "above 0"),
    ({"host": "acquirer.example"}, "unknown field `host`"),
]


@pytest.mark.parametrize("raw", GOOD)
def test_accepted(raw):
    assert list(msgspec.convert(raw, LineConfig).addresses) == raw["addresses"]


@pytest.mark.parametrize(("change", "reason"), BAD)
def test_refused(change, reason):
    with pytest.raises(msgspec.ValidationError, match=reason):
        msgspec.convert({"addresses": list(ONE), "authority": "ca.pem", **change}, LineConfig)


@given(st.binary(min_size=32, max_size=32))
def test_every_sha_256_can_be_a_pin(digest):
    pin = base64.b64encode(digest).decode()
    assert LineConfig(ONE, "ca.pem", pins=(pin,)).pins == (pin,)


def config(**line):
    return Config(
        merchant=Merchant("TEST", "10000001", "898100012345678"),
        line=LineConfig(**line),
        printer=PrinterConfig("none"),
        files=Files("journal", "vault", "key", "front.sock"),
    )


def refusal(**line):
    with pytest.raises(ConfigRefused) as refused:
        _line(config(addresses=ONE, **line))
    return str(refused.value)


def test_a_file_that_is_not_there_or_no_certificate_is_refused_by_name(tmp_path):
    make_test_authority(tmp_path)
    ca, key = str(tmp_path / "ca.pem"), str(tmp_path / "client.key")
    assert refusal(authority="none.pem") == "line.authority: none.pem: No such file or directory"
    assert "line.authority: " + key in refusal(authority=key)
    words = refusal(authority=ca, certificate="none.pem", private_key=key)
    assert words == f"line.certificate, line.private_key: none.pem, {key}: No such file or directory"


def test_a_key_of_another_certificate_is_refused(tmp_path):
    make_test_authority(tmp_path)
    words = refusal(
        authority=str(tmp_path / "ca.pem"),
        certificate=str(tmp_path / "client.pem"),
        private_key=str(tmp_path / "server.key"),
    )
    assert "line.private_key" in words


def test_a_key_behind_a_password_is_refused_and_nobody_is_asked(tmp_path):
    make_test_authority(tmp_path)
    holder, word = self_signed(TERMINAL), b"TEST password"
    holder.write(tmp_path, "locked")
    locked = tmp_path / "locked.key"
    locked.write_bytes(holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(word)))
    words = refusal(
        authority=str(tmp_path / "ca.pem"), certificate=str(tmp_path / "locked.pem"), private_key=str(locked)
    )
    assert "line.private_key" in words


async def heard_by_a_server(context=None, **settings):
    """What a server is told by the line of these settings."""
    async with Listening().serving(listen, context) as server:
        line = _line(config(addresses=(server.address,), connect_seconds=PATIENCE, **settings))
        try:
            async with asyncio.timeout(PATIENCE), line.connect() as connection:
                await connection.send(ECHO)
        finally:
            await server.settled()
            told = bytes(server.heard)
        return told


async def test_the_settings_reach_the_line(tmp_path):
    make_test_authority(tmp_path)
    pem = (tmp_path / "server.pem").read_text()
    pin = public_key_pin(ssl.PEM_cert_to_DER_cert(pem))
    ca, framed = str(tmp_path / "ca.pem"), len(ECHO).to_bytes(2) + ECHO
    assert await heard_by_a_server(server_context(tmp_path), authority=ca, pins=(PIN, pin)) == framed
    with pytest.raises(LinkDown, match="pinned"):
        await heard_by_a_server(server_context(tmp_path), authority=ca, pins=(PIN,))
    assert await heard_by_a_server(security="plain") == framed
    posted = await heard_by_a_server(security="plain", wrap="http", http_path="/x")
    assert posted.startswith(b"POST /x HTTP/1.1\r\n")
    assert posted.endswith(framed)
    old = server_context(tmp_path)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert await heard_by_a_server(old, authority=ca, tls_floor="1.2") == framed
    with pytest.raises(LinkDown):
        await heard_by_a_server(old, authority=ca)


async def test_the_terminal_shows_its_certificate(tmp_path):
    make_test_authority(tmp_path)
    context = server_context(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tmp_path / "ca.pem")
    shown = {"certificate": str(tmp_path / "client.pem"), "private_key": str(tmp_path / "client.key")}
    ca = str(tmp_path / "ca.pem")
    assert await heard_by_a_server(context, authority=ca, **shown) == len(ECHO).to_bytes(2) + ECHO
    assert await heard_by_a_server(context, authority=ca) == b""


def test_a_pin_is_of_the_key_and_not_of_the_certificate():
    holder = self_signed(Wanted())
    spki = holder.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert holder.pin == base64.b64encode(hashlib.sha256(spki).digest()).decode()  # RFC 7469, 2.4
    with pytest.raises(ValueError, match="asn1"):
        public_key_pin(b"no certificate")


def test_another_judge_believes_what_the_test_authority_writes(tmp_path):
    make_test_authority(tmp_path)
    root, server, client = (
        load_pem_x509_certificate((tmp_path / f"{stem}.pem").read_bytes()) for stem in ("ca", "server", "client")
    )
    judge = PolicyBuilder().store(Store([root])).build_server_verifier(IPAddress(ipaddress.ip_address("127.0.0.1")))
    assert judge.verify(server, []) == [server, root]
    client.verify_directly_issued_by(root)
    assert all((tmp_path / f"{stem}.key").stat().st_mode & 0o077 == 0 for stem in ("server", "client"))
