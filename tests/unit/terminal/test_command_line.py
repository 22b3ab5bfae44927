"""`yuanlu reconcile`: a file is checked before it is handed in; a bad one is refused with its line."""

from pathlib import Path

from click.testing import CliRunner

from terminal.__main__ import main

EXAMPLE = Path(__file__).parents[3] / "systemd" / "terminal.example.toml"
WHOLE = """#yuanlu-reconciliation,1,898100012345678,2026-11-23,2026-11-24
terminal_id,batch,stan,kind,mti,amount,rrn,response_code,state,at,clearing_date,original_rrn
#end,0,0
"""


def handed_in(tmp_path, text, inbox="inbox"):
    config, file = tmp_path / "terminal.toml", tmp_path / "day.csv"
    line = f'inbox = "{tmp_path / inbox}"' if inbox else 'inbox = ""'
    old = next(each for each in EXAMPLE.read_text("utf-8").splitlines() if each.startswith("inbox"))
    config.write_text(EXAMPLE.read_text("utf-8").replace(old, line), "utf-8")
    file.write_text(text, "utf-8")
    return CliRunner().invoke(main, ["reconcile", "--config", str(config), str(file)])


def test_a_whole_file_is_handed_in(tmp_path):
    result = handed_in(tmp_path, WHOLE)
    assert result.exit_code == 0, result.output
    assert "0 rows, 2026-11-23 to 2026-11-24" in result.output
    assert (tmp_path / "inbox" / "day.csv").read_text("utf-8") == WHOLE


def test_a_file_that_is_cut_is_refused_with_its_line_and_not_handed_in(tmp_path):
    result = handed_in(tmp_path, WHOLE.replace("#end,0,0", "#end,1,0"))
    assert result.exit_code == 1
    assert "line 3" in result.output
    assert not (tmp_path / "inbox").exists()


def test_without_an_inbox_it_says_so(tmp_path):
    result = handed_in(tmp_path, WHOLE, inbox="")
    assert result.exit_code == 1
    assert "files.inbox is not configured" in result.output
