"""Every word of the chip's dialogues on every panel. Law: nothing overflows, in Chinese or in English."""

import msgspec
import pytest

from terminal.config import CardsConfig
from terminal.dialogue.bad_news import CODES, notice
from terminal.iso8583.kinds import Kind
from terminal.screens import Shown, say
from tests.journey.chip_desk import WRONG, play, sale, sale_prompt
from tests.journey.shop import Bank
from ui.layout import DEVICE_CLASSES
from ui.page import page
from ui.painter import Painter
from ui.text import words


@pytest.fixture
def bank():
    bank = Bank()
    yield bank
    bank.ledger.close()


@pytest.fixture(scope="module")
def painters():
    return [Painter(device) for device in DEVICE_CLASSES]


def overflowing(shop, painters):
    """The screens that do not fit, on any device, in any language."""
    found = set()
    for shown in shop.front.screens:
        for language in ("zh_CN", "en"):
            other = msgspec.structs.replace(shown, language=language)
            for painter in painters:
                if painter.overflows(other):
                    text = page(other, words(language))
                    found.add((language, painter.device.width, text.title, *text.plain_lines()))
    return found


@pytest.mark.parametrize("number", ["110101199001010015", "W" * 20, "8" * 40])
def test_a_document_fits(tmp_path, bank, painters, number):
    described = bank.tray["unionpay-identity"]
    chip = msgspec.structs.replace(described.chip, identity_number=number)
    bank.tray["longer"] = msgspec.structs.replace(described, id="longer", chip=chip)

    async def script(shop):
        await sale(shop, "longer")
        await shop.settle(1)
        await shop.press("1")
        await shop.settle(1)

    shop = play(tmp_path, bank, script)
    assert overflowing(shop, painters) == set()


@pytest.mark.parametrize("number", ["\n" * 40, "\x1b[2J" * 8, "1{0}{number}"])
def test_a_document_number_of_anything_fits(tmp_path, bank, painters, number):
    described = bank.tray["unionpay-identity"]
    chip = msgspec.structs.replace(described.chip, identity_number="1" + number + "1")
    bank.tray["odd"] = msgspec.structs.replace(described, id="odd", chip=chip)

    async def script(shop):
        await sale(shop, "odd")
        await shop.settle(1)
        await shop.press("1")
        await shop.settle(1)
        assert "程序" not in shop.text(), shop.text()

    shop = play(tmp_path, bank, script)
    assert overflowing(shop, painters) == set()


@pytest.mark.parametrize("count", [2, 5, 9, 12])
def test_many_applications_with_long_names_fit(tmp_path, bank, painters, count):
    described = bank.tray["two-accounts"]
    one = described.chip.applications[1]
    many = tuple(
        msgspec.structs.replace(one, aid=f"A00000033301010{1 + n % 3}" + f"{n:02X}", label="WWWWWWWWWWWWWWWW")
        for n in range(count)
    )
    chip = msgspec.structs.replace(described.chip, applications=many)
    bank.tray["many"] = msgspec.structs.replace(described, id="many", chip=chip)

    async def script(shop):
        await sale(shop, "many")
        await shop.settle(1)
        assert "请持卡人选择应用" in shop.text(), shop.text()

    shop = play(tmp_path, bank, script)
    assert overflowing(shop, painters) == set()


def test_every_prompt_with_everything_fits(tmp_path, bank, painters):
    async def script(shop):
        await sale(shop, "unionpay-credit-offline-pin", "9999999999")
        await shop.see("请持卡人输入密码")
        await shop.enter(WRONG)
        await shop.see("密码错误")
        await shop.enter("12")
        await shop.settle(1)
        await shop.press("cancel")
        await shop.pull()
        await sale_prompt(shop, "9999999999")
        await shop.swipe("unionpay-debit")
        await shop.press("enter")
        for _ in range(3):
            await shop.see("请插卡")
            await shop.insert("unionpay-debit", mute_at=1)
            await shop.settle(9)
            await shop.press("enter")
            await shop.settle(1)
            await shop.pull()
        await shop.settle(1)

    shop = play(tmp_path, bank, script, cards=CardsConfig(manual_entry=(Kind.SALE,)))
    assert overflowing(shop, painters) == set()


def test_bad_news_fits(painters):
    class Front:
        screens = [
            Shown(
                notice(
                    name,
                    say("kind.sale"),
                    card="621094******0110",
                    other="621094******0128",
                    what=say("manage.capk"),
                    seconds="60",
                    days="180",
                    date="2026-01-01",
                    id="01",
                    code="96",
                    remaining="1",
                    cap="1",
                    day_cap="1",
                    most="1",
                    count="1",
                    kind="x",
                ),
                language="zh_CN",
            )
            for name in CODES
        ]

    class Shop:
        front = Front

    assert overflowing(Shop, painters) == set()
