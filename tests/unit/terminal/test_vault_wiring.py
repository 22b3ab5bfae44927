"""Which vault the terminal is given: its own, or the process behind the configured socket."""

from contextlib import AsyncExitStack

import pytest

from keys.loading import Loading
from keys.service.vault_client import VaultClient
from keys.vault import Vault
from terminal.app import opened_vault
from terminal.config import Files
from terminal.ports import KeyMissing, KeyRefused


def files(folder, socket=""):
    return Files(str(folder / "journal"), str(folder / "vault"), str(folder / "device.key"), "front.sock", "", socket)


async def test_without_a_socket_it_is_in_this_process_under_the_device_key(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    async with AsyncExitStack() as stack:
        with pytest.raises(KeyRefused, match="the device key cannot be read"):
            opened_vault(files(tmp_path), stack)
        (tmp_path / "device.key").write_bytes(bytes(32))  # TEST KEY
        vault, loading = opened_vault(files(tmp_path), stack)
        assert (type(vault), type(loading)) == (Vault, Loading)


async def test_a_credential_of_the_service_goes_before_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    (tmp_path / "credentials").mkdir()
    (tmp_path / "device.key").write_bytes(bytes(32))  # TEST KEY
    (tmp_path / "credentials" / "device.key").write_bytes(bytes(31))
    async with AsyncExitStack() as stack:
        with pytest.raises(KeyRefused, match="has 31 bytes"):
            opened_vault(files(tmp_path), stack)


async def test_with_a_socket_this_process_opens_neither_file_nor_key(tmp_path):
    async with AsyncExitStack() as stack:
        # there is no such file, key or socket: the first call tells
        vault, loading = opened_vault(files(tmp_path, "x" * 200), stack)
        assert isinstance(vault, VaultClient)
        assert loading is vault
        with pytest.raises(KeyMissing, match="cannot be reached"):
            await vault.fingerprint(b"")
    assert list(tmp_path.iterdir()) == []
