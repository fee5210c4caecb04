"""Reads the documents, and the code that they are held against."""

from __future__ import annotations

import ast
import re
import textwrap
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

DOCS = ROOT / "docs"
README = ROOT / "README.md"
#: For those who install, change or judge it; every other page has a Turkish one.
ENGLISH_ONLY = {"exactly-once", "architecture", "performance", "layers"}
#: English page → Turkish page.
TWINS = {
    README: ROOT / "README.tr.md",
    **{
        page: DOCS / "tr" / page.relative_to(DOCS)
        for page in sorted((*DOCS.glob("*.md"), *DOCS.glob("erp/*.md"), *DOCS.glob("reference/*.md")))
        if page.stem not in ENGLISH_ONLY
    },
}
PAGES = sorted({*ROOT.glob("*.md"), *DOCS.rglob("*.md")})
ERP_PAGES = [page for page in TWINS if page.parent.name == "erp" and page.stem != "README"]

_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(`+)(.+?)\1")


class Block(NamedTuple):
    """A fenced block: what follows the fence, and the text."""

    language: str
    text: str


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str = "") -> list[Block]:
    """The fenced blocks of a page, those within lists too."""
    found = [Block(match[2], textwrap.dedent(match[3])) for match in _FENCE.finditer(read(page))]
    return [block for block in found if not language or block.language == language]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", read(page))


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ .*$", prose(page), re.MULTILINE)


def section(page: Path, title: str) -> str:
    """The text below a heading, up to the next one of its level or above, blocks left out."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", prose(page), re.DOTALL | re.MULTILINE)
    assert found, f"{name(page)} has no section {title!r}"
    return found[2]


def anchors(page: Path) -> set[str]:
    """What a link into a page may name, as GitHub makes it of the headings."""
    titles = [title.lstrip("# ").lower() for title in headings(page)]
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in titles}


def names_in(text: str) -> list[str]:
    """What stands in backticks."""
    return [match[2] for match in _CODE.finditer(text)]


def tables(page: Path) -> list[list[list[str]]]:
    """Every table: its rows, the ruler left out."""
    found = re.findall(r"(?:^ *\|.*\n)+", prose(page), re.MULTILINE)
    made = [
        [[cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in text.splitlines()]
        for text in found
    ]
    for rows in made:
        assert {len(row) for row in rows} == {len(rows[0])}, f"{name(page)}: a row of the table {rows[0]} is torn"
    return [[head, *rest] for head, _, *rest in made]


def table(page: Path, header: str, number: int = 0) -> list[list[str]]:
    """The rows of the page's table whose first header cell says so, the header left out."""
    return [rows for rows in tables(page) if rows[0][0] == header][number][1:]


def example(page: Path, function: str) -> str:
    """The Python block that defines this function."""
    (found,) = [block.text for block in blocks(page, "python") if f"def {function}(" in block.text]
    return found


@cache
def texts(*folders: str) -> tuple[str, ...]:
    """Every text in the Python of these folders but docstrings, ``{}`` for what is put in."""
    return tuple(
        text
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(_drop_docstrings(ast.parse(read(path))))
        if (text := render(node))
    )


def _drop_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return tree


def render(node: ast.AST) -> str:
    """A text as it stands in the code; empty where the node is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(render(part) or "{}" for part in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("gettext", "ngettext"):
        return render(node.args[0])
    return ""
