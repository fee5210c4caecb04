"""The catalogues hold every text of the program in Turkish, and no other; ``make messages`` makes them anew."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from oduyo_provider.core.language import DOMAIN, LANGUAGES, LOCALE_FOLDER
from oduyo_provider.sync.check.questions import QUESTIONS
from tests.conftest import ROOT
from tests.wiring import pages

TRANSLATED = [code for code in LANGUAGES if code != "en"]


def read_catalogue(path: Path, code: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=code)


def read_translations(code: str) -> Catalog:
    return read_catalogue(LOCALE_FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.po", code)


def texts_of(catalogue: Catalog) -> set[tuple[str, ...]]:
    """Singular and plural of each message."""
    return {to_tuple(message.id) for message in catalogue if message.id}


def to_tuple(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, ...]]:
    """What the code marks now."""
    path = tmp_path_factory.mktemp("messages") / f"{DOMAIN}.pot"
    keywords = ["-F", "babel.cfg", "-k", "gettext_noop"]
    source = "plugins/oduyo_provider"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", *keywords, "-o", str(path), source]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    found = texts_of(read_catalogue(path))
    assert found
    return found


def test_the_template_holds_what_the_code_marks(extracted: set[tuple[str, ...]]) -> None:
    template = texts_of(read_catalogue(LOCALE_FOLDER / f"{DOMAIN}.pot"))
    assert (extracted - template, template - extracted) == (set(), set()), "make messages"


def test_no_text_is_marked_where_it_is_not_found(extracted: set[tuple[str, ...]]) -> None:
    """Such as within an f-string, or where it is no constant."""
    marks = {"gettext": 1, "gettext_noop": 1, "ngettext": 2}
    marked = {(text,) for texts in QUESTIONS.values() for text in texts.values() if text}
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in marks:
                texts = [text.value for text in node.args[: marks[node.func.id]] if isinstance(text, ast.Constant)]
                marked |= {tuple(map(str, texts))} if texts else set()
    assert {texts[0] for texts in marked} == {texts[0] for texts in extracted}


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_message_lacks_its_translation_and_no_translation_its_message(
    extracted: set[tuple[str, ...]], code: str
) -> None:
    catalogue = read_translations(code)
    assert (extracted - texts_of(catalogue), texts_of(catalogue) - extracted) == (set(), set()), "make messages"
    assert list(catalogue.obsolete) == []
    assert [message.id for message in catalogue if message.id and not all(to_tuple(message.string))] == []
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_has_the_placeholders_and_the_markup_of_its_message(code: str) -> None:
    assert [message.id for message in read_translations(code) if message.id and find_differences(message)] == []


def find_differences(message: Message) -> list[str]:
    """What only one of the two holds: placeholders, names in backticks, and blanks at the ends."""
    english, translated = to_tuple(message.id)[-1], to_tuple(message.string)[0]
    return sorted(set(read_marks(english)) ^ set(read_marks(translated)))


def read_marks(text: str) -> list[str]:
    return [
        *re.findall(r"%\(\w+\)s|\{\w+\}|`[^`]+`|^\s+|\s+$|::\w+::", text),
        *(f"{{{text.count(sign)}{sign}" for sign in "\n"),
    ]


@pytest.mark.parametrize(
    ("english", "translated"),
    [("%(a)s rows", "%(b)s satır"), ("`load` ends", "`lod` biter"), ("a %(n)s", "bir"), ("one\ntwo", "bir iki")],
)
def test_a_difference_would_be_seen(english: str, translated: str) -> None:
    assert find_differences(Message(english, translated))


#: Turkish words that speak of several things: pronouns, and verbs in the plural.
SPEAKS_OF_SEVERAL = re.compile(r"\b(?:on|bun|şun)lar(?:[aı]|da|dan|ın)?\b|\b\w+(?:salar|seler|[dt][ıiuü]l[ae]r)\b")


def test_a_turkish_text_about_a_number_of_things_does_for_one_of_them_too() -> None:
    """Turkish has one form for any number."""
    counted = [message.string[0] for message in read_translations("tr") if message.pluralizable]
    assert len(counted) > 50
    assert [text for text in counted if SPEAKS_OF_SEVERAL.search(text)] == []


@pytest.mark.parametrize("text", ["gerçekten yoksalar", "onları siler", "bunlara dokunulmaz", "bulunamadılar"])
def test_a_text_that_speaks_of_several_would_be_seen(text: str) -> None:
    assert SPEAKS_OF_SEVERAL.search(text)


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalogue_is_made_of_the_one_that_people_edit(code: str) -> None:
    made = io.BytesIO()
    write_mo(made, read_translations(code))
    compiled = LOCALE_FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.mo"
    assert compiled.read_bytes() == made.getvalue(), "make messages"


def test_the_package_holds_the_compiled_catalogues_and_the_table_of_the_site_check() -> None:
    """hatchling takes what git does not leave out."""
    from hatchling.builders.sdist import SdistBuilder
    from hatchling.builders.wheel import WheelBuilder

    wanted = {f"locale/{code}/LC_MESSAGES/{DOMAIN}.mo" for code in TRANSLATED} | {"sync/check/questions.ini"}
    for builder in (WheelBuilder(str(ROOT)), SdistBuilder(str(ROOT))):
        packed = {file.relative_path.partition("oduyo_provider/")[2] for file in builder.recurse_included_files()}
        assert wanted <= packed


#: Word of the glossary, as the texts have it → what its Turkish word begins with. Behind `(?<!…)` and `(?!…)`: other senses.
STEMS = {
    r"special codes?": "özel kod",
    r"resources?": "kayıt tür",
    r"(?<!in a )(?<!either )rows?": "satır",
    r"records?": "kay",
    r"keys?(?! of the answer)": "anahtar",
    r"Ödüyo id|Ödüyo's id": "ödüyo kimli",
    r"(?<!the row )changes(?! (?:it|nothing|the))": "değişikli",
    r"plans?": "plan",
    r"(?:a|the|this|new|next|last|scheduled|earlier|later|each) runs?": "çalıştırma",
    r"tasks?": "görev",
    r"dry run": "deneme çalıştırma",
    r"first write": "ilk yazma",
    r"sources?": "kayna",
    r"ledger(?! accounts)": "defter",
    r"lease": "yazma kilid",
    r"staged|staging": "ara dosya",
    r"brakes?": "fren",
    r"released": "bırak",
    r"journal": "günce",
    r"out of scope": "kapsam dışı",
    r"look-alikes?": "benzer kay",
    r"adopt|adopted|adoptions?": "sahiplen",
    r"site check": "site denetimi",
    r"repeated": "yinelenen",
    r"(?<!plan was )rejected": "elen",
    r"(?<!name is )refused": "redd",
    r"doubtful": "şüpheli",
    r"vanished": "kaybolan",
    r"stale": "eskimiş",
    r"not applied|not_applied": "uygulanma",
    r"kept missing|kept_missing": "bırakılan",
    r"duplicates": "mükerrer",
    r"altered": "farklı saklanan",
    r"in step": "eşit",
}
#: Words of the glossary that no text has, or that texts have in everyday senses too: run, look, failed, missing.
UNBOUND = {"sync", "natural key", "payload", "desired, existing", "plan number", "quarantine", "canary", "look", "read back", "failed", "missing"}  # fmt: skip


def test_every_word_of_the_glossary_is_bound_or_is_said_not_to_be() -> None:
    rows = [row for rows in pages.tables(pages.DOCS / "glossary.md") for row in rows[1:]]
    patterns = [re.compile(rf"(?:{pattern})", re.IGNORECASE) for pattern in STEMS]
    words = {row[0] for row in rows}
    assert words >= UNBOUND
    assert [
        word for word in words - UNBOUND if not any(pattern.search(f"the {word} · the {word}s") for pattern in patterns)
    ] == []
    turkish = " · ".join(row[1] for row in rows).lower()
    assert [stem for stem in STEMS.values() if stem not in turkish] == []


@pytest.mark.parametrize("pattern", STEMS)
def test_the_texts_have_the_words_of_the_glossary(pattern: str) -> None:
    assert list(find_strangers(read_translations("tr"), pattern, STEMS[pattern])) == []


def find_strangers(catalogue: Catalog, pattern: str, stem: str) -> Iterator[str]:
    """Turkish texts without the stem whose English text has the word; names such as ``other_source`` are no words."""
    word = re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE)
    for message in catalogue:
        english, translated = to_tuple(message.id)[-1], to_tuple(message.string)[0]
        is_name = english == pattern.rpartition("|")[2]
        text = english if is_name else re.sub(r"%\(\w+\)s|\{\w+\}|`[^`]*`|\S*[_/.=]\w\S*", " ", english)
        if english and word.search(text) and stem not in translated.replace("İ", "i").lower():
            yield translated


def test_a_stranger_would_be_seen() -> None:
    catalogue = Catalog()
    catalogue.add("A brake tripped", "Bir sınır aşıldı")
    assert list(find_strangers(catalogue, r"brakes?", "fren")) == ["Bir sınır aşıldı"]
