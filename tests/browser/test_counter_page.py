"""The counter's page in a real browser: a refund by keyboard alone, and by hand on the glass; what a learner does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from simulator.counter.play import CODE
from tests.browser.visitor import Visitor
from ui.layout import DEVICE_CLASSES

pytestmark = pytest.mark.process
MENU = ("消费", "退款", "交易记录")
NO_CHINESE_OF_ITS_OWN = """(() => {
    const own = document.querySelector("main").cloneNode(true);
    own.querySelectorAll("#spoken, #accounts, #refunds, script").forEach((one) => one.remove());
    return !/[一-鿿]/.test(own.textContent); })()"""
AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")


def refunds(visitor: Visitor) -> list[int]:
    return [entry["amount"] for entry in visitor.ask("/api/ledger")["transactions"] if entry["kind"] == "refund"]


def up_to_the_card(visitor: Visitor, amount: str) -> None:
    """From the menu to the prompt for the card, by the computer's keyboard."""
    visitor.see(*MENU)
    visitor.leave_all()
    visitor.keys("refund")
    visitor.see("退哪一笔")
    visitor.keys("1")
    visitor.see("退款原因")
    visitor.keys("1")
    visitor.see("退多少")
    visitor.keys("2")
    visitor.see("请输入退款金额")
    visitor.enter(amount)
    visitor.see("退款明细")
    visitor.keys("enter")
    visitor.see("请插卡")


def back_to_the_menu(visitor: Visitor) -> None:
    """Past signature and papers, signing on paper where nothing is signed yet."""
    asked = ["请持卡人核对", "请持卡人签名", "请将终端交还收银员", "撕下商户存根"]
    while (seen := asked[visitor.see_any([(each,) for each in asked])]) != asked[-1]:
        asked = asked[asked.index(seen) + 1 :]
        if seen == "请将终端交还收银员":
            visitor.enter(CODE)
        else:
            visitor.keys("enter")
    visitor.keys("enter")
    visitor.see(*MENU)


def test_a_whole_refund_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.page
    visitor.push("#prepare")
    page.wait_for_selector("#prepare:disabled")
    page.wait_for_selector("#prepare:not(:disabled)")
    visitor.push("#film")
    visitor.wait("document.querySelector('#film[aria-pressed=true]')")
    up_to_the_card(visitor, "3000")
    visitor.push("[data-name='insert unionpay-trace']")
    visitor.see("再核对一遍")
    assert page.is_visible("#card.in")
    assert page.evaluate("document.activeElement.dataset.name") == "insert unionpay-trace"  # focus has stayed
    visitor.push("[data-name='insert unionpay-trace']")  # the same button pulls it now
    page.wait_for_selector("#card:not(.in)")
    visitor.leave_all()
    visitor.keys("enter")
    visitor.see("退货已受理", "不是已到账")
    visitor.keys("enter")
    back_to_the_menu(visitor)
    assert refunds(visitor) == [3000]
    visitor.wait("document.querySelectorAll('#papers img').length === 4")
    assert "退货" in (page.locator("#papers img").first.get_attribute("alt") or "")
    assert page.is_visible("#fresh-paper")
    assert "30.00" in page.inner_text("#refunds")


def test_the_film_of_it_is_a_gif_that_moves(visitor: Visitor) -> None:
    visitor.page.click("#film")
    visitor.page.wait_for_selector("#film-gif:visible")
    with visitor.page.expect_download() as fetched:
        visitor.page.click("#film-gif")
    film = fetched.value.path().read_bytes()
    assert len(film) < 3_000_000
    picture = Image.open(io.BytesIO(film))
    assert (picture.format, picture.info["loop"]) == ("GIF", 0)
    assert picture.n_frames > 20  # type: ignore[attr-defined]


def test_a_finger_on_the_glass_and_a_signature(visitor: Visitor) -> None:
    visitor.prepare()  # another sale: two refunds of one must be a minute apart
    up_to_the_card(visitor, "1000")
    visitor.page.click("[data-name='insert unionpay-trace']")
    visitor.see("再核对一遍")
    visitor.page.click("[data-name='insert unionpay-trace']")
    visitor.leave_all()
    visitor.keys("enter")
    visitor.see("退货已受理")
    visitor.touch(360, 770)  # 确认, drawn at the right of the foot
    if visitor.see_any([("请持卡人核对",), ("请持卡人签名",)]) == 0:
        visitor.touch(360, 770)
    visitor.see("请持卡人签名")
    visitor.page.mouse.move(*visitor.place(120, 420))
    visitor.page.mouse.down()
    for step in range(1, 12):
        visitor.page.mouse.move(*visitor.place(120 + 20 * step, 420 + 30 * (step % 3)))
    with visitor.page.expect_response(lambda answer: answer.url.endswith("/api/touch")):
        visitor.page.mouse.up()
    visitor.touch(400, 770)
    back_to_the_menu(visitor)
    papers = [paper["text"] for paper in visitor.ask("/api/paper")]
    merchant = next(text for text in reversed(papers) if "商户存根" in text)
    assert "持卡人签名：\n[384x160]" in merchant


@pytest.mark.parametrize("name", list(DEVICE_CLASSES))
def test_every_device_class(visitor: Visitor, name: str) -> None:
    device = DEVICE_CLASSES[name]
    visitor.turn_into(name)
    rendering = visitor.page.evaluate("getComputedStyle(document.getElementById('screen')).imageRendering")
    assert (rendering == "pixelated") == device.is_grid
    keys = "#pin-pad .keys" if device.is_touch else ".hard"
    assert visitor.page.locator(f"{keys} button:visible").count() == 18


def test_language(visitor: Visitor) -> None:
    visitor.page.click("#language")
    visitor.wait("document.documentElement.lang === 'en'")
    assert visitor.page.inner_text("#training-title") == "Training"
    assert visitor.page.get_attribute("#spoken", "lang") == "zh-CN"  # the device still speaks Chinese
    visitor.wait(NO_CHINESE_OF_ITS_OWN)
    visitor.page.click("#language")
    visitor.wait("document.documentElement.lang === 'zh-CN'")
    assert visitor.page.inner_text("#training-title") == "练习"


def test_a_lesson_no_paper_is_no_money(visitor: Visitor) -> None:
    visitor.turn_into("keypad-320x240")
    visitor.prepare()
    before = refunds(visitor)
    visitor.page.click("[data-name=no-paper]")
    visitor.wait('document.querySelector("#printer [data-name=out][aria-pressed=true]")')
    up_to_the_card(visitor, "500")
    visitor.page.click("[data-name='insert unionpay-trace']")
    visitor.see("再核对一遍")
    visitor.page.click("[data-name='insert unionpay-trace']")
    visitor.leave_all()
    visitor.keys("enter")
    visitor.see("退货已受理")
    visitor.keys("enter")
    visitor.see("缺纸")
    visitor.page.click("#printer [data-name=ok]")
    visitor.leave_all()
    visitor.keys("enter")
    back_to_the_menu(visitor)
    assert refunds(visitor) == [500, *before]


def test_a_fault_is_set_and_told(visitor: Visitor) -> None:
    visitor.page.select_option("#fault-mti", "0220")
    visitor.page.select_option("#fault-what", "refused")
    visitor.page.fill("#fault-argument", "96")
    visitor.page.click("#fault button")
    visitor.wait("document.getElementById('waiting').innerText === '0220 refused 96'")
    visitor.page.fill("#script-text", "0220 anser lost")
    visitor.complaints.clear()
    visitor.page.click("#script button")
    visitor.wait("document.getElementById('trouble').innerText.includes(\"'anser'\")")
    visitor.complaints[:] = [each for each in visitor.complaints if "400" not in each]  # the browser's own remark
    visitor.page.click("#fault-clear")
    visitor.wait("document.getElementById('waiting').innerText === ''")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_anybody_can_use_it(visitor: Visitor, scheme: str, language: str) -> None:
    page = visitor.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    if page.get_attribute("html", "lang") != language:
        page.click("#language")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for body in ("touch-480x800", "keypad-320x240", "lcd-128x64"):
        visitor.turn_into(body)
        assert page.evaluate(AUDIT) == []
    assert page.evaluate("getComputedStyle(document.getElementById('fresh-paper')).animationName") == "none"
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
    if language == "en":
        page.click("#language")


def test_the_tabulator_goes_through_everything_in_order_and_out_again(visitor: Visitor) -> None:
    page = visitor.page
    page.reload()
    page.wait_for_selector("#lessons li")
    where = """() => { const one = document.activeElement;
        if (one === document.body) return null;
        const all = [...document.querySelectorAll('*')], style = getComputedStyle(one);
        const outline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth);
        return {at: all.indexOf(one), outline, what: one.tagName + '#' + one.id}; }"""
    seen: list[int] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        now = page.evaluate(where)
        if now is None or (seen and now["at"] <= seen[0]):
            break
        assert now["outline"], f"no focus is seen on {now['what']}"
        seen.append(now["at"])
    assert seen == sorted(seen)
    assert len(seen) == page.evaluate(
        "[...document.querySelectorAll('button, a[href], input, select, textarea, summary, [tabindex=\"0\"]')]"
        ".filter((one) => one.getClientRects().length && !one.disabled && one.checkVisibility()).length"
    )


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_nothing_stands_out_at_any_width(visitor: Visitor, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 900})
    for body in DEVICE_CLASSES:
        visitor.turn_into(body)
        assert visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
