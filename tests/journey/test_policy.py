"""The shop's policy as the cashier meets it (G10, G3): said before the card, shown, printed and kept to the fen."""

import asyncio
import subprocess
from datetime import date, timedelta

import msgspec
import pytest
from click.testing import CliRunner

from terminal.__main__ import main
from terminal.config import Files
from terminal.dialogue.policy_view import policy_rows, show_policy
from terminal.exchange.request import FeeSheet
from terminal.iso8583.kinds import Kind
from terminal.money import Money
from terminal.policy_commands import is_signed
from terminal.policy_file import load_rules
from terminal.refund.policy import Policy
from terminal.refund.rules import Elsewhere, Fee, Level, Naked, OtherCard, Reason, Rule, Tier, Velocity
from terminal.screens import Sheet, Shown, Status, say
from tests.journey.shop import Bank, Shop, day
from ui.layout import DEVICE_CLASSES
from ui.painter import Painter
from ui.text import words


@pytest.fixture
def bank():
    return Bank()


def play(tmp_path, bank, script, policy=None, rules=None) -> Shop:
    async def whole(shop):
        if rules is not None:
            shop.room.policy, shop.room.policy_trouble = rules.policy, rules.trouble
        await shop.first_day()
        await script(shop)

    return day(tmp_path, bank, whole, policy)


async def begin(shop) -> None:
    """Choose 退款 and the newest sale."""
    await shop.idle()
    await shop.press("refund")
    if "00" in await shop.room.staff.factory_codes():
        await shop.supervisor_code()
    await shop.see("退哪一笔")
    await shop.press("1")


# --- velocity: each rule at each level --------------------------------------------------------------------------------
RULES = {
    "per-hour": (lambda level: Policy(velocity=Velocity(per_hour=Rule(1, level))), "一小时内退款次数多", "R24"),
    "per-shift": (lambda level: Policy(velocity=Velocity(per_shift=Rule(1_999, level))), "本班退款金额高", "R25"),
    "same-card": (lambda level: Policy(velocity=Velocity(same_card=Rule(1, level))), "同一张卡", "R26"),
    "old-sale": (lambda level: Policy(velocity=Velocity(old_sale=Rule(1, level))), "交易时间较久", "R27"),
    "outside-hours": (
        lambda level: Policy(velocity=Velocity(outside_hours=level), hours=("11:00-12:00",) * 7),
        "营业时间",
        "R28",
    ),
}


async def before_it_is_broken(shop, name) -> None:
    """One sale of 20.00 of which 10.00 went back, unless the rule needs something else; then the rule's last drop."""
    await shop.sell("2000")
    if name == "old-sale":
        shop.clock.offset += timedelta(days=2)
    elif name != "outside-hours":
        await shop.refund("1000")
        await shop.see("退货已受理")
        await shop.done()
        await shop.settle(61)


async def to_the_sheet(shop) -> None:
    await begin(shop)
    await shop.see("退款原因")
    await shop.press("1")
    await shop.see("退多少")
    await shop.press("1")


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("level", [Level.WARN, Level.SUPERVISOR, Level.FORBID, Level.OFF])
def test_a_velocity_rule_warns_asks_or_forbids_before_the_card(tmp_path, bank, name, level):
    policy, words_of_it, code = RULES[name]

    async def script(shop):
        await before_it_is_broken(shop, name)
        await to_the_sheet(shop)
        if level is Level.FORBID:
            await shop.see(code)
            await shop.press("enter")
            await shop.idle()
            return
        await shop.see("退款明细")
        assert ("注意" in shop.text() and words_of_it in shop.text()) is (level is Level.WARN)
        await shop.press("enter")
        if level is Level.SUPERVISOR:
            await shop.see("请主管输入密码", words_of_it)
            await shop.enter("135790")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍")
        await shop.press("enter")
        await shop.see("已受理")
        await shop.done()

    shop = play(tmp_path, bank, script, policy(level))
    before = 0 if name in ("old-sale", "outside-hours") else 1_000
    given = before if level is Level.FORBID else 2_000
    assert (bank.balance(), sum(bank.credited().values())) == (1_000_000 - 2_000 + given, given)
    assert ("批准人" in shop.paper()) is (level is Level.SUPERVISOR)


# --- a policy that is not in force ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("policy", "code", "text"),
    [
        (Policy(effective=date(2026, 11, 24)), "R18", "尚未生效"),
        (Policy(expires=date(2026, 11, 22)), "R19", "已过期"),
        (Policy(is_refund_on=False), "R14", ""),
    ],
)
def test_a_policy_that_is_not_in_force_stops_a_refund_and_nothing_else(tmp_path, bank, policy, code, text):
    async def script(shop):
        await shop.sell("1000")
        await begin(shop)
        await shop.see(code, text)
        await shop.press("enter")
        await shop.sell("500")

    play(tmp_path, bank, script, policy)
    assert bank.balance() == 1_000_000 - 1_500


def test_it_comes_into_force_and_expires_at_midnight(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await begin(shop)
        await shop.see("R18")
        await shop.press("enter")
        shop.clock.offset += timedelta(hours=14)  # 00:00 of the 24th, and a little
        await to_the_sheet(shop)
        await shop.see("退款明细")
        await shop.press("cancel", "cancel", "cancel")
        await shop.idle()
        shop.clock.offset += timedelta(days=1)
        await begin(shop)
        await shop.see("R19")

    play(tmp_path, bank, script, Policy(effective=date(2026, 11, 24), expires=date(2026, 11, 24)))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A TEST key and its public half."""
    folder = tmp_path_factory.mktemp("keys")
    for command in ("genpkey -algorithm ed25519 -out key.pem", "pkey -in key.pem -pubout -out authority.pem"):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True)
    return folder / "key.pem", folder / "authority.pem"


def installed(folder, pair, text) -> Files:
    """A policy file, signed as provisioning does it."""
    folder.mkdir()
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    result = CliRunner().invoke(main, ["policy", "sign", str(path), "--key", str(pair[0])])
    assert result.exit_code == 0, result.output
    return Files("", "", "", "", policy=str(path), policy_authority=str(pair[1]))


def test_a_signed_policy_decides(tmp_path, bank, pair):
    where = installed(tmp_path / "policy", pair, 'version = "TEST 7"\ncap = 60000\n' + LOW)

    async def script(shop):
        await shop.sell("60001")
        await to_the_sheet(shop)
        await shop.see("R11", "600.00")

    shop = play(tmp_path, bank, script, rules=load_rules(where, is_signed))
    assert shop.room.policy.version == "TEST 7"


LOW = """review_above = 60000
second_person_above = 60000
pause_above = 60000
documents = []
elsewhere = { cap = 60000 }
"""


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: text + "\ndays = 9999\n", "policy.toml: its signature"),
        (lambda text: text.replace("TEST 7", "TEST 8"), "policy.toml: its signature"),
    ],
)
def test_a_policy_that_was_altered_gives_nothing_back_and_sells_on(tmp_path, bank, pair, edit, said):
    where = installed(tmp_path / "policy", pair, 'version = "TEST 7"\n')
    path = tmp_path / "policy" / "policy.toml"
    path.write_text(edit(path.read_text("utf-8")), "utf-8")

    async def script(shop):
        await shop.sell("1000")
        await shop.press("refund")
        await shop.supervisor_code()
        await shop.see("R20", "退款政策文件不能用", said)
        assert str(tmp_path) not in shop.text()
        await shop.press("enter")
        await shop.sell("500")

    play(tmp_path, bank, script, rules=load_rules(where, is_signed))
    assert bank.balance() == 1_000_000 - 1_500


# --- a policy that changed while an application waited ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "policy", "code"),
    [
        ({}, Policy(reasons=(Reason("other"),)), "R30"),
        ({"is_other_card": True}, Policy(), "R31"),
        ({}, Policy(days=180, fees={"new": Fee((Tier(fixed=1),))}, reasons=(Reason("returned", fee="new"),)), "R16"),
    ],
)
def test_an_approved_application_is_decided_by_the_policy_of_now(tmp_path, bank, change, policy, code):
    async def script(shop):
        await shop.sell("60000")
        await to_the_sheet(shop)
        await shop.see("退款明细")
        await shop.press("enter")
        await shop.see("请主管输入密码")
        await shop.enter("135790")
        await shop.see("请插卡")
        await shop.press("cancel")
        await shop.idle()
        approved = await shop.journal.applications.one("000001")
        await shop.journal.applications.keep(msgspec.structs.replace(approved, **change))
        shop.room.policy = policy
        await begin(shop)
        await shop.see("现在退")
        await shop.press("1")
        await shop.see(code)

    play(tmp_path, bank, script)
    assert bank.balance() == 1_000_000 - 60_000


# --- fees by policy ---------------------------------------------------------------------------------------------------
TIERED = Fee((Tier(5_000, permille=100), Tier(permille=25, fixed=300)), least=200, most=2_000)
FEE_POLICY = Policy(
    version="TEST fees",
    fees={"restocking": TIERED, "small": Fee((Tier(fixed=150),))},
    reasons=(Reason("returned", fee="restocking"), Reason("service", fee="small"), Reason("other")),
)


@pytest.mark.parametrize(
    ("reason", "part", "rows", "given"),
    [
        # 2.5 % of 123.45 is 308.625 fen, rounded down, and 3.00
        ("1", "", {"手续费": 608, "本次退款": 11_737}, 11_737),
        ("1", "4999", {"本次要退的部分": 4_999, "手续费": 499, "本次退款": 4_500}, 4_500),
        ("1", "1001", {"本次要退的部分": 1_001, "手续费": 200, "本次退款": 801}, 801),
        ("2", "", {"手续费": 150, "本次退款": 12_195}, 12_195),
        ("3", "", {"手续费": 0, "本次退款": 12_345}, 12_345),
    ],
)
def test_a_fee_of_the_policy_is_shown_printed_sent_and_kept_to_the_fen(tmp_path, bank, reason, part, rows, given):
    stages = []

    async def script(shop):
        await shop.sell("12345")
        await shop.refund_until_card("2" if part else "1", reason)
        if part:
            await shop.see("请输入退款金额")
            await shop.enter(part)
        await shop.see("退款明细", "123.45", *(str(Money(minor)) for minor in rows.values()))
        await shop.press("enter")
        await shop.present("unionpay-debit")
        await shop.see("再核对一遍", str(Money(given)))
        await shop.pull()
        await shop.press("enter")
        await shop.see("已受理")
        await shop.done()
        stages.extend(await shop.journal.recent(1))

    shop = play(tmp_path, bank, script, FEE_POLICY)
    assert bank.balance() == 1_000_000 - 12_345 + given
    sheet = stages[0].request.fee_sheet
    assert isinstance(sheet, FeeSheet)
    assert (sheet.handling_fee.minor, sheet.refund.minor, stages[0].amount.minor) == (rows["手续费"], given, given)
    assert sheet.taken_up.minor - sheet.handling_fee.minor - sheet.kept_cost.minor == given
    paper = [line.split() for line in shop.paper().splitlines()]
    for label, minor in rows.items():
        assert [label, str(Money(minor))] in paper
    assert (stages[0].request.kind is Kind.VOID) is (given == 12_345)


def test_a_typed_cost_leaves_the_fee_to_the_policy_and_both_within_its_limit(tmp_path, bank):
    async def script(shop):
        await shop.sell("10000")
        await shop.refund_until_card("3")
        await shop.see("保留的成本", "最多 ¥20.00")
        await shop.enter("1600")  # of the other 84.00, 2.5 % and 3.00 are 5.10
        await shop.see("R17", "20.00")
        await shop.press("enter")
        await shop.see("退多少")
        await shop.press("3")
        await shop.see("保留的成本")
        await shop.enter("1400")  # 2.15 and 3.00
        await shop.see("退款明细", "14.00", "5.15", "80.85")
        assert "请输入手续费" not in shop.text()

    play(tmp_path, bank, script, msgspec.structs.replace(FEE_POLICY, typed_costs_permille=200))


# --- the policy in plain words ----------------------------------------------------------------------------------------
FULL = Policy(
    version="TEST 2026-11",
    expires=date(2027, 12, 31),
    fees=FEE_POLICY.fees,
    reasons=(Reason("returned", ("receipt", "photo"), "restocking", is_reviewed=True), Reason("service", fee="small")),
    hours=("09:00-22:00",) * 5 + ("10:00-02:00", ""),
    other_card=OtherCard(is_on=True, hours=48),
    elsewhere=Elsewhere(cap=123_400),
    naked=Naked(is_on=True, cap=43_200),
    typed_costs_permille=150,
    velocity=Velocity(per_hour=Rule(7, Level.FORBID), old_sale=Rule(45, Level.WARN)),
)
SAID = (
    *("180 天", "¥10000.00", "¥50000.00", "50 次", "60 秒", "¥500.00", "¥3000.00", "¥5000.00", "签购单，签字的申请表"),
    *(
        "¥50.00 以内手续费 10%",
        "手续费 2.5% 加 ¥3.00",
        "最少 ¥2.00",
        "最多 ¥20.00",
        "签购单，照片",
        "须审核",
        "手续费 ¥1.50",
    ),
    *("15%", "1 至 3 个工作日", "3 至 7 个工作日", "满 48 小时", "每笔至 ¥1234.00", "每笔至 ¥432.00"),
    *("周一至周五", "09:00-22:00", "周六", "10:00-02:00", "周日", "休息", "超过 7 笔", "不退", "超过 45 天", "提醒"),
    *("TEST 2026-11", "2026-01-01", "2027-12-31"),
)


def test_func_on_the_fee_sheet_shows_the_whole_policy_and_comes_back(tmp_path, bank):
    async def script(shop):
        await shop.sell("1000")
        await to_the_sheet(shop)
        await shop.see("退款明细", "功能")
        await shop.press("func")
        await shop.see("本店退款政策")
        read = ""
        for _ in range(9):
            read += shop.text()
            await shop.press("down")
        missing = [text for text in SAID if text not in read]
        assert not missing, missing
        await shop.press("cancel")  # done reading, not done refunding
        await shop.see("退款明细")
        await shop.press("func")
        await shop.see("本店退款政策")
        await shop.press("enter")
        await shop.see("退款明细")

    play(tmp_path, bank, script, FULL)


@pytest.mark.parametrize("policy", [Policy(), FULL, Policy(is_refund_on=False)], ids=["shipped", "full", "off"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_page_has_its_words_and_fits_every_screen(policy, language):
    rows, text = policy_rows(policy), words(language, is_strict=True).text
    assert all(text(row.label) and text(row.value) for row in rows)
    painters = [Painter(device) for device in DEVICE_CLASSES]
    for start in range(0, len(rows), 8):
        sheet = Sheet(say("policy.title"), rows[start : start + 8], page=1, pages=9, hint=say("hint.policy_pages"))
        assert not any(painter.overflows(Shown(sheet, Status(operator="01"), language)) for painter in painters)


def test_a_policy_that_is_not_used_is_not_shown_as_if_it_were(tmp_path, bank):
    async def script(shop):
        shop.room.policy_trouble = "policy.toml: it is not signed"
        await shop.idle()
        shop.terminal.cancel()
        shown = asyncio.ensure_future(show_policy(shop.room))
        await asyncio.sleep(0.1)
        assert "政策文件不能用" in shop.text()
        assert "180" not in shop.text()
        await shop.press("enter")
        await shown

    play(tmp_path, bank, script)
