"""The rules of the house that no linter knows: sizes, one home for each rule, and what no file may hold.

ruff holds others (``PLR0913``: at most 8 parameters; ``SLF001``: nothing private from outside), import-linter the layers:
see ``pyproject.toml``.
"""

from __future__ import annotations

import ast
import importlib
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from oduyo_provider.core.params import PARAM_NAMES
from tests.conftest import ROOT

PACKAGE = ROOT / "plugins" / "oduyo_provider"
LAYOUT = PACKAGE / "sync" / "staging" / "layout.py"
TIMING = PACKAGE / "sync" / "runtime" / "timing.py"
PARAMS = PACKAGE / "core" / "params.py"

MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 40

#: What the contract says of the staged files; the layout may hold more.
STAGED = {"existing", "desired", "plan", "results", "quarantine.jsonl", "report.json", "manifest.json", "_sites"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Found = Iterator[tuple[int, str]]  # line, and what stands there


def find_files(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "__pycache__" not in path.parts)


PACKAGE_FILES = find_files("plugins")
CODE = [*PACKAGE_FILES, *find_files("dags", "sandbox", "bench", "docs")]
TESTS = find_files("tests")


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def collect(find: Callable[[Path], Found], files: list[Path]) -> list[str]:
    """Every breach of a rule, as ``file:line what``."""
    return [f"{path.relative_to(ROOT).as_posix()}:{line} {what}" for path in files for line, what in find(path)]


def test_no_file_is_longer_than_250_lines() -> None:
    assert collect(find_long_files, CODE) == []


def find_long_files(path: Path) -> Found:
    if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES:
        yield lines, "lines"


def test_no_function_is_longer_than_40_lines() -> None:
    assert collect(find_long_functions, CODE) == []


def find_long_functions(path: Path) -> Found:
    for node in ast.walk(parse(path)):
        if isinstance(node, Function) and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES:
            yield node.lineno, f"{node.name}: {lines} lines"


def test_no_file_has_a_name_that_says_nothing() -> None:
    says_nothing = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [path for path in [*CODE, *TESTS] if says_nothing & set(path.relative_to(ROOT).with_suffix("").parts)] == []


def test_no_member_of_an_enum_has_a_second_name_in_a_module() -> None:
    assert collect(find_aliases, PACKAGE_FILES) == []


def find_aliases(path: Path) -> Found:
    for node in parse(path).body:
        if isinstance(node, ast.Assign):
            is_many = isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple)
            values = node.value.elts if is_many else [node.value]
            yield from ((node.lineno, ast.unparse(value)) for value in values if is_member(value))


def is_member(node: ast.expr) -> bool:
    """Whether it looks like ``Outcome.DONE``."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    return node.attr.isupper() and node.value.id[:1].isupper() and not node.value.id.isupper()


def test_the_layout_alone_names_staged_files_and_folders() -> None:
    assert read_layout() >= STAGED
    assert collect(find_staged_names, [path for path in PACKAGE_FILES if path != LAYOUT]) == []


@cache
def read_layout() -> set[str]:
    module = importlib.import_module(".".join(LAYOUT.relative_to(ROOT / "plugins").with_suffix("").parts))
    return {value for key, value in vars(module).items() if isinstance(value, str) and key.isupper()}


def find_staged_names(path: Path) -> Found:
    """Texts that are a name of the layout, and pieces of f-strings that end one; a sentence that mentions one has blanks."""
    names = read_layout()
    if {"operators", "dag", "dags"} & set(path.parts):  # they open no folder, and `plan` is an argument there
        names = {staged for staged in names if not staged.isalpha()}
    nodes = list(ast.walk(parse(path)))
    asks = [
        node for node in nodes if isinstance(node, ast.Call) and read_name(node.func) in ("endswith", "removesuffix")
    ]
    asked = {id(text) for node in asks for text in node.args}  # they name no file
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in asked:
            ends_file = node.value.endswith((".json", ".jsonl")) and not re.search(r"\s", node.value)
            if node.value in names or ends_file:
                yield node.lineno, node.value


def test_durations_of_sync_stand_side_by_side_in_timing() -> None:
    assert [line for line, _ in find_durations(TIMING)]
    assert collect(find_durations, [path for path in find_files("plugins/oduyo_provider/sync") if path != TIMING]) == []


def find_durations(path: Path) -> Found:
    """Where a number is bound to a name that ends in ``_s``, is added to one, or is compared with one."""
    for target, value in find_bindings(path):
        if is_duration(target) and holds_number(value):
            yield value.lineno, target
    for node in ast.walk(parse(path)):
        sides: list[ast.expr] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            sides = [node.left, node.right]
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        if any(is_duration(read_name(side)) for side in sides) and any(map(holds_number, sides)):
            yield node.lineno, ast.unparse(node)


def is_duration(target: str) -> bool:
    return target.lower().endswith("_s") and not target.lower().endswith("_per_s")


def read_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def holds_number(node: ast.expr) -> bool:
    """Whether a number is written here; 0 is no duration."""
    if isinstance(node, ast.BinOp):
        return holds_number(node.left) or holds_number(node.right)
    if isinstance(node, ast.Tuple):
        return any(map(holds_number, node.elts))
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value != 0


def find_bindings(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Every name that is given a value: assigned, as a parameter's default, or as an argument of a call."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Assign):
            yield from ((read_name(target), node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield read_name(node.target), node.value
        elif isinstance(node, ast.Call):
            yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)
        elif isinstance(node, Function):
            yield from find_defaults(node)


def find_defaults(function: Function) -> Iterator[tuple[str, ast.expr]]:
    arguments = function.args
    given = list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    last = [*arguments.posonlyargs, *arguments.args][::-1]
    given += zip(last, arguments.defaults[::-1], strict=False)
    return ((argument.arg, value) for argument, value in given if value is not None)


def test_a_params_default_is_declared_once() -> None:
    assert collect(find_param_defaults, [path for path in PACKAGE_FILES if path != PARAMS]) == []


def find_param_defaults(path: Path) -> Found:
    """Where a field or parameter of a param's name has a default: None, false and empty only say that it is absent."""
    for node in ast.walk(parse(path)):
        found: list[tuple[str, ast.expr]] = []
        if isinstance(node, Function):
            found = list(find_defaults(node))
        elif isinstance(node, ast.ClassDef):
            fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
            found = [(read_name(field.target), field.value) for field in fields if field.value is not None]
        for param, value in found:
            is_choice = is_member(value) or (isinstance(value, ast.Constant) and bool(value.value))
            if param in PARAM_NAMES and is_choice:
                yield value.lineno, param


def test_every_private_name_that_a_test_imports_or_patches_has_its_reason_beside_it() -> None:
    """Of private members ruff sees to it: ``# noqa: SLF001  the reason``."""
    assert collect(find_private_names, TESTS) == []


def find_private_names(path: Path) -> Found:
    comments = read_comments(path)
    for node in ast.walk(parse(path)):
        names: list[tuple[int, str]] = []
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("oduyo_provider", "sandbox", "bench")):
            names = [(alias.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.Call) and read_name(node.func) == "setattr":
            names = [(text.lineno, str(text.value)) for text in node.args[:2] if isinstance(text, ast.Constant)]
        for line, name in names:
            if name.rpartition(".")[2].startswith("_") and not remove_codes(comments.get(line, "")):
                yield line, name


def test_every_lint_rule_that_is_switched_off_has_its_reason_beside_it() -> None:
    assert collect(find_bare_exceptions, [*CODE, *TESTS]) == []


def find_bare_exceptions(path: Path) -> Found:
    for line, comment in read_comments(path).items():
        if re.match(r"#\s*noqa", comment) and not remove_codes(comment):
            yield line, comment


@cache
def read_comments(path: Path) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def remove_codes(comment: str) -> str:
    """A comment without what it tells a linter."""
    return re.sub(r"#\s*(noqa(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)?)?", "", comment).strip()


def test_a_unit_tests_file_is_named_after_a_module() -> None:
    """``test_plan.py`` tests ``plan.py`` of the same folder; ``test_plan_properties.py`` does so at length."""
    unit, strays = ROOT / "tests" / "unit", []
    for path in find_files("tests/unit"):
        module = path.stem.removeprefix("test_").removesuffix("_properties")
        tested = path.relative_to(unit).parent / f"{module}.py"
        is_module = any((root / tested).is_file() for root in (PACKAGE, ROOT / "tests"))
        if path.stem.startswith("test_") and not is_module:
            strays.append(path.relative_to(unit).as_posix())
    assert strays == []


#: Written apart, so that this file does not hold what it looks for.
FORBIDDEN = re.compile(
    r"files\.python" + r"hosted\.org|pypi\." + r"org|registry\.npm" + r"js\.org"
    r"|(?<![\w.])/work" + r"/(main|shared)\b|/tm" + r"p/(plan|try)\b|(?<![\w.])/(root|home/\w+)" + r"/\."
)  # fmt: skip


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git says which files are ours")
def test_no_tracked_file_names_a_registry_host_or_a_path_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]
    assert [path for path in files if FORBIDDEN.search(path.read_bytes().decode("utf-8", errors="replace"))] == []


@pytest.mark.parametrize(
    ("find", "breaks", "keeps"),
    [
        (find_long_files, "\n" * 251, "\n" * 250),
        (find_long_functions, "def f():\n" + "    f()\n" * 40, "def f():\n" + "    f()\n" * 39),
        (find_aliases, "_DONE = Outcome.DONE", "DONE = outcome.done"),
        (find_aliases, "A, B = Outcome.DONE, Outcome.STALE", "A = (Outcome.DONE, Outcome.STALE)"),
        (find_durations, "WAIT_S = 5.0", "WAIT_S = OTHER_S\nCALLS_PER_S = 5"),
        (find_durations, "def f(wait_s: float = 2 * 60.0): ...", "def f(wait_s: float = WAIT_S): ..."),
        (find_durations, "f(timeout_s=3)", "f(timeout_s=0)"),
        (find_durations, "late = age_s > 30", "late = age_s > LIMIT_S"),
        (find_durations, "self._wait_s = 0.5", "self._wait_s = wait_s"),
        (find_param_defaults, "def f(a, on_missing='keep'): ...", "def f(a='keep', on_missing=None): ..."),
        (find_param_defaults, "class A:\n    max_text_length: int = 255", "class A:\n    dry_run: bool = False"),
        (find_param_defaults, "def f(*, sync_mode=SyncMode.UPSERT): ...", "def f(sync_mode=DEFAULTS.sync_mode): ..."),
        (find_private_names, "from oduyo_provider.a import _b", "from oduyo_provider.a import _b  # no other way"),
        (find_private_names, "m.setattr(lease, '_EVERY_S', 0)", "m.setattr(lease, 'EVERY_S', 0)"),
        (find_private_names, "m.setattr('oduyo_provider.a._B', 0)", "m.setattr('oduyo_provider.a.B', 0)"),
        (find_bare_exceptions, "import a  # noqa: F401, E402", "import a  # noqa: F401  others import it from here"),
    ],
)  # fmt: skip
def test_the_rules_see_what_breaks_them(find: Callable[[Path], Found], breaks: str, keeps: str, tmp_path: Path) -> None:
    for name, text in (("breaks", breaks), ("keeps", keeps)):
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        assert bool(list(find(path))) is (name == "breaks")
