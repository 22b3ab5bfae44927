"""The policy file: signed, whole and without contradictions, or refused with its line or both; and its commands."""

import subprocess
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from terminal.__main__ import main
from terminal.config import Files
from terminal.policy_commands import is_signed
from terminal.policy_file import PolicyRefused, Rules, load_rules, parsed, parsed_calendar, shipped, shipped_calendar
from terminal.refund.contradictions import contradictions
from terminal.refund.rules import BOUNDS, Policy

GOOD = 'version = "TEST 1"\ndays = 90\n'


def refused(text, name="policy.toml"):
    with pytest.raises(PolicyRefused) as refusal:
        parsed(text, name)
    return str(refusal.value)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A TEST key and its public half, as openssl makes them."""
    folder = tmp_path_factory.mktemp("keys")
    for words in (
        ("genpkey", "-algorithm", "ed25519", "-out", "key.pem"),
        ("pkey", "-in", "key.pem", "-pubout", "-out", "authority.pem"),
    ):
        subprocess.run(["openssl", *words], cwd=folder, check=True)
    return folder / "key.pem", folder / "authority.pem"


def run(*words, **more):
    return CliRunner().invoke(main, ["policy", *map(str, words)], **more)


@pytest.fixture
def signed(tmp_path, pair):
    """A signed policy, and the configuration that names it."""

    def write(text=GOOD):
        path = tmp_path / "policy.toml"
        path.write_text(text, "utf-8")
        result = run("sign", path, "--key", pair[0])
        assert result.exit_code == 0, result.output
        return Files("", "", "", "", policy=str(path), policy_authority=str(pair[1]))

    return write


# --- what we ship -----------------------------------------------------------------------------------------------------
def test_what_we_ship_is_what_the_code_has_and_spells_every_field():
    assert parsed(shipped()) == Policy()
    told = shipped()
    for field in Policy.__struct_fields__:
        assert any(
            line.startswith((f"{field} =", f"# {field} =", f"[{field}]", f"[[{field}]]")) for line in told.splitlines()
        )
    lines = [line for line in told.splitlines() if line and not line.startswith(("#", "["))]
    first = {line.split(" =")[0] for line in lines}
    for part in ("velocity", "other_card", "elsewhere", "naked", "arrival"):
        assert set(getattr(Policy(), part).__struct_fields__) <= first
    unsaid = [line for line in lines if "#" not in line]
    assert not [line for line in unsaid if line.split(" =")[0] in BOUNDS and not line.startswith(("above", "cap"))]
    assert contradictions(Policy()) == ()


def test_without_a_file_ours_is_in_force():
    assert load_rules(Files("", "", "", "")) == Rules() == Rules(Policy(), shipped_calendar())


# --- refused, by line -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("days = 1\ncup = 4\n", "policy.toml:2: Object contains unknown field `cup`"),
        ("days = 1\n[velocity]\nper_day = 3\n", "policy.toml:3: Object contains unknown field `per_day`"),
        ('days = "1"\n', "policy.toml:1: Expected `int`, got `str`"),
        ("\ndays = true\n", "policy.toml:2: Expected `int`, got `bool`"),
        ("days = 3651\n", "policy.toml:1: days: 0 to 3650"),
        ("version = ' '\n", "policy.toml:1: version: not empty"),
        ("\nundo_seconds = 31\n", "policy.toml:2: undo_seconds: 0 to 30"),
        ("[velocity]\ncard_days = 0\n", "policy.toml:2: card_days: 1 to"),
        ("[velocity]\n\nper_hour = { most = 3, level = 'no' }\n", "policy.toml:3: Invalid enum value 'no'"),
        ("[velocity.per_hour]\nmost = -1\nlevel = 'off'", "policy.toml:2: most: not below 0"),
        ("effective = 2026-01-01T10:00:00\n", "policy.toml:1: Expected `date`"),
        ("hours = ['9-22']\n", "policy.toml:1: hours: of seven days"),
        ("hours = ['', '', '', '', '', '', '9-22']\n", 'policy.toml:1: hours: "HH:MM-HH:MM"'),
        ("[[reasons]]\nid = 'returned'\n[[reasons]]\nid = 3\n", "policy.toml:4: Expected `str`"),
        ("reasons = [\n{id = 'returned'},\n{id = 'other', fees = ''},\n]\n", "policy.toml:3: Object contains unknown"),
        ("[[reasons]]\nid = 'gift'\n", "policy.toml:1: reasons: of returned"),
        ("[[reasons]]\nid = 'other'\n[[reasons]]\nid = 'other'\n", "policy.toml:1: reasons: each once"),
        ("[naked]\ndocuments = ['passport']\n", "policy.toml:1: naked: documents are of"),
        ("[fees.a]\ntiers = [{ permille = 3 }]\n[fees.b]\ntiers = []\n", "policy.toml:4: tiers: the last one"),
        ("[[documents]]\nabove = 1\ndocuments = []\n", "policy.toml:1: documents for more than"),
        ("[arrival]\ndebit = [1, 3]\ncredit = [7, 3]\n", "policy.toml:3: credit: first and last day"),
        ("[naked]\ndocuments = ['note']\ncap = 0\n", "policy.toml:3: cap: 1 to"),
        ("[arrival]\ndebit = [1]\n", "policy.toml:2: Expected `array` of length 2"),
        ("days = 1\ndays = 2\n", "policy.toml:2: Cannot overwrite a value"),
        ("days = 1\n[velocity\n", "policy.toml:2: "),
    ],
)
def test_what_is_wrong_in_itself_is_named_by_its_line(text, expected):
    assert refused(text).startswith(expected)


FEW = "review_above = 1\nsecond_person_above = 9\npause_above = 1\ndocuments = []\nelsewhere = { cap = 1 }\n"


@pytest.mark.parametrize(
    ("text", "lines", "why"),
    [
        ("expires = 2026-01-31\n\neffective = 2026-02-01\n", "1 and line 3", "expires before it is in force"),
        ("cap = 40000\n\nsupervisor_above = 40001\n", "1 and line 3", "supervisor_above (40001) is above cap (40000)"),
        ("cap = 40000\nsupervisor_above = 9\nreview_above = 40001\n", "1 and line 3", "review_above (40001)"),
        (
            "cap = 40000\nsupervisor_above = 9\nreview_above = 9\nsecond_person_above = 40001\n",
            "1 and line 4",
            "second_person_above (40001)",
        ),
        (
            f"cap = 40000\nsupervisor_above = 9\npause_above = 40001\n{FEW.replace('pause_above = 1', '')}",
            "1 and line 3",
            "pause",
        ),
        (
            "cap = 2000\nday_cap = 1999\nsupervisor_above = 9\n" + FEW,
            "1 and line 2",
            "cap (2000) is above day_cap (1999)",
        ),
        ("day_cap = 2000000\noperator_day_cap = 2000001\n", "1 and line 2", "operator_day_cap"),
        ("supervisor_above = 50001\noperator_day_cap = 50000\n", "1 and line 2", "smaller of them"),
        (
            "supervisor_above = 50001\nsecond_person_above = 50000\n",
            "1 and line 2",
            "a second person without the first",
        ),
        ("evidence_days = 366\ndays = 367\n", "1 and line 2", "whose evidence is gone"),
        ("nag_hours = 25\napplication_days = 1\n", "1 and line 2", "before anybody is reminded"),
        ("days = 90\n[other_card]\nis_on = true\nhours = 2161\n", "1 and line 4", "too old before it is old enough"),
        ("[velocity]\nold_sale = { most = 181, level = 'warn' }\n", "2 and days as shipped", "an old sale (181 days)"),
        ("days = 30\n[velocity]\nold_sale = { most = 31, level = 'warn' }\n", "1 and line 3", "an old sale (31 days)"),
        (
            "cap = 600000\n[[documents]]\nabove = 600001\ndocuments = ['note']\n",
            "1 and line 3",
            "would never be wanted",
        ),
        (
            "documents = [\n {above = 1, documents = ['note']},\n {above = 1, documents = ['form']},\n]\n",
            "2 and line 3",
            "twice",
        ),
        ("[[reasons]]\nid = 'other'\nfee = 'x'\n[fees]\n", "3 and line 4", "there is no fee 'x'"),
        ("[[reasons]]\nid = 'other'\nfee = 'x'\n", "3 and fees as shipped", "there is no fee 'x'"),
        (
            "cap = 600000\n[[reasons]]\nid = 'other'\nfee = 'x'\n[fees.x]\ntiers = [{}]\nleast = 600000\n",
            "1 and line 7",
            "would keep everything",
        ),
        ("[naked]\nis_on = true\ndocuments = []\n", "2 and line 3", "nobody here knows"),
        ("[elsewhere]\nis_on = true\ndocuments = []\n", "2 and line 3", "nobody here knows"),
        ("cap = 600000\n[naked]\nis_on = true\ncap = 600001\n", "1 and line 4", "naked.cap (600001) is above cap"),
        ("cap = 600000\n[elsewhere]\ncap = 600001\n", "1 and line 3", "elsewhere.cap (600001) is above cap"),
        ("[other_card]\nis_on = true\ndocuments = []\n", "2 and line 3", "another card without any document"),
        ("cap = 40000\n", "1 and supervisor_above as shipped", "supervisor_above (50000) is above cap (40000)"),
        ("evidence_days = 364\n", "1", "365 at least"),
    ],
)
def test_a_rule_against_another_is_refused_with_both_lines(text, lines, why):
    said = refused(text)
    assert said.startswith(f"policy.toml:{lines}: ")
    assert why in said


def test_a_table_that_says_one_thing_leaves_the_others_as_shipped():
    found = parsed(
        "[elsewhere]\ncap = 5\n[naked]\nis_on = true\n[velocity]\ncard_days = 3\n[other_card]\nis_on = true\n"
    )
    assert found.elsewhere.is_on
    assert found.naked.documents == ("receipt", "identity", "note")
    assert found.velocity.per_hour == Policy().velocity.per_hour
    assert found.other_card.documents == Policy().other_card.documents


def test_what_is_off_contradicts_nothing():
    assert parsed("[naked]\ndocuments = []\ncap = 999999999\n[other_card]\ndocuments = []\nhours = 99999\n")
    assert parsed("days = 30\n[velocity]\nold_sale = { most = 90, level = 'off' }\n")


# --- signed, or not used ----------------------------------------------------------------------------------------------
def test_a_signed_policy_is_in_force(signed):
    rules = load_rules(signed(), is_signed)
    assert rules == Rules(Policy(version="TEST 1", days=90))


def broken(where, how):
    path = where.policy
    match how:
        case "unsigned":
            Path(path + ".sig").unlink()
        case "altered":
            Path(path).write_text(GOOD + "cap = 999999\n")
        case "gone":
            Path(path).unlink()
        case "no authority":
            return msgspec.structs.replace(where, policy_authority="")
        case "authority gone":
            return msgspec.structs.replace(where, policy_authority=where.policy_authority + "x")
        case "authority is no key":
            return msgspec.structs.replace(where, policy_authority=path)
    return where


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("unsigned", "policy.toml: it is not signed"),
        ("altered", "policy.toml: its signature is not of this file, or not by who vouches for it"),
        ("gone", "policy.toml: cannot be read: No such file or directory"),
        ("no authority", "policy.toml: nobody is named who vouches for it (files.policy_authority)"),
        ("authority gone", "authority.pemx: cannot be read: No such file or directory"),
        ("authority is no key", "policy.toml: the authority holds no public key"),
    ],
)
def test_a_file_that_nobody_vouches_for_is_not_used_and_its_folder_not_said(signed, tmp_path, how, why):
    rules = load_rules(broken(signed(), how), is_signed)
    assert rules == Rules(trouble=why)
    assert str(tmp_path) not in rules.trouble


def test_without_a_check_of_signatures_no_file_is_used(signed):
    assert "nobody is named" in load_rules(signed()).trouble


@pytest.mark.parametrize("text", [b"\xff", b"a" * 70_000, b"days = 1\n\n\xe9"])
def test_what_is_no_text_is_not_used(signed, tmp_path, text):
    where = signed()
    (tmp_path / "policy.toml").write_bytes(text)
    assert load_rules(where, lambda *_: True).trouble in (
        "policy.toml:1: not UTF-8",
        "policy.toml: more than 65536 bytes",
        "policy.toml:3: not UTF-8",
    )


def test_nothing_of_an_unsigned_file_is_parsed_or_shown(signed, tmp_path):
    where = signed()
    (tmp_path / "policy.toml").write_text("call = '12345 for a refund'", "utf-8")
    assert "12345" not in load_rules(where, is_signed).trouble


# --- the calendar -----------------------------------------------------------------------------------------------------
def test_a_calendar_of_ones_own_is_used_and_a_wrong_one_is_not(tmp_path):
    path = tmp_path / "days.toml"
    path.write_text("holidays = [2027-01-01]\nworkdays = []\n")
    where = Files("", "", "", "", calendar=str(path))
    rules = load_rules(where)
    assert rules.calendar.holidays == {date(2027, 1, 1)}
    assert (rules.trouble, rules.calendar_trouble) == ("", "")
    path.write_text("holidays = [2027-01-01]\n\nworkdays = [2027-01-04]\n")
    rules = load_rules(where)
    assert rules.calendar == shipped_calendar()
    assert rules.calendar_trouble == "days.toml:3: workdays: 2027-01-04 is no day of a weekend"
    assert rules.trouble == ""  # money may go back all the same


def test_a_calendar_with_words_for_days_is_refused_by_line():
    with pytest.raises(PolicyRefused, match=r"calendar\.toml:2: "):
        parsed_calendar("workdays = []\nholidays = ['Friday']\n")


# --- the commands -----------------------------------------------------------------------------------------------------
def test_check_says_whether_and_when(signed, tmp_path, pair):
    path = signed().policy
    whole = run("check", path, "--authority", pair[1])
    assert whole.exit_code == 0, whole.output
    for text in ("version TEST 1", "signature: good", "in force: from 2026-01-01 to its replacement", "2026-12-31"):
        assert text in whole.output
    assert "signature: not checked" in run("check", path).output


def test_check_says_what_is_wrong(signed, tmp_path, pair):
    path = signed().policy
    _written(Path(path), GOOD + "cup = 1\n")
    assert run("check", path).exit_code == 1
    assert "policy.toml:3: Object contains unknown field `cup`" in run("check", path).output
    assert "signature is not of this file" in run("check", path, "--authority", pair[1]).output


def test_check_of_one_that_is_over_or_has_not_begun(tmp_path):
    path, today = tmp_path / "policy.toml", date.today()  # noqa: DTZ011 - as the command asks
    path.write_text(f"effective = 2020-01-01\nexpires = {today - timedelta(days=1)}\n")
    assert (run("check", path).exit_code, "it has expired" in run("check", path).output) == (1, True)
    path.write_text(f"expires = {today}\n")
    assert run("check", path).exit_code == 0
    path.write_text(f"effective = {today + timedelta(days=1)}\n")
    early = run("check", path)
    assert (early.exit_code, "NOT YET" in early.output) == (0, True)
    assert "switched off" in run("check", _written(path, "is_refund_on = false\n")).output


def test_a_bad_policy_is_not_signed(tmp_path, pair):
    path = _written(tmp_path / "policy.toml", "cup = 1\n")
    result = run("sign", path, "--key", pair[0])
    assert result.exit_code == 1
    assert "policy.toml:1:" in result.output
    assert not (tmp_path / "policy.toml.sig").exists()


def test_sign_with_a_locked_key_asks_for_its_password(tmp_path, pair):
    words = ("pkey", "-in", pair[0], "-aes256", "-passout", "pass:TEST", "-out", tmp_path / "locked.pem")
    subprocess.run(["openssl", *map(str, words)], check=True)
    path = _written(tmp_path / "policy.toml", GOOD)
    wrong = run("sign", path, "--key", tmp_path / "locked.pem", input="other\n")
    assert (wrong.exit_code, "password is another one" in wrong.output) == (1, True)
    right = run("sign", path, "--key", tmp_path / "locked.pem", input="TEST\n")
    assert right.exit_code == 0, right.output
    assert run("check", path, "--authority", pair[1]).exit_code == 0


def test_show_in_both_languages_and_the_file_to_begin_with(tmp_path):
    assert "One refund at most: ¥10000.00" in run("show", "--language", "en").output
    assert "单笔上限: ¥10000.00" in run("show").output
    assert run("show", "--toml").output == shipped()
    path = _written(tmp_path / "policy.toml", "days = 200\n")
    assert "Within: 200 days" in run("show", path, "--language", "en").output


def _written(path, text):
    path.write_text(text, "utf-8")
    return path
