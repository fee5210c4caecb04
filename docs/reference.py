# ruff: noqa: INP001  a script, no package
"""Makes the reference pages, ``docs/reference/``, from the declarations in the code: ``make docs``.

A test holds that making them again changes nothing.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from oduyo_provider.core import brakes, errors, figures, reasons, release, report
from oduyo_provider.core.field_labels import label_field
from oduyo_provider.core.params import PARAMS
from oduyo_provider.core.record import MOMENTS, Resource
from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.core.variables import VARIABLES
from oduyo_provider.provider_info import get_provider_info

FOLDER = Path(__file__).resolve().parent / "reference"
NOTE = "<!-- Made by `make docs`. Change the code that it is made from, not this page. -->"


def make_connection() -> str:
    """The fields of the connection and its extras, as the form declares them."""
    (kind,) = get_provider_info()["connection-types"]
    behaviour = kind["ui-field-behaviour"]
    fields = [
        (f"`{name}`", behaviour["relabeling"].get(name, name.capitalize()), text)
        for name, text in behaviour["placeholders"].items()
    ]
    extras = [
        (f"`{name}`", field["label"], describe_schema(field["schema"]), field["description"])
        for name, field in kind["conn-fields"].items()
    ]
    return join(
        "# Connection",
        f"The connection type is `{kind['connection-type']}`. Its fields:",
        table(("field", "in the form", "example"), fields),
        "Its extras, as JSON in `extra`:",
        table(("extra", "in the form", "takes", "what it does"), extras),
    )


def describe_schema(schema: dict[str, Any]) -> str:
    """What a value may be, and its default."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
    parts = [" or ".join(words[kind] for kind in types if kind != "null")]
    for bound, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to")):
        if bound in schema:
            parts.append(f"{word} {schema[bound]}")
    default = f"; default `{json.dumps(schema['default'])}`" if "default" in schema else ""
    return " ".join(parts) + default


def make_errors() -> str:
    """Every error, by what its reader does next."""
    kinds = ((errors.StopError, "the task fails at once"), (errors.RetryError, "Airflow tries the task again"))
    sections = [
        part
        for kind, then in kinds
        for part in (
            f"## {kind.__name__}: {then}",
            first_paragraph(kind),
            table(
                ("error", "when"), [(f"`{error.__name__}`", first_paragraph(error)) for error in kind.__subclasses__()]
            ),
        )
    ]
    return join("# Errors", first_paragraph(errors), *sections)


def make_resources() -> str:
    """Each resource with its fields, and what is known of it."""
    sections = [part for resource in RESOURCES for part in describe_resource(resource)]
    return join(
        "# Resources",
        "What each kind of record is made of. A query aliases its columns to these names. A field that is marked as perhaps "
        "Ödüyo's may be changed by Ödüyo itself: select it only where your ERP is its master.",
        *sections,
    )


def describe_resource(resource: Resource) -> tuple[str, ...]:
    """A resource's section."""
    status = "`status` has no word for passive: `deactivate` is not possible."
    if resource.passive:
        status = f"`status` is `{resource.active}` in use, `{resource.passive}` when passive."
    rows = []
    for field in resource.fields:
        kind = "datetime" if field.kind in MOMENTS else field.kind.value
        marks = (kind, "yes" * field.required, "perhaps" * field.is_shared)
        rows.append((f"`{field.name}`", label_field(resource, field.name), *marks))
    return (
        f"## `{resource.plural}`",
        f"Calls: `/api/v1/{resource.path}/create`, `update`, `delete`, `list`. {status} People tell records apart by "
        f"{' and '.join(f'`{name}`' for name in resource.natural_key)}.",
        table(("field", "on the page", "read as", "required", "Ödüyo's"), rows),
    )


def make_params() -> str:
    """Every param of a run."""
    for_one_run = " and ".join(f"`{param.name}`" for param in PARAMS if param.is_for_one_run)
    rows = [
        (
            f"`{param.name}`",
            f"`{json.dumps(param.default)}`",
            param.title,
            param.description,
            param.takes
            if not param.choices
            else "; ".join(f"`{value}`: {words}" for value, words in param.choices.items()),
            "" if param.is_dag_only else "yes",
        )
        for param in (declared.translated() for declared in PARAMS)
    ]
    return join(
        "# Params",
        "What a run is asked to do: in the form that opens at Trigger, for all runs in `ODUYO_PARAMS` (JSON), or as arguments of "
        f"an operator with `rows`. {for_one_run} is for one run that somebody has looked at: it cannot stand in `ODUYO_PARAMS`.",
        table(("param", "default", "in the form", "what it does", "takes", "operator"), rows),
    )


def make_environment() -> str:
    """The environment variables."""
    lines = [(f"`{name}`", text, default or "–") for name, text, default in VARIABLES]
    return join(
        "# Environment variables",
        "All are optional. Set them the same on every machine that parses DAGs or runs tasks, where the service starts, and "
        "restart it: a variable that is exported in a shell does not reach a process that runs already.",
        table(("variable", "what it sets", "default"), lines),
    )


def make_report() -> str:
    """The report's figures."""
    sums = [f"- `{whole}` = `{' + '.join(parts)}`" for whole, parts in report.SUMS.items()]
    return join(
        "# The report of a run",
        "In the log and the XCom of `report`, and in `report.json` of the run's folder in staging.",
        table(("figure", "what it counts"), [(f"`{name}`", text) for name, text in figures.FIGURES.items()]),
        "It adds up:\n\n" + "\n".join(sums),
        f"A run is red when one of these is not 0: {', '.join(f'`{name}`' for name in report.UNDONE)}; when new rejected and "
        f"new refused rows are above {brakes.FLOOR} and `max_rejected_percent`, or half of at least {brakes.HALF_OF}; and when a step failed or stopped.",
    )


def make_brakes() -> str:
    """The brakes."""
    rows = [
        (f"`{brake.name}`", "load, on the first change of its kind" if brake.is_canary else "guard", brake.help)
        for brake in release.BRAKES
    ]
    return join(
        "# Brakes",
        f"Where a percentage is named, a count trips above {brakes.FLOOR} and above that percentage; 0 allows none, 100 any. `rejected`, "
        f"`retired`, `retired_pair` and `retired_week` also trip above half of a whole of at least {brakes.HALF_OF}, at any percentage; "
        f"`look_alikes` above {brakes.FLOOR} or above such a half; the others at any count. Each message says what to `release`.",
        table(("brake", "trips in", "on"), rows),
        'Release a brake for one run by its name, up to a count if you like: `["retired:149"]`.',
    )


def make_reasons() -> str:
    """Why rows are rejected or warned of."""
    return join(
        "# Reasons",
        "Why a row is rejected. All reasons of a row stand together in `quarantine.jsonl`.",
        table(("reason", "what is wrong"), [(f"`{code}`", text) for code, text in reasons.REJECTIONS.items()]),
        "These are only said; the row is sent all the same:",
        table(("warning", "what is odd"), [(f"`{code}`", text) for code, text in reasons.WARNINGS.items()]),
    )


def make_layers() -> str:
    """Who may import whom, from the contracts that `make lint` checks."""
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    project = toml.loads((FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return join(
        "# Layers",
        "Who stands above may import who stands below. `a | b`: neither imports the other. `a : b`: either may import the other, "
        "but not in a circle. `(a)` need not exist.",
        *(part for contract in contracts for part in (f"## {contract['name']}", describe_contract(contract))),
    )


def describe_contract(contract: dict[str, Any]) -> str:
    """What a contract says."""
    if contract["type"] == "layers":
        return f"Within `{contract['containers'][0]}`:\n\n```\n" + "\n".join(contract["layers"]) + "\n```"
    if contract["type"] == "forbidden":
        sources, others = (", ".join(contract[f"{name}_modules"]) for name in ("source", "forbidden"))
        return f"`{sources}` may not import `{others}`."
    return f"Within `{', '.join(contract['ancestors'])}`."


#: Name of the page → what makes it.
PAGES: dict[str, Callable[[], str]] = {
    "report": make_report,
    "reasons": make_reasons,
    "environment": make_environment,
    "brakes": make_brakes,
    "connection": make_connection,
    "errors": make_errors,
    "layers": make_layers,
    "params": make_params,
    "resources": make_resources,
}


def first_paragraph(thing: object) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def join(*parts: str) -> str:
    """Paragraphs, below the note that says where the page comes from."""
    title, *rest = parts
    return "\n\n".join([title, NOTE, *rest]) + "\n"


def main() -> int:
    """Write every page; pages that nothing makes any more are removed."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.stem not in PAGES:
            path.unlink()
    for name, make in PAGES.items():
        (FOLDER / f"{name}.md").write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
