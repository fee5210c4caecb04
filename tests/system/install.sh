#!/usr/bin/env bash
# Asks pip what the documented command would do to an Airflow that is there already: nothing but add packages. Needs uv.
#
#   tests/system/install.sh WHEEL
#
# Airflow's published constraints hold the versions of its day, of Airflow and of all its providers. They are made here in
# that way from the package index alone, which also serves machines that reach nothing else.
set -euo pipefail
wheel=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export UV_PYTHON_DOWNLOADS=never PYTHONDONTWRITEBYTECODE=1 PYTHONPATH= PIP_DISABLE_PIP_VERSION_CHECK=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
result=0

# Version of Airflow, and a day on which it was the newest.
for pair in ${AIRFLOWS:-3.2.1/2026-04-25 3.3.2/2026-10-15}; do
    version=${pair%/*} day=${pair#*/}
    there="$folder/$version" constraints="$folder/$version.txt"
    uv venv --quiet --seed --python "${PYTHON:-python3}" "$there"
    # What the provider names, without its bounds: whether these fit is what is asked.
    sed -n '/^dependencies = \[/,/^\]/s/^  "\([A-Za-z0-9-]*\)[^"]*",$/\1/p' pyproject.toml >"$folder/named.txt"
    grep -qx aiohttp "$folder/named.txt"
    uv pip compile --quiet --python "$there/bin/python" --exclude-newer "$day" --no-annotate --no-header \
        "$folder/named.txt" --constraint <(echo "apache-airflow==$version") --output-file "$constraints"
    uv pip install --quiet --python "$there/bin/python" --constraint "$constraints" "apache-airflow==$version"
    "$there/bin/python" -m pip list --format=freeze | sort >"$folder/before.txt"
    "$there/bin/python" -m pip install --quiet --dry-run --report "$folder/report.json" \
        "$wheel" "apache-airflow==$version" --constraint "$constraints"
    if ! "$there/bin/python" - "$folder/before.txt" "$folder/report.json" "$version" <<'END'; then result=1; fi
import json, re, sys

before = dict(line.strip().split("==") for line in open(sys.argv[1]))
there = {re.sub("[-_.]+", "-", name).lower(): version for name, version in before.items()}
would = {
    re.sub("[-_.]+", "-", item["metadata"]["name"]).lower(): item["metadata"]["version"]
    for item in json.load(open(sys.argv[2]))["install"]
}
changed = [f"{name} {there[name]} -> {version}" for name, version in would.items() if name in there]
assert "airflow-provider-oduyo" in would, would
print(f"Airflow {sys.argv[3]}: {len(there)} packages, {len(would)} would come, {len(changed)} would change", *changed)
sys.exit(bool(changed))
END
done
exit "$result"
