"""The desk where the chip journeys sell and give back: keys, cards, issuers. Law: it acts and reads; tests judge."""

from simulator.acquirer.issuer import Script, TestIssuer
from simulator.cards.chip import Misbehaving
from terminal.config import EmvConfig
from terminal.emv.terminal_data import RefundRule
from terminal.iso8583.codec import decode
from terminal.iso8583.cup import CUP
from terminal.iso8583.frame import unpack
from tests.journey.shop import PIN, day

WRONG = "111111"  # no card's PIN
ONLINE_PIN = "unionpay-debit-pin"


def play(folder, bank, script, **settings):
    """A new terminal's first day, then the script; the shop as it was left (settings as Shop's)."""

    async def whole(shop):
        await shop.first_day()
        await script(shop)

    return day(folder, bank, whole, **settings)


# --- from key to key -------------------------------------------------------------------------------------------------
async def sale_prompt(shop, amount="1000"):
    """From idle to a sale's request for a card."""
    await shop.idle()
    await shop.press("1")
    await shop.see("请输入消费金额")
    await shop.enter(amount)
    await shop.see("请插卡")


async def sale(shop, card, amount="1000", **behaviour):
    """From idle to the card in the slot (behaviour as Misbehaving's)."""
    await sale_prompt(shop, amount)
    await shop.insert(card, **behaviour)


async def agreed(shop):
    """From the page to agree to until the papers are done and the card is out."""
    await shop.see("请勿拔卡，直到")
    await shop.press("enter")
    await shop.see("消费成功")
    await shop.press("enter")
    await shop.settle(5)
    await shop.press("enter")
    await shop.pull()
    await shop.idle()


async def drift(shop):
    """Answer whatever is asked until the menu is back."""
    for _ in range(25):
        text = shop.text()
        if "退款键" in text:
            return
        if "输入密码" in text and "操作员" not in text:
            await shop.enter(PIN)
        elif "请插卡" in text:
            await shop.press("cancel")
        elif "应用" in text or "号码一致" in text:
            await shop.press("1")
        else:
            await shop.press("enter")
        await shop.settle(3)
    raise AssertionError(shop.text())


async def refund_prompt(shop, amount=""):
    """From idle to the request for the sale's card: all of the sale goes back, or an amount."""
    await shop.refund_until_card("2" if amount else "1")
    if amount:
        await shop.see("请输入退款金额")
        await shop.enter(amount)
    await shop.see("退款明细")
    await shop.press("enter")
    await shop.see("插卡", "拍卡", "刷卡")


def ruled(profile):
    """Every UnionPay card's refund goes by this profile."""
    return EmvConfig({"A000000333": RefundRule(profile)})


# --- what was done ---------------------------------------------------------------------------------------------------
async def last(shop):
    """The stage of the newest exchange."""
    return (await shop.journal.recent())[0]


def sent(shop):
    """Every message that left the terminal, oldest first."""
    return [decode(unpack(frame, CUP.frame).body, CUP.layout) for frame in shop.line.sent]


def requests(shop, mti="0200"):
    return [message for message in sent(shop) if message.mti == mti]


def opened(reader):
    """The cards that this reader gives power to from now on."""
    connect, cards = reader.connect, []

    async def connected():
        cards.append(await connect())
        return cards[-1]

    reader.connect = connected
    return cards


# --- chips and issuers -----------------------------------------------------------------------------------------------
class Listening(Misbehaving):
    """A good chip that remembers what it was told."""

    def __init__(self, chip):
        super().__init__(chip)
        self.heard = []

    def respond(self, command):
        self.heard.append(command)
        return super().respond(command)

    def generated(self):
        """P1 of each GENERATE AC: which cryptogram, and 10 where CDA is asked for (Book 3, 6.5.5.2)."""
        return [command[2] for command in self.heard if command[1] == 0xAE]


def issuer(card, *commands, is_before=False):
    """An issuer with a script for one card, to be carried out before or after its second cryptogram."""
    return TestIssuer(scripts={card.pan: Script(commands, is_before)})


class Wrong(TestIssuer):
    """Its ARPC is never right."""

    def authenticate(self, pan, psn, icc_data, response_code):
        answer = super().authenticate(pan, psn, icc_data, response_code)
        return answer[:-3] + bytes((answer[-3] ^ 1,)) + answer[-2:]
