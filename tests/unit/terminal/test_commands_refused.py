"""Commands of a terminal that cannot do what they are told: one sentence, exit 1. Law: no traceback."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from terminal.__main__ import main
from tests.unit.terminal.test_command_line import EXAMPLE, WHOLE


def said(*words):
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def no_folder(tmp_path):
    """A place where nothing can be made, whoever asks: below a file."""
    (tmp_path / "file").write_text("", "utf-8")
    return tmp_path / "file" / "folder"


def test_a_daily_file_that_cannot_be_handed_in(tmp_path, no_folder):
    config, file = tmp_path / "terminal.toml", tmp_path / "day.csv"
    text = EXAMPLE.read_text("utf-8")
    old = next(line for line in text.splitlines() if line.startswith("inbox"))
    config.write_text(text.replace(old, f'inbox = "{no_folder}"'), "utf-8")
    file.write_text(WHOLE, "utf-8")
    code, output = said("reconcile", "--config", config, file)
    assert (code, output.count("\n")) == (1, 1)
    assert f"{no_folder}: cannot be written" in output


def test_a_signature_that_cannot_be_written(tmp_path):
    """A folder stands in its place."""
    policy, key = tmp_path / "policy.toml", tmp_path / "key.pem"
    policy.write_text('version = "1"\n', "utf-8")
    openssl(key)
    (tmp_path / "policy.toml.sig").mkdir()
    code, output = said("policy", "sign", policy, "--key", key)
    assert (code, output.count("\n")) == (1, 1)
    assert "policy.toml.sig: cannot be written" in output


def openssl(key: Path) -> None:
    import subprocess

    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl")
    subprocess.run([program, "genpkey", "-algorithm", "ed25519", "-out", str(key)], check=True, capture_output=True)
