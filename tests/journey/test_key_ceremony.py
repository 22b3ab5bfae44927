"""密钥分量 at the desk: a blank terminal gets its master key from two custodians, and nothing else makes it one."""

import pytest

from keys.algorithms.block_cipher import xor
from keys.algorithms.key_block_tr31 import KeyBlock
from keys.algorithms.mac import kcv
from keys.at_rest.key_file import Contents, KeyFile
from keys.delivery.bundle import LoadedKey, make_bundle
from simulator.acquirer.branch import TERMINAL_ID, TEST_TMK
from terminal.config import KeysConfig
from terminal.ports import KeyRefused, VaultGone
from tests.journey.shop import DEVICE_KEY, Bank, day
from tests.unit.keys.scripted import typing

FIRST = bytes(range(1, 17))  # TEST COMPONENT
SECOND = xor(TEST_TMK, FIRST)  # TEST COMPONENT
CODES = {"91": "13572468", "92": "24683579", "99": "24681357"}
FACTORY_99 = "88888888"


@pytest.fixture
def blank(tmp_path):
    """The folder of a terminal that nobody has brought a key yet."""
    KeyFile(tmp_path / "vault", DEVICE_KEY).write(Contents())
    return tmp_path


def spelled(component):
    return component.hex().upper()


async def switched_on(shop):
    """Operator 01 is at the desk; the acquirer could not be asked for working keys."""
    shop.switch_on()
    await shop.see("自检", "未装载")
    await shop.press("enter")
    await shop.log_in("0000")
    await shop.see("须先修改出厂密码")
    await shop.press("enter")
    await shop.new_code("2580")
    await shop.see("终端没有可用的密钥")
    await shop.press("enter")
    await shop.idle()


async def key_room(shop, entry):
    """To an entry of 密钥管理, past the administrator's code."""
    await shop.press("down")
    await shop.see("终端管理")
    await shop.press("4")
    await shop.see("密钥管理", "人员管理")
    await shop.press("6")
    await shop.see("管理员 99")
    if "99" in await shop.room.staff.factory_codes():
        await shop.enter(FACTORY_99)
        await shop.new_code(CODES["99"])
    else:
        await shop.enter(CODES["99"])
    await shop.see("输入密钥分量", "查看密钥")
    await shop.press(entry)


async def until_components(shop, key="1", parts="1"):
    await key_room(shop, "2")
    await shop.see("主密钥 1", "主密钥 3", "密钥加密密钥")
    await shop.press(key)
    await shop.see("2 位保管员")
    await shop.press(parts)


async def custodian(shop, id):
    """Comes, and is enrolled by the administrator the first time."""
    await shop.see("保管员号")
    await shop.enter(id)
    enrolled = {operator.id for operator in await shop.journal.operators()}
    if id not in enrolled:
        await shop.see("保管员", id)
        await shop.press("enter")
        await shop.see("管理员 99")
        await shop.enter(CODES["99"])
        await shop.new_code(CODES[id])
    else:
        await shop.see(id)
        await shop.enter(CODES[id])


async def component(shop, value):
    """Typed where only stars are seen."""
    await shop.see("请单独输入自己的分量")
    digits = spelled(value)
    for count, digit in enumerate(digits):
        await shop.press(*typing(digit, end="up"))
        await shop.see(f"{count + 1}/{len(digits)}")
        assert digits[: count + 1] not in shop.text().replace(" ", "")
    await shop.press("enter")


async def bring(shop, id, value):
    await custodian(shop, id)
    await component(shop, value)
    await shop.see("分量校验值", spelled(kcv(value)))
    await shop.press("1")


def test_two_custodians_make_a_blank_terminal_pay(blank):
    async def script(shop):
        await switched_on(shop)
        await until_components(shop)
        await bring(shop, "91", FIRST)
        await bring(shop, "92", SECOND)
        await shop.see("总校验值", spelled(kcv(TEST_TMK)), "3DES，128 位")
        assert (await shop.hardware.loading.facts()).state == "empty"
        await shop.press("enter")
        await shop.see("主密钥 1 已装载", spelled(kcv(TEST_TMK)))
        await shop.press("enter")
        await shop.sell("1000")
        await key_room(shop, "1")
        await shop.see("主密钥 1", spelled(kcv(TEST_TMK)), "PIN 密钥", "MAC 密钥", "主密钥已装载")
        for secret in (FIRST, SECOND, TEST_TMK):
            assert spelled(secret)[:8] not in shop.text()
        await shop.press("enter")
        await shop.idle()

    shop = day(blank, Bank(), script)
    assert "key-loaded" in (blank / "journal").read_bytes().decode("latin-1")
    held = b"".join(path.read_bytes() for path in blank.rglob("*") if path.is_file())
    for secret in (FIRST, SECOND, TEST_TMK):
        for form in (secret, spelled(secret).encode(), secret.hex().encode()):
            assert form not in held
    assert not any(spelled(secret) in str(shown) for shown in shop.front.screens for secret in (FIRST, SECOND))


def test_a_wrong_component_is_seen_by_its_kcv_and_typed_again(blank):
    async def script(shop):
        await switched_on(shop)
        await until_components(shop)
        await custodian(shop, "91")
        await component(shop, SECOND)
        await shop.see(spelled(kcv(SECOND)))
        await shop.press("2")  # not what the letter says
        await bring(shop, "91", FIRST)
        await bring(shop, "92", SECOND)
        await shop.see("总校验值", spelled(kcv(TEST_TMK)))
        await shop.press("enter")
        await shop.see("已装载")

    day(blank, Bank(), script)


def test_the_same_custodian_twice_is_sent_for_another(blank):
    async def script(shop):
        await switched_on(shop)
        await until_components(shop)
        await bring(shop, "91", FIRST)
        await shop.see("保管员号")
        await shop.enter("91")
        await shop.see("P07")
        await shop.press("enter")
        await bring(shop, "92", SECOND)
        await shop.see("总校验值")

    day(blank, Bank(), script)


@pytest.mark.parametrize("leave", ["cancel", "wait"])
@pytest.mark.parametrize("where", ["component", "compare", "whole"])
def test_who_leaves_anywhere_has_changed_nothing(blank, where, leave):
    async def script(shop):
        await switched_on(shop)
        await until_components(shop)
        if where == "component":
            await custodian(shop, "91")
            await shop.see("请单独输入")
            await shop.press("1", "2")
        else:
            await bring(shop, "91", FIRST)
            await custodian(shop, "92")
            await component(shop, SECOND)
            await shop.see("分量校验值")
            if where == "whole":
                await shop.press("1")
                await shop.see("总校验值")
        if leave == "cancel":
            await shop.press("cancel")
        else:
            await shop.settle(1000)
            await shop.press("enter")
        await shop.idle()
        assert (await shop.hardware.loading.facts()).state == "empty"
        await until_components(shop)  # and it can be begun anew
        await bring(shop, "91", FIRST)
        await bring(shop, "92", SECOND)
        await shop.see("总校验值", spelled(kcv(TEST_TMK)))

    day(blank, Bank(), script)


def test_components_that_cancel_out_are_refused_in_words(blank):
    async def script(shop):
        await switched_on(shop)
        await until_components(shop, parts="2")
        CODES.setdefault("93", "98761234")
        await bring(shop, "91", FIRST)
        await bring(shop, "92", SECOND)
        await bring(shop, "93", xor(FIRST, SECOND))
        await shop.see("密钥没有装载", "合成的密钥太弱", "K04")
        await shop.press("enter")
        await shop.idle()

    day(blank, Bank(), script)


def test_no_key_is_changed_under_a_batch(tmp_path):
    async def script(shop):
        await shop.first_day()
        await shop.sell("1000")
        await key_room(shop, "2")
        await shop.see("S03")
        await shop.press("enter")
        await shop.idle()

    day(tmp_path, Bank(), script)


def test_erased_keys_are_said_on_the_menu_and_stop_every_payment(tmp_path):
    async def script(shop):
        await shop.first_day()
        await key_room(shop, "3")
        await shop.see("清除后本机不能再交易")
        await shop.press("enter")
        await shop.see("密钥已清除（人工清除）", "K01")
        await shop.press("enter")
        await shop.see("密钥已清除（人工清除），不能交易", "消费")
        await shop.press("1")
        await shop.see("K01")

    day(tmp_path, Bank(), script)

    async def next_day(shop):
        shop.switch_on()
        await shop.see("自检", "已清除")

    day(tmp_path, Bank(), next_day)


def test_a_device_that_is_opened_says_so_at_once(tmp_path):
    async def script(shop):
        await shop.first_day()
        await shop.hardware.loading.erase("tamper")
        await shop.see("密钥已清除（机壳被打开），不能交易")

    day(tmp_path, Bank(), script)
    assert "keys-erased" in (tmp_path / "journal").read_bytes().decode("latin-1")


def test_a_key_that_was_kept_is_in_the_journal_though_the_vault_died(blank):
    async def script(shop):
        await switched_on(shop)
        loading = shop.hardware.loading
        keep = loading.keep_combined

        async def killed():
            await keep()
            raise VaultGone("the vault hangs up")

        loading.keep_combined = killed
        await until_components(shop)
        await bring(shop, "91", FIRST)
        await bring(shop, "92", SECOND)
        await shop.see("总校验值", spelled(kcv(TEST_TMK)))
        await shop.press("enter")
        await shop.see("主密钥 1 已装载")

    day(blank, Bank(), script)
    assert "key-loaded" in (blank / "journal").read_bytes().decode("latin-1")


def test_a_vault_that_died_before_it_kept_the_key_is_said(blank):
    async def script(shop):
        await switched_on(shop)

        async def killed():
            raise VaultGone("the vault hangs up")

        shop.hardware.loading.keep_combined = killed
        await until_components(shop)
        await bring(shop, "91", FIRST)
        await bring(shop, "92", SECOND)
        await shop.see("总校验值")
        await shop.press("enter")
        await shop.see("密钥服务没有应答", "K02")
        assert (await shop.hardware.loading.facts()).state == "empty"

    day(blank, Bank(), script)
    assert "key-loaded" not in (blank / "journal").read_bytes().decode("latin-1")


def test_a_kek_alone_is_no_master_key(blank):
    async def script(shop):
        safe = shop.hardware.vault.safe
        safe.take({"kek": safe.made(bytes(range(16)), "aes", "kek", "components")})
        shop.switch_on()
        await shop.see("自检", "密钥 未装载")

    day(blank, Bank(), script)


def test_custodians_can_bring_the_key_of_this_terminals_slot(blank):
    async def script(shop):
        await switched_on(shop)
        await until_components(shop, key="4")
        await bring(shop, "91", FIRST)
        await bring(shop, "92", SECOND)
        await shop.see("主密钥 7")
        await shop.press("enter")
        await shop.see("主密钥 7 已装载")
        await shop.press("enter")
        await shop.sell("1000")

    day(blank, Bank(), script, keys=KeysConfig(tmk_slot=7))


def test_where_nothing_is_settled_keys_can_be_brought(tmp_path):
    async def script(shop):
        await shop.first_day()
        await shop.sell("1000", card="stripe-only", way="swipe")
        await until_components(shop)

    day(tmp_path, Bank(), script, dialect="international", issuer=None)


def test_erased_with_a_sale_in_the_batch_keys_can_be_brought_anew(tmp_path):
    async def script(shop):
        await shop.first_day()
        await shop.sell("1000")
        await key_room(shop, "3")
        await shop.see("S03")  # by hand not before the settlement
        await shop.press("enter")
        await shop.hardware.loading.erase("tamper")
        await shop.see("不能交易")
        await until_components(shop)
        await bring(shop, "91", FIRST)
        await bring(shop, "92", SECOND)
        await shop.see("总校验值")
        await shop.press("enter")
        await shop.see("已装载")
        await shop.press("enter")
        await shop.idle()
        assert "密钥已清除" not in shop.text()  # at once, not at the next look
        await shop.sell("2000")

    day(tmp_path, Bank(), script)


def test_an_erasure_that_the_disk_does_not_take_has_words_of_its_own(tmp_path):
    async def script(shop):
        async def full(why):
            raise KeyRefused("no space left on device")

        await shop.first_day()
        shop.hardware.loading.erase = full
        await key_room(shop, "3")
        await shop.see("清除后本机不能再交易")
        await shop.press("enter")
        await shop.see("存储写不进去", "K05")

    day(tmp_path, Bank(), script)


def test_keys_that_come_past_the_desk_are_recorded_once(tmp_path):
    kek = bytes(range(50, 66))  # TEST KEY

    async def script(shop):
        await shop.first_day()
        safe = shop.hardware.vault.safe
        safe.take({"kek": safe.made(kek, "aes", "kek", "components")})
        keys = [LoadedKey("tmk.2", KeyBlock("D", "K0", "T", "D", TEST_TMK[::-1]))]
        await shop.hardware.loading.load_bundle(make_bundle(kek, TERMINAL_ID, 1, keys), TERMINAL_ID)
        await shop.settle(200)

    day(tmp_path, Bank(), script)
    day(tmp_path, Bank(), another_day)
    recorded = (tmp_path / "journal").read_bytes().decode("latin-1")
    assert recorded.count('"source":"bundle"') == 1


async def another_day(shop):
    shop.switch_on()
    await shop.settle(200)
