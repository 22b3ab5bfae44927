"""`yuanlu-acquirer explain`: what messages on the wire say. Law: one wrong message does not hide the others.

It shows card data and keys only with --clear, and ends with 1 when any message does not parse.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from keys.algorithms.mac import RULES
from simulator.acquirer.dissection import Wrong, has_length
from simulator.acquirer.dukpt import SCHEMES
from simulator.acquirer.explanation import Explanation, Part, Window, brought, explained
from simulator.acquirer.hex_text import Found, messages
from terminal.iso8583.dialect import Choices
from terminal.iso8583.dialects import DIALECTS, by_name
from terminal.iso8583.frame import TPDU_ID

LOOKS_LIKE_HEX = frozenset("0123456789abcdefABCDEFxX:, \t\r\n")
STANDARD_INPUT = "-"
WIDTH = 22  # of field number and name


def _key(_: click.Context, __: click.Parameter, value: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise click.BadParameter("a key is given in hex") from None


@click.command()
@click.argument("sources", metavar="[HEX|FILE|-]...", nargs=-1)
@click.option("--dialect", "name", type=click.Choice(sorted(DIALECTS)), default="cup", show_default=True)
@click.option("--no-header", is_flag=True, help="CUP without its 6 bytes after the TPDU.")
@click.option("--bitmap", type=click.Choice(["hex", "binary"]), default="hex", help="Of the international dialect.")
@click.option("--length", type=click.Choice(["4 ascii", "2 binary"]), default="4 ascii", help="The same.")
@click.option("--keys", type=click.Choice(["session", *sorted(SCHEMES)]), default="session", help="The same.")
@click.option("--mac-rule", type=click.Choice(sorted(RULES)), help="Otherwise the dialect's own.")
@click.option("--bdk", default="", callback=_key, help="Hex: checks MACs under DUKPT.")
@click.option("--tmk", default="", callback=_key, help="Hex: opens the keys of a sign-in's answer.")
@click.option("--mak", default="", callback=_key, help="Hex: checks MACs. Otherwise the one a sign-in brought.")
@click.option("--json", "is_json", is_flag=True, help="For programs: a list of messages.")
@click.option("--clear", is_flag=True, help="Card data and keys in clear: TEST cards only.")
def explain(
    sources: tuple[str, ...],
    name: str,
    no_header: bool,
    bitmap: str,
    length: str,
    keys: str,
    mac_rule: str | None,
    bdk: bytes,
    tmk: bytes,
    mak: bytes,
    is_json: bool,
    clear: bool,
) -> None:
    """Explain messages given as HEX, in a FILE, or on standard input (-, or nothing)."""
    own: dict[str, Any] = {"bitmap": bitmap, "length": length, "keys": keys, "mac": _mac_of(keys, mac_rule)}
    dialect = by_name(name, Choices(has_header=not no_header, **(own if name == "international" else {})))
    window = Window(dialect, mac_rule or dialect.mac_rule, tmk, mak, clear, bdk=bdk)
    explanations = []
    for found in _found(sources or (STANDARD_INPUT,), window):
        told, window = _told(window, found)
        explanations.append(told)
        if not is_json:
            click.echo("\n".join(map(printable, _lines(len(explanations), told))) + "\n")
    if is_json:
        click.echo(msgspec.json.format(msgspec.json.encode(explanations)))
    if not explanations:
        raise click.UsageError("there is no message")
    if any(told.wrong for told in explanations):
        sys.exit(1)


def _mac_of(keys: str, rule: str | None) -> str:
    """The dialect's choice: what the keys go with, else the rule where it is one."""
    if keys in SCHEMES:
        return SCHEMES[keys].mac_rule
    return rule if rule in ("cmac", "x9.9") else "x9.19"


def _found(sources: tuple[str, ...], window: Window) -> Iterator[Found]:
    form = window.dialect.frame
    for source in sources:
        yield from messages(
            _text(source),
            lambda raw: has_length(raw, form.length) or (form.has_tpdu and raw[:1] == bytes([TPDU_ID])),
            lambda raw: has_length(raw, form.length),
        )


def _text(source: str) -> str:
    if source != STANDARD_INPUT and set(source) <= LOOKS_LIKE_HEX:
        return source
    try:
        with click.open_file(source, encoding="utf-8", errors="replace") as stream:
            return str(stream.read())
    except OSError as error:
        raise click.BadParameter(f"neither hex nor a file: {error.strerror}") from None


def _told(window: Window, found: Found) -> tuple[Explanation, Window]:
    """And the window for what comes after: with the keys that a sign-in brought, unless a MAK was given."""
    if found.raw is None:
        return Explanation(found.line, 0, wrong=Wrong("this is no hex", 0, 0)), window
    told = explained(window, found.line, found.raw)
    if any(key.name == "mak" and key.is_right for key in told.keys):
        window = msgspec.structs.replace(window, maks={**window.maks, **brought(window, found.raw)})
    return told, window


def _lines(number: int, told: Explanation) -> Iterator[str]:
    kind = f", {told.kind}" if told.kind else ""
    yield f"message {number} (line {told.line}), {told.size} bytes: {told.mti} {told.meaning}{kind}".rstrip(" :")
    for part in told.parts:
        yield from _part(part)
    for key in told.keys:
        state = "right" if key.is_right else "WRONG"
        yield f"      {key.name.upper()} check value {key.check_value} {state}{' ' * bool(key.key)}{key.key}"
    if told.keys_reason:
        yield f"      working keys not opened: {told.keys_reason}"
    if told.mac:
        state = {True: "right", False: "WRONG", None: f"not checked: {told.mac.reason}"}[told.mac.is_right]
        yield f"      MAC in F{told.mac.field} ({told.mac.rule}): {state}"
    if told.wrong:
        where = f"field {told.wrong.field}, offset {told.wrong.offset}"
        yield f"      DOES NOT PARSE: {told.wrong.what} ({where})"


def _part(part: Part) -> Iterator[str]:
    name = f"F{part.field} {part.name}" if part.field else part.name
    first = part.meaning[0] if len(part.meaning) == 1 else ""
    yield f"{part.offset:5} {name:<{WIDTH}} {part.value}{'  ' * bool(first)}{first}".rstrip()
    if not first:
        for line in part.meaning:
            yield f"{'':5} {'':<{WIDTH}}   {line}"


def printable(text: str) -> str:
    """What came from outside, without what a terminal would obey."""
    return "".join(character if character.isprintable() else "." for character in text)
