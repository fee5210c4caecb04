"""The catalogues hold every text of the program in Turkish, and no other; ``make messages`` makes them anew."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from oduyo_provider.core.language import DOMAIN, LANGUAGES, LOCALE_FOLDER
from tests.conftest import ROOT

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
    keywords = ["-k", "gettext_noop"]
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
    marked = set[tuple[str, ...]]()
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
        *re.findall(r"%\(\w+\)s|`[^`]+`|^\s+|\s+$|::\w+::", text),
        *(f"{{{text.count(sign)}{sign}" for sign in "\n"),
    ]


@pytest.mark.parametrize(
    ("english", "translated"),
    [("%(a)s rows", "%(b)s satır"), ("`load` ends", "`lod` biter"), ("a %(n)s", "bir"), ("one\ntwo", "bir iki")],
)
def test_a_difference_would_be_seen(english: str, translated: str) -> None:
    assert find_differences(Message(english, translated))


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalogue_is_made_of_the_one_that_people_edit(code: str) -> None:
    made = io.BytesIO()
    write_mo(made, read_translations(code))
    compiled = LOCALE_FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.mo"
    assert compiled.read_bytes() == made.getvalue(), "make messages"


def test_the_package_holds_the_compiled_catalogues(tmp_path: Path) -> None:
    """hatchling takes what git does not leave out."""
    from hatchling.builders.sdist import SdistBuilder
    from hatchling.builders.wheel import WheelBuilder

    wanted = {f"locale/{code}/LC_MESSAGES/{DOMAIN}.mo" for code in TRANSLATED}
    for builder in (WheelBuilder(str(ROOT)), SdistBuilder(str(ROOT))):
        packed = {file.relative_path.partition("oduyo_provider/")[2] for file in builder.recurse_included_files()}
        assert wanted <= packed
