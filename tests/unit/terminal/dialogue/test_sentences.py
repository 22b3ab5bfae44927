"""Every id has its sentence in both languages, no sentence is left unused, and docs/errors.md is true."""

import ast
import re
from pathlib import Path

import pytest

from terminal.dialogue.bad_news import CODES
from terminal.dialogue.outcome import PROGRESS, notice
from terminal.exchange.request import CardOnFile, Request, Terms
from terminal.exchange.stages import NOT_RECEIVED, Refused
from terminal.iso8583.kinds import Kind, Silence
from terminal.iso8583.response_codes import KEEP_CARD, TABLE, Class, Next, Who, lookup
from terminal.money import Money
from terminal.screens import Shown, Status
from tests.unit.terminal.dialogue.errors_page import PAGE, page, spoken
from tests.unit.terminal.dialogue.families import FAMILIES, SPOKEN
from ui.layout import DEVICE_CLASSES
from ui.painter import Painter
from ui.text import words

ROOT = Path(__file__).parents[4]
LANGUAGES = ("zh_CN", "en")
FRONTS_AND_VAULTS = {"front.po", "keys.po"}  # spoken by ui and by the vault's dialogues
CATALOGUES = sorted({path.name for path in (ROOT / "ui" / "text" / "zh_CN").glob("*.po")} - FRONTS_AND_VAULTS)


def said() -> set[str]:
    """Every literal id handed to say() or Say() in the core, and every string that is an id of the menu."""
    ids: set[str] = set(PROGRESS.values())
    for path in [*(ROOT / "terminal").rglob("*.py"), *(ROOT / "ui").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("say", "_say", "Say") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and first.value:
                    ids.add(first.value)
            elif _is_id(node):
                ids.add(node.value)
    return ids


def _is_id(node) -> bool:
    """A string in a table, such as the menu's or the progress screen's."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words("en").sentences


def composed() -> set[str]:
    """What the core puts ids together from: the words before the first hole of each."""
    prefixes = set()
    for path in (ROOT / "terminal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("say", "Say") and node.args:
                first = node.args[0]
                if isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
                    prefixes.add(first.values[0].value)
    return prefixes


def test_every_family_of_ids_is_known():
    strange = {prefix for prefix in composed() if not prefix.startswith(tuple(FAMILIES))}
    assert strange == {"cipher.", "erased.", "keys.state.", "keys.under.", "place.", "refused."}  # the vault's
    assert composed() >= {"bad.", "code.", "kind.", "rule."}


def families() -> set[str]:
    return {prefix + rest for prefix, ends in FAMILIES.items() for rest in ends}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_id_that_is_said_has_a_sentence(language):
    known = words(language).sentences
    assert (said() | families()) - set(known) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_of_the_desk_is_left_unused(language):
    ours = set()
    for name in CATALOGUES:
        text = (ROOT / "ui" / "text" / language / name).read_text("utf-8")
        ours |= set(re.findall(r'^msgid "(.+)"$', text, re.M))
    assert ours - said() - families() == set()


def test_every_piece_of_bad_news_says_the_next_key():
    for name in CODES:
        assert "按" in words("zh_CN").sentences[f"bad.{name}.do"], name
        assert re.search(r"[Pp]ress|confirm|[Cc]ancel", words("en").sentences[f"bad.{name}.do"]), name


def test_codes_are_unique_and_the_page_of_codes_is_true():
    """`python -m tests.unit.terminal.dialogue.errors_page` writes it anew."""
    assert len(set(CODES.values())) == len(CODES)
    assert PAGE.read_text("utf-8") == page()


# --- response codes --------------------------------------------------------------------------------------------------
# how a person who acts is named; the last line are people of whom no code may speak
PERSONS = {
    "zh_CN": {
        Who.CARDHOLDER: "持卡人",
        Who.ISSUER: "发卡|银行",
        Who.ACQUIRER: "收单",
        None: "主管|店长|维护人员|银联|服务商|客服|商户",
    },
    "en": {
        Who.CARDHOLDER: "cardholder",
        Who.ISSUER: r"\bbanks?\b|issuer",
        Who.ACQUIRER: "acquirer",
        None: "supervisor|manager|technician|UnionPay|provider|support|merchant",
    },
}
MAY_BE_NAMED = {who: {who} for who in (Who.CARDHOLDER, Who.ISSUER, Who.ACQUIRER)} | {
    Who.NOBODY: set(),
    Who.CASHIER: set(),  # he reads it: nobody else has to act
    Who.ISSUER: {Who.ISSUER, Who.CARDHOLDER},  # a bank speaks with its cardholder only
}
ASKS = {"zh_CN": "请(?!求)|须", "en": r"\b(?:must|ask|call)\b"}  # in what happened: a demand on somebody
NEXT = {
    Next.NONE: ("不用处理", "Nothing to do"),
    Next.AGAIN: ("^(?!.*(?:稍后|几分钟)).*重新操作", "^(?!.*(?:later|minutes)).*[Ss]tart again"),
    Next.WAIT: ("稍后|几分钟后", "later|in some minutes"),
    Next.PIN_AGAIN: ("再输一次密码", "PIN once more"),
    Next.OTHER_CARD: ("换卡", "another card"),
    Next.SIGN_IN: ("签到", "[Ss]igns? in"),
    Next.RECORDS: ("查交易记录", "[Ss]ee the records"),
    Next.REFUND_INSTEAD: ("按退款", "Press refund"),
    Next.SETTLE: ("结算", "settlement"),
    Next.CALL: ("联系|电话|向发卡行确认", r"\b(?:[Aa]sks?|[Cc]alls?|asked|by hand)\b"),
}
DOUBTFUL = {"09", "10", "68", "94", "98"}  # money may have moved: cup.md 4.10, refund.md 2 rule 5 and 6
HEADLINE = {"zh_CN": 20, "en": 56}
DO = {"zh_CN": 44, "en": 142}


def named(text: str, language: str) -> set[Who | None]:
    return {who for who, pattern in PERSONS[language].items() if re.search(pattern, text)}


def is_meant(who: Who, text: str, language: str) -> bool:
    """Whether `text` names the one who must act, when it is not the reader, and nobody else."""
    found = named(text, language)
    return found <= MAY_BE_NAMED[who] and (who in found or who in (Who.NOBODY, Who.CASHIER))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", SPOKEN)
def test_a_response_code_names_the_one_who_must_act_and_nobody_else(code, language):
    happened, do = spoken(code, language)
    who = lookup(code).who
    assert is_meant(who, do, language), do
    if re.search(ASKS[language], happened):
        assert named(happened, language) <= MAY_BE_NAMED[who], happened


@pytest.mark.parametrize(
    ("who", "language", "text"),
    [
        (Who.ISSUER, "zh_CN", "请联系收单机构。"),
        (Who.ISSUER, "zh_CN", "请持卡人联系。"),
        (Who.ACQUIRER, "zh_CN", "请联系发卡行或收单机构。"),
        (Who.CARDHOLDER, "zh_CN", "请主管和持卡人到场。"),
        (Who.CASHIER, "zh_CN", "请联系维护人员。"),
        (Who.ISSUER, "en", "Call the acquirer."),
        (Who.ACQUIRER, "en", "Ask the card's bank or the acquirer."),
        (Who.CASHIER, "en", "The cardholder asks his bank."),
        (Who.NOBODY, "en", "Call the supervisor."),
    ],
)
def test_a_sentence_that_names_another_person_is_noticed(who, language, text):
    assert not is_meant(who, text, language)


@pytest.mark.parametrize("code", SPOKEN)
def test_a_response_code_says_the_next_thing_and_the_key(code):
    chinese, english = NEXT[lookup(code).next]
    do = {language: spoken(code, language)[1] for language in LANGUAGES}
    assert re.search(chinese, do["zh_CN"]), do["zh_CN"]
    assert re.search(english, do["en"]), do["en"]
    assert do["zh_CN"].endswith("按确认返回。")
    assert do["en"].endswith("Press confirm.")


def test_the_records_are_called_as_in_the_menu():
    assert words("zh_CN").sentences["menu.records"] == "交易记录"
    assert words("en").sentences["menu.records"] == "Records"


@pytest.mark.parametrize("code", SPOKEN)
def test_it_is_said_that_no_money_moved_exactly_when_that_is_sure(code):
    is_sure = lookup(code).kind is not Class.SUCCESS and code not in DOUBTFUL
    assert ("钱没有动" in spoken(code, "zh_CN")[1]) is is_sure
    assert ("No money moved" in spoken(code, "en")[1]) is is_sure


def test_nothing_is_said_to_be_credited_and_a_doubtful_one_is_not_repeated():
    for code in SPOKEN:
        assert not re.search("到账|入账|已退", "".join(spoken(code, "zh_CN"))), code
        assert not re.search("credited|paid|given back", "".join(spoken(code, "en"))), code
    for code in DOUBTFUL - {"94"}:
        assert "不要" in spoken(code, "zh_CN")[1]
        assert "do not repeat it" in spoken(code, "en")[1]


def test_a_card_to_be_kept_is_not_fought_for():
    for code in SPOKEN:
        assert ("可以留下卡片，不要争执" in spoken(code, "zh_CN")[1]) is (code in KEEP_CARD), code
        assert ("may keep the card, but do not quarrel" in spoken(code, "en")[1]) is (code in KEEP_CARD), code
        assert "没收" not in "".join(spoken(code, "zh_CN")), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_response_codes_are_said_briefly(language):
    for code in SPOKEN:
        happened, do = spoken(code, language)
        assert len(happened) <= HEADLINE[language], happened
        assert len(do) <= DO[language], do


def refused(code: str) -> Refused:
    card = CardOnFile("digest", "fingerprint", "625000******0001", "I")
    amount = Money(12_345_678)
    return Refused(
        Request("000001-000002", Kind.REFUND, "000002", "000001", amount, "", "01", card, Terms(Silence.QUERY)), code
    )


def refusal(code: str):
    return notice(refused(code), None)  # a refusal asks nothing of the room


@pytest.mark.parametrize("device", DEVICE_CLASSES)
def test_every_refusal_fits_every_glass(device):
    painter = Painter(device)
    status = Status("ok", "ok", True, "01", 0, False)
    for code in (*SPOKEN, NOT_RECEIVED):
        for language in LANGUAGES:
            assert not painter.overflows(Shown(refusal(code), status, language)), (code, language)


@pytest.mark.parametrize("code", [row.code for row in TABLE] + [NOT_RECEIVED])
def test_a_refusal_is_said_in_its_own_words(code):
    assert [line.id for line in refusal(code).lines] == [f"code.{code}.do"]
    assert refusal(code).headline.args["why"].id == f"code.{code}"


@pytest.mark.parametrize("code", ["Q9", "", "0", "a0"])
def test_an_unlisted_code_is_said_by_its_number(code):
    why, (do,) = refusal(code).headline.args["why"], refusal(code).lines
    assert (why.id, why.args["code"], do.id) == ("code.other", code, "code.other.do")
