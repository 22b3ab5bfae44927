"""docs/merchant-guide.{zh,en}.md shows what the terminal shows. Law: `make guide` writes it anew, a person reviews it.

Within a section (##) every word in bold stands on a screen of that section: a picture, or one named in
<!-- screens: a, b -->, which is played and not painted.
"""

import re

import pytest
from PIL import Image

from terminal.refund.policy import Policy
from tests.journey.guide_day import (
    LANGUAGES,
    PAPER,
    PICTURE,
    folder_of,
    guide,
    picture,
    pictures_of,
    played,
    with_papers,
)

ANEW = "run `make guide`, and look at what has changed"
NAMED = re.compile(r"<!-- screens: ([a-z0-9, -]+) -->")
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
MOST_EACH, MOST_FOLDER, MOST_PICTURES = 18_000, 600_000, 40
BOTH = pytest.mark.parametrize("language", LANGUAGES)


def text_of(language):
    return guide(language).read_text("utf-8")


@BOTH
def test_every_picture_is_the_screen_that_was_played(language):
    for file, (device, name) in pictures_of(language).items():
        path = folder_of(language) / file
        assert name in played(language).screens, f"{file}: no such screen is played"
        assert path.exists(), f"{path} is missing: {ANEW}"
        with Image.open(path) as kept:
            painted = picture(language, device, name)
            is_same = kept.size == painted.size and kept.convert("RGB").tobytes() == painted.tobytes()
        assert is_same, f"{path} is not what the terminal shows: {ANEW}"


@BOTH
def test_every_paper_is_what_was_printed(language):
    text = text_of(language)
    assert {block[2] for block in PAPER.finditer(text)} == set(played(language).papers)
    assert with_papers(language, text) == text, f"a paper of {guide(language)} is not what is printed: {ANEW}"


@BOTH
def test_no_picture_is_left_over_and_all_are_small(language):
    files = {path.name: path.stat().st_size for path in folder_of(language).iterdir()}
    assert set(files) == set(pictures_of(language)), ANEW
    assert not {name: size for name, size in files.items() if size > MOST_EACH}


def test_the_folder_is_small():
    files = [path for language in LANGUAGES for path in folder_of(language).iterdir()]
    assert len(files) <= MOST_PICTURES
    assert sum(path.stat().st_size for path in files) < MOST_FOLDER


@BOTH
def test_every_quoted_word_is_on_a_screen_of_its_section(language):
    flat = re.compile(r"\s+" if language == "en" else r"[^\S\n]*\n[^\S\n]*")
    wrong = []
    for section in re.split(r"^## ", text_of(language), flags=re.MULTILINE):
        names = [each[2] for each in PICTURE.finditer(section)]
        names += [name for each in NAMED.finditer(section) for name in each[1].split(", ")]
        said = flat.sub(" ", "\n".join(played(language).said(name) for name in names)).casefold()
        quoted = [flat.sub(" ", word).rstrip(".") for word in BOLD.findall(section)]
        wrong += [(section.partition("\n")[0], word) for word in quoted if word.casefold() not in said]
    assert wrong == []


def test_both_guides_show_the_same_and_cover_the_merchants_guide():
    pictures = [pictures_of(language) for language in LANGUAGES]
    assert pictures[0] == pictures[1]
    for language in LANGUAGES:
        text = text_of(language)
        covered = {
            int(first) + more
            for first, last in re.findall(r"G(\d+)(?:-G(\d+))?", text)
            for more in range(int(last or first) - int(first) + 1)
        }
        assert covered == set(range(1, 17))


@BOTH
def test_the_amounts_are_those_of_the_policy_that_is_shipped(language):
    policy = Policy()
    limits = (
        policy.supervisor_above,
        *(each.above for each in policy.documents),
        policy.review_above,
        policy.second_person_above,
        policy.pause_above,
        policy.cap,
    )
    table = re.findall(r"¥(\d+)", text_of(language).partition("|---|---|")[2].partition("\n\n")[0])
    assert {int(amount) * 100 for amount in table} == set(limits)
    assert f"{policy.days} " in text_of(language)
