"""Configuration: accepted whole, or refused with file, line and reason."""

import pytest

from terminal.config import ConfigRefused, load

GOOD = """\
language = "en"
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
[cards]
chip_tries = 2
"""


def refused(tmp_path, text):
    path = tmp_path / "t.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigRefused) as refusal:
        load(path)
    return str(refusal.value).removeprefix(str(tmp_path) + "/")


def test_good(tmp_path):
    (tmp_path / "t.toml").write_text(GOOD, "utf-8")
    config = load(tmp_path / "t.toml")
    assert (config.cards.chip_tries, config.printer.columns) == (2, 32)
    assert config.line.addresses == ("127.0.0.1:9000",)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("chip_tries = 2", "cup = 5000", ("t.toml:17:", "`cup`")),
        ('["127.0.0.1:9000"]', '"127.0.0.1:9000"', ("t.toml:7:", "array")),
        ("[printer]", "[printr]", ("t.toml:9:", "`printr`")),
        ('addresses = ["127.0.0.1:9000"]', "addresses = ", ("t.toml:7:",)),
        ('terminal_id = "10000001"', 'terminal_id = "1"', ("t.toml:2:", "8 characters")),
        ('authority = "ca.pem"\n', "", ("t.toml:6:", "authority is needed")),
    ],
)
def test_refused_with_file_line_and_reason(tmp_path, old, new, expected):
    reason = refused(tmp_path, GOOD.replace(old, new))
    for part in expected:
        assert part in reason


def test_missing_file(tmp_path):
    with pytest.raises(ConfigRefused, match="cannot be read"):
        load(tmp_path / "none.toml")
