"""The key ceremony at the counter: two custodians, each with a marked component. TEST COMPONENTS, of the TEST TMK.

Law: what is typed is typed on the vault's keypad, key by key, as two people do it; the screens say the rest.
"""

from __future__ import annotations

from terminal.dialogue.codes import ADMINISTRATOR
from tests.leaks.counter import FACTORY_CODES, Counter

LETTERS = "ABCDEF"  # func and 1 to 6


async def bring_master_key(counter: Counter) -> None:
    """From idle to idle; the terminal has to sign in anew."""
    await ask_for_custodians(counter)
    for id in counter.markers.components:
        await type_component(counter, id)
        await confirm_component(counter)
    await counter.player.see("总校验值")
    await counter.player.press("enter")
    await counter.player.see("主密钥 1 已装载")
    await counter.player.press("enter")
    await counter.idle()


async def ask_for_custodians(counter: Counter) -> None:
    """From idle, past the administrator, to the first custodian of two of master key 1."""
    player = counter.player
    await counter.second_page("4")
    await player.see("密钥管理", "人员管理")
    await player.press("6")
    await _administrator(counter)
    await player.see("输入密钥分量", "查看密钥")
    await player.press("2")
    await player.see("主密钥 1", "密钥加密密钥")
    await player.press("1")
    await player.see("2 位保管员")
    await player.press("1")


async def type_component(counter: Counter, id: str) -> None:
    """A custodian comes, is enrolled, and types; nothing is confirmed yet."""
    player = counter.player
    await player.see("请输入保管员号")
    await player.enter(id)
    await player.see("还没有登记", id)
    await player.press("enter")
    await _administrator(counter)
    await counter.choose_code(id)
    await player.see("请单独输入自己的分量")
    await counter.pad_ready()
    for digit in counter.markers.components[id].hex().upper():
        if digit in LETTERS:
            counter.shop.press("func")  # shows nothing, and keys arrive in order
        await player.press(str(1 + LETTERS.index(digit)) if digit in LETTERS else digit)


async def confirm_component(counter: Counter) -> None:
    """And its check value is the one of the letter."""
    await counter.player.press("enter")
    await counter.player.see("分量校验值")
    await counter.player.press("1")


async def _administrator(counter: Counter) -> None:
    """Who has to replace his factory code the first time."""
    code = counter.codes[ADMINISTRATOR]
    await counter.player.see("请管理员 99 输入密码")
    await counter.player.enter(code)
    if code == FACTORY_CODES[ADMINISTRATOR]:
        await counter.choose_code(ADMINISTRATOR)
