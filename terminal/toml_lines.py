r"""On which line of a TOML file a thing stands. Law: what is refused is named by its line, also inside of an array.

The parser of the standard library tells values, not places; this reads the text once more, for the places only.

>>> lines = places('[a]\nb = 1\nc = [\n  {d = 1},\n  {d = 2},\n]\n[[e]]\n[[e]]\nf.g = 3\n')
>>> [lines[path] for path in (("a",), ("a", "b"), ("a", "c", 1), ("e", 1), ("e", 1, "f", "g"))]
[1, 2, 5, 8, 9]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str | int, ...]
TOKEN = re.compile(
    r"""(?P<string>\"{3}(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
    r"""|(?P<comment>\#[^\n]*)|(?P<end>\n)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<space>[ \t\r]+)"""
    r"""|(?P<word>[^\s\[\]{},#"']+)""",
    re.DOTALL,
)
HEADER = re.compile(r"[ \t]*(\[\[?)\s*([^\[\]#\n]+?)\s*\]\]?[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
KEY = re.compile(r"""[ \t]*((?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[\w-]+|"[^"\n]*"|'[^'\n]*'))*)[ \t]*=""")
PART = re.compile(r"""[\w-]+|"([^"\n]*)"|'([^'\n]*)'""")
ANY = "..."  # msgspec's word for a value of whatever key


def places(text: str) -> dict[Path, int]:
    """Where every table, key and element of an array begins, counted from 1. `text` is TOML that parses."""
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    at = 0
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        if header := HEADER.match(text, at):
            table = _table(_parts(header[2]), counts, is_array=header[1] == "[[")
            _keep(found, (), table, line)
            at = header.end()
        elif key := KEY.match(text, at):
            path = (*table, *_parts(key[1]))
            _keep(found, table, path, line)
            at = _value_end(text, key.end(), path, found)
        else:
            at = _line_end(text, at)
    return found


def line_of(text: str, path: Path) -> int:
    """Of the thing, else of what it would stand in; 1 where there is nothing of it. `text` is TOML that parses."""
    return nearest(places(text), path) or 1


def nearest(found: dict[Path, int], path: Path) -> int:
    """The same of `places`; 0 where there is nothing of it."""
    return next((found[path[:size]] for size in range(len(path), 0, -1) if path[:size] in found), 0)


def syntax_line(text: str, reason: str) -> int:
    """Where tomllib stumbled: a line that it names, else the end."""
    told = re.search(r"line (\d+)", reason)
    return int(told[1]) if told else len(text.splitlines()) or 1


def line_of_error(text: str, raw: dict[str, Any], reason: str, convert: Callable[[dict[str, Any]], object]) -> int:
    """Where the reason of a msgspec.ValidationError points: the unknown key, the field it begins with, or its path.

    msgspec does not say which value of a table with free keys is wrong: `convert` is asked with each alone.
    """
    told = re.search(r"at `\$\.?([^`]*)`", reason)
    steps = re.finditer(r"\[(\d+|\.\.\.)\]|[\w-]+", told[1] if told else "")
    parts: list[str | int] = [int(step[1]) if (step[1] or "").isdigit() else step[1] or step[0] for step in steps]
    path = _indexed(raw, parts, reason, convert)
    more = re.search(r"unknown field `([^`]+)`", reason) or re.match(r"(\w+): ", reason)
    return line_of(text, (*path, more[1]) if more else path)


def _indexed(
    raw: dict[str, Any], parts: list[str | int], reason: str, convert: Callable[[dict[str, Any]], object]
) -> Path:
    path: Path = ()
    for part in parts:
        node = _at(raw, path)
        keys = (list(node) if isinstance(node, dict) else list(range(len(node)))) if part == ANY else [part]
        is_wrong = (key for key in keys if part != ANY or _fails(raw, (*path, key), reason, convert))
        step = next(is_wrong, None)
        if step is None:
            return path
        path = (*path, step)
    return path


def _fails(raw: dict[str, Any], path: Path, reason: str, convert: Callable[[dict[str, Any]], object]) -> bool:
    """Whether this value, alone in its table or array, brings the same reason."""
    step, value = path[-1], _at(raw, path)
    alone: Any = [value] if isinstance(step, int) else {step: value}
    for size in range(len(path) - 2, -1, -1):
        above, step = _at(raw, path[:size]), path[size]
        alone = {**above, step: alone} if isinstance(above, dict) else [*above[: int(step)], alone]
    try:
        convert(alone)
    except ValueError as error:  # msgspec.ValidationError is one
        return str(error) == reason
    return False


def _at(raw: Any, path: Path) -> Any:
    for step in path:
        raw = raw[step]
    return raw


def _parts(key: str) -> Path:
    return tuple(part[1] or part[2] or part[0] for part in PART.finditer(key))


def _table(parts: Path, counts: dict[Path, int], is_array: bool) -> Path:
    """With the index of the array's table that is open."""
    path: Path = ()
    for part in parts[:-1]:
        path = (*path, part)
        path = (*path, counts[path]) if path in counts else path
    path = (*path, parts[-1])
    if not is_array:
        return path
    counts[path] = counts.get(path, -1) + 1
    return (*path, counts[path])


def _keep(found: dict[Path, int], above: Path, path: Path, line: int) -> None:
    for size in range(len(above) + 1, len(path) + 1):
        found.setdefault(path[:size], line)


def _value_end(text: str, at: int, path: Path, found: dict[Path, int]) -> int:
    """Past the value, keeping where the elements of an array begin."""
    depth, index, is_array, is_new = 0, 0, text[at:].lstrip().startswith("["), False
    for token in _tokens(text, at):
        kind = token.lastgroup
        if kind == "end" and not depth:
            return token.end()
        if is_new and depth == 1 and kind in ("string", "word", "open"):
            found.setdefault((*path, index), text.count("\n", 0, token.start()) + 1)
            is_new = False
        depth += (kind == "open") - (kind == "close")
        if is_array and depth == 1 and kind in ("open", "comma"):
            index, is_new = index + (kind == "comma"), True
    return len(text)


def _tokens(text: str, at: int) -> Iterator[re.Match[str]]:
    while at < len(text) and (token := TOKEN.match(text, at)):
        yield token
        at = token.end()


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
