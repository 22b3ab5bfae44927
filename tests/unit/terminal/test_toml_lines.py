"""Lines of a TOML file: found for whatever form a value has, as the parser of the standard library reads it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.toml_lines import line_of, places, syntax_line

TEXT = '''\
# [a] is a comment
a = "= [x]"  # b = 1
[b]  # a table
c.d = 1
"e f" = """
g = 1
"""
h = [
  # none
  {i = "}", j = [1, 2]},
  2,

  3,
]
[b.k]
l = \'\'\'
m = 1\'\'\'
[[n]]
o = {p = 1}
[[n]]
[n.q]
r = [[1], [2,
 3]]
'''
LINES = {
    ("a",): 2,
    ("b",): 3,
    ("b", "c", "d"): 4,
    ("b", "e f"): 5,
    ("b", "h"): 8,
    ("b", "h", 0): 10,
    ("b", "h", 1): 11,
    ("b", "h", 2): 13,
    ("b", "k", "l"): 16,
    ("n", 0): 18,
    ("n", 0, "o"): 19,
    ("n", 1): 20,
    ("n", 1, "q"): 21,
    ("n", 1, "q", "r", 1): 22,
}


def test_every_form_is_found():
    tomllib.loads(TEXT)
    assert {path: places(TEXT).get(path) for path in LINES} == LINES
    assert not {("g",), ("b", "g"), ("m",), ("b", "k", "m"), ("x",)} & set(places(TEXT))


@pytest.mark.parametrize(
    ("path", "line"),
    [(("b", "h", 0, "i"), 10), (("b", "none"), 3), (("none",), 1), ((), 1), (("n", 0, "o", "p"), 19)],
)
def test_what_has_no_line_of_its_own_is_where_it_would_stand(path, line):
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = \n", 2), ("a = 1\nb = [\n\n", 3), ("", 1)])
def test_a_text_that_does_not_parse_is_named_by_its_line(text, line):
    try:
        tomllib.loads(text)
        reason = ""
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
    assert syntax_line(text, reason) == line


SCALARS = st.integers() | st.booleans() | st.text("ab=[]{}#,\"'\n ", max_size=6)


def spelled(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",\n ".join(map(spelled, value)) + "]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@given(st.dictionaries(st.text("abcd", min_size=1), SCALARS | st.lists(SCALARS, max_size=4), max_size=6))
def test_each_key_and_element_is_on_the_line_where_it_was_written(table):
    lines, text = {}, ""
    for key, value in table.items():
        lines[(key,)] = text.count("\n") + 1
        for index in range(len(value) if isinstance(value, list) else 0):
            lines[(key, index)] = lines[(key,)] + index
        text += f"{key} = {spelled(value)}\n"
    assert tomllib.loads(text) == table
    assert places(text) == lines
