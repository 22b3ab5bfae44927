"""The configuration of the readers: accepted, or refused with file, line and reason."""

import pytest

from terminal.config import ConfigRefused, load

TEXT = """\
[merchant]
name = "Shop"
terminal_id = "10000001"
merchant_id = "898100012345678"
[line]
addresses = ["127.0.0.1:9000"]
authority = "ca.pem"
[printer]
target = "file:paper"
[files]
journal = "journal.db"
vault = "vault"
device_key = "key"
front_socket = "front.sock"
[reader]
stripe = "{stripe}"
"""


def loaded(tmp_path, stripe):
    path = tmp_path / "t.toml"
    path.write_text(TEXT.format(stripe=stripe), "utf-8")
    return load(path).reader.stripe


@pytest.mark.parametrize(
    "stripe",
    [
        "",
        "/run/yuanlu/stripe",
        "serial:/dev/ttyUSB0:9600",
        "serial:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0:115200",
        "keyboard:/dev/input/by-id/usb-reader-event-kbd",
    ],
)
def test_each_form_of_a_stripe_reader(tmp_path, stripe):
    assert loaded(tmp_path, stripe) == stripe


@pytest.mark.parametrize(
    "stripe",
    [
        "dev/ttyUSB0",
        "serial:/dev/ttyUSB0",
        "serial:/dev/ttyUSB0:",
        "serial:/dev/ttyUSB0:9601",
        "serial:/dev/ttyUSB0@9600",
        "serial:ttyUSB0:9600",
        "keyboard:",
        "keyboard:USB reader",
        "usb:/dev/hidraw0",
    ],
)
def test_any_other_is_refused_with_its_table(tmp_path, stripe):
    with pytest.raises(ConfigRefused, match=r"t\.toml:15: stripe is .*serial:/path:baud.* 9600, "):
        loaded(tmp_path, stripe)
