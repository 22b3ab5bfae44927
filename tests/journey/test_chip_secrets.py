"""What a chip and its cardholder say in confidence. Law: it is on no disk, no screen, in no log and no repr."""

import pytest

from terminal.dialogue.chip import Talked
from tests.journey.chip_desk import ONLINE_PIN, WRONG, drift, play, refund_prompt, requests, sale
from tests.journey.shop import PIN, Bank

NUMBER = "110101199001010015"  # of the identity card in the tray
DOCUMENT = "unionpay-identity"


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


def needles(described, blocks):
    """What a search of the disk must not find: numbers, PINs and their blocks, as text and as BCD."""
    spoken = [described.pan, described.track2, described.track2.replace("=", "D"), NUMBER, PIN, WRONG, *blocks]
    packed = [described.pan, "26" + PIN, "26" + WRONG, *blocks]  # 26: a PIN block's format and length
    return [one.encode() for one in spoken] + [bytes.fromhex(one) for one in packed]


async def wrong_once(shop, card):
    """A sale whose cardholder first types a wrong PIN, where one is asked for."""
    await sale(shop, card)
    await shop.settle(1)
    if card == ONLINE_PIN:
        await shop.enter(WRONG)
        await shop.see("请勿拔卡，直到")
        await shop.press("enter")
        await shop.see("请持卡人输入密码")
    elif card != DOCUMENT:
        await shop.enter(WRONG)
        await shop.see("密码错误")
    await drift(shop)
    await shop.pull()


@pytest.mark.parametrize(
    "card", [ONLINE_PIN, "unionpay-credit-offline-pin", "unionpay-credit-enciphered-pin", DOCUMENT]
)
def test_nothing_secret_lies_on_the_disk(tmp_path, bank, card, caplog):
    caplog.set_level(0)
    described, screens, blocks = bank.tray[card], [], []

    async def script(shop):
        await wrong_once(shop, card)
        await refund_prompt(shop)
        await shop.tap(card) if described.tap else await shop.insert(card)
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("撤销已受理")
        screens.extend(str(shown) for shown in shop.front.screens)
        blocks.extend(message["pin_block"] for message in requests(shop) if message["pin_block"])

    play(tmp_path, bank, script)
    assert bool(blocks) is (card == ONLINE_PIN), "nothing to look for"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        found = [needle[:2] for needle in needles(described, blocks) if needle in path.read_bytes()]
        assert not found, path.name
    for secret in (described.pan, described.track2, PIN, WRONG):
        assert secret not in "\n".join(screens)
        assert secret not in caplog.text


def test_the_pin_block_is_in_no_repr():
    said = Talked(None, "AABBCCDDEEFF0011")
    assert "AABBCCDDEEFF0011" not in repr(said)
