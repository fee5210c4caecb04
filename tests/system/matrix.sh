#!/usr/bin/env bash
# Installs the wheel as an integrator does, on each supported Python that is there, once with the oldest versions that
# pyproject.toml allows of what the package names, once with the newest, and runs tests against it. Needs uv.
#
#   tests/system/matrix.sh WHEEL
#   PYTHONS="3.12" VERSIONS="oldest" tests/system/matrix.sh WHEEL    some of it
#
# The tests and the sandbox are those of this checkout; oduyo_provider is the wheel's.
set -euo pipefail
wheel=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export UV_PYTHON_DOWNLOADS=never PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=
# Rules and wire, the DAG on a real PostgreSQL, connection and plugin: what depends on what is installed.
tests=(tests/unit tests/wiring/test_hook.py tests/wiring/test_plugin.py tests/wiring/test_dag.py tests/wiring/test_approval.py
    tests/integration/dag tests/integration/erp tests/integration/page
    --ignore=tests/integration/page/test_object_store.py) # an object store's client pins versions of its own
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Airflow is installed with the versions of its day, which its constraints file lists: with later ones old releases break.
# So "oldest" takes for all that pyproject.toml does not name what there was when the oldest Airflow had come out.
oldest_day=2026-04-20
result=0

for python in ${PYTHONS:-3.10 3.11 3.12 3.13}; do
    if ! uv python find "$python" >/dev/null 2>&1; then
        echo "$python           SKIPPED: there is no such Python"
        continue
    fi
    for versions in ${VERSIONS:-oldest newest}; do
        name="$python-$versions"
        resolve=(--resolution highest) warnings=()
        if [[ $versions == oldest ]]; then
            resolve=(--resolution lowest-direct --exclude-newer "$oldest_day")
            warnings=(-W default) # of packages that do not fit each other to the day
        fi
        log="$folder/$name.log"
        if uv venv --quiet --python "$python" "$folder/$name" >"$log" 2>&1 &&
            uv pip compile --quiet --python "$folder/$name/bin/python" "${resolve[@]}" --no-annotate --no-header \
                pyproject.toml -o "$folder/$name.txt" >>"$log" 2>&1 &&
            uv pip install --quiet --python "$folder/$name/bin/python" --constraint "$folder/$name.txt" "$wheel" \
                --group sandbox --group test >>"$log" 2>&1 &&
            "$folder/$name/bin/python" -m pytest -q -n 2 --dist loadfile "${warnings[@]}" "${tests[@]}" >>"$log" 2>&1; then
            outcome=$(grep -E ' passed.* in ' "$log" | tail -n 1) # Airflow logs after pytest's last line
        else
            outcome="FAILED"
            result=1
        fi
        airflow=$(sed -n 's/^apache-airflow==//p' "$folder/$name.txt")
        printf '%-6s %-7s Airflow %-7s %s\n' "$python" "$versions" "${airflow:-?}" "$outcome"
        [[ $outcome != FAILED ]] || { grep -E "^(FAILED|ERROR|E  )|error" "$log" | head -n 30 || true; tail -n 15 "$log"; }
        rm -rf "${folder:?}/$name"
    done
done
exit "$result"
