"""docker-compose.yml hands over what the program reads, and .env.example names what Compose asks for."""

from __future__ import annotations

import json
import re
import shlex

import yaml

from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.core.variables import PARAMS, SCHEDULE
from tests.conftest import ROOT
from tests.wiring import pages

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
AIRFLOW = [name for name, service in SERVICES.items() if name.startswith("airflow-") and name != "airflow-init"]


def test_every_variable_that_the_program_reads_reaches_every_airflow_service() -> None:
    used = {text for text in pages.texts("plugins", "dags") if re.fullmatch("(?:ODUYO|ERP)_[A-Z_]+", text)}
    assert len(AIRFLOW) == 5
    for name in AIRFLOW:
        assert used - set(SERVICES[name]["environment"]) == set(), name


def test_every_resource_s_schedule_and_params_reach_every_airflow_service() -> None:
    asked = {variable.of(kind.plural).name for variable in (SCHEDULE, PARAMS) for kind in RESOURCES[1:]}
    for name in AIRFLOW:
        passed = SERVICES[name]["environment"]
        assert {variable for variable in passed if re.match("ODUYO_(SCHEDULE|PARAMS)_", variable)} == asked
        assert {passed[variable] for variable in asked} == {None}, "none is set where nobody sets it"


def test_every_variable_that_compose_reads_is_explained_in_the_example() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE))
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert asked - named == set()


def test_no_secret_has_a_default_and_nothing_starts_without() -> None:
    empty = set(re.findall(r"^([A-Z_]*(?:PASSWORD|KEY|SECRET))=$", EXAMPLE, re.MULTILINE))
    assert empty == {
        "POSTGRES_PASSWORD",
        "REDIS_PASSWORD",
        "FERNET_KEY",
        "JWT_SECRET",
        "API_SECRET_KEY",
        "ADMIN_PASSWORD",
    }
    for name in empty:
        assert re.search(rf"\$\{{{name}:\?", COMPOSE), name
        assert not re.search(rf"\$\{{{name}:?-", COMPOSE), name


def test_the_values_of_the_example_that_are_json_can_be_read() -> None:
    for line in re.findall(r"^# ([A-Z_]+='\{.*\}')$", EXAMPLE, re.MULTILINE):
        (pair,) = shlex.split(line)
        assert json.loads(pair.partition("=")[2]), line


def test_images_are_pinned_and_nobody_is_root_or_unhealthy_unseen() -> None:
    for name, service in SERVICES.items():
        assert re.search(r":(?!latest$)[^/:]+\}?$", service["image"]), name
        if name not in ("airflow-init", "demo-setup"):  # which end by themselves
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name
        if "airflow" in service["image"]:
            assert service["user"].split(":")[0] not in ("", "0"), name
        assert service["deploy"]["resources"]["limits"]["memory"], name
