#!/usr/bin/env bash
# Runs docker-compose.yml for real, wherever a Docker engine with Compose 2.24 or newer runs; needs nothing else.
#
#   tests/system/compose.sh        everything, in a project of its own that is removed at the end
#   KEEP=1 tests/system/compose.sh leaves it up afterwards
#
# 1  --profile demo comes up; one trigger; the run succeeds in a worker.
# 2  Two workers. The one that loads is killed in the middle: the run still ends, and each row is in Ödüyo once.
# 3  The one that loads is stopped in the middle: it ends its load first.
# 4  A further run finds nothing to do.
# 5  A trial beside a real connection is refused; down leaves nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Whatever the caller's shell carries must not reach the containers, least of all a connection to a real Ödüyo.
while IFS= read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(AIRFLOW|ODUYO|ERP_|COMPOSE_|DEMO_|WORKER_|EXTRA_|POSTGRES_|REDIS_|FERNET_|JWT_|API_|ADMIN_)' || true)
export COMPOSE_PROJECT_NAME=oduyo-test-$$ COMPOSE_PROFILES=demo
export ODUYO_IMAGE=airflow-provider-oduyo:test
export AIRFLOW_PORT=0 DEMO_PORT=0 # whatever is free; this script asks inside the network

folder=$(mktemp -d)
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
fail() { say "FAILED: $*"; exit 1; }
compose() { docker compose --env-file "$folder/env" -f docker-compose.yml -f "$folder/quick.yml" "$@"; }

finish() {
    local code=$?
    trap - EXIT INT TERM
    if [[ -n ${KEEP:-} ]]; then
        say "left up: project $COMPOSE_PROJECT_NAME, its settings in $folder"
        exit "$code"
    fi
    if ((code)); then compose ps -a && compose logs --no-color --tail 40 || true; fi
    compose kill >/dev/null 2>&1 || true
    compose down --volumes --remove-orphans >/dev/null 2>&1 || code=1
    rm -rf "$folder"
    say "ended with $code"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

docker/make-env.sh "$folder/env" >/dev/null
# A killed worker is noticed after 30 s; in production after Airflow's default of 5 minutes.
cat >"$folder/quick.yml" <<'YAML'
x-quick: &quick
  environment:
    AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT: "30"
services:
  airflow-scheduler: *quick
  airflow-worker: *quick
YAML

# The client runs inside the network, with the Python that is there.
read -r -d '' client <<'PYTHON' || true
import json, os, sys, urllib.request
from collections import Counter
from urllib.parse import quote

DAG = "http://airflow-api-server:8080/api/v2/dags/oduyo_special_codes"
ODUYO = "http://demo-oduyo:8600/_sandbox"

def call(method, url, body=None, token=""):
    headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + token} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=60) as answer:
        return json.loads(answer.read() or b"null")

def airflow(method, path="", body=None):
    account = {"username": "admin", "password": os.environ["ADMIN_PASSWORD"]}
    token = call("POST", "http://airflow-api-server:8080/auth/token", account)["access_token"]
    return call(method, DAG + path, body, token)

def trigger():
    return airflow("POST", "/dagRuns", {"logical_date": None})["dag_run_id"]

def state(run):
    return airflow("GET", f"/dagRuns/{quote(run)}")["state"]

def figures(run, *names):
    report = airflow("GET", f"/dagRuns/{quote(run)}/taskInstances/report/xcomEntries/return_value?deserialize=true")["value"]
    return *(f"{name}={report[name]}" for name in names),

def tasks(run):
    found = airflow("GET", f"/dagRuns/{quote(run)}/taskInstances?limit=100")["task_instances"]
    return *(f"{t['task_id']} {t['state']} try {t['try_number']} on {t['hostname']}" for t in found),

def field(run, task, name):
    found = airflow("GET", f"/dagRuns/{quote(run)}/taskInstances?limit=100")["task_instances"]
    return *(t[name] for t in found if t["task_id"] == task),

def dag():
    return airflow("GET")["dag_id"]

def slow(latency_s):
    return call("POST", ODUYO + "/readings", {"latency_s": float(latency_s)})["latency_s"]

def held():
    return len(call("GET", ODUYO + "/records"))

def twice():
    keys = Counter(record["integration_id"] for record in call("GET", ODUYO + "/records"))
    return sum(count - 1 for count in keys.values())

def wrong(first, last):
    """Rows of the generated ones that are not in Ödüyo exactly once and as the ERP has them."""
    found = Counter((r["integration_id"], r["code"], r["description"]) for r in call("GET", ODUYO + "/records"))
    return sum(found[str(n), f"KOD.{n}", f"Şube {n}"] != 1 for n in range(int(first), int(last) + 1))

def creates():
    return call("GET", ODUYO + "/log?call=login")["counters"]["create"]

made = globals()[sys.argv[1]](*sys.argv[2:])
print(*made if isinstance(made, tuple) else (made,), sep="\n")
PYTHON
password=$(sed -n 's/^ADMIN_PASSWORD=//p' "$folder/env")
ask() { ADMIN_PASSWORD=$password compose exec -T -e ADMIN_PASSWORD airflow-api-server python -c "$client" "$@"; }

wait_for() { # wait_for SECONDS WHAT COMMAND... until it succeeds
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < until)) || fail "$what: not within its time"
        sleep 1
    done
}
has_ended() { case $(ask state "$1") in success | failed) ;; *) return 1 ;; esac; }
holds() { (($(ask held) >= $1)); }
are_online() { compose exec -T airflow-worker celery --app airflow.providers.celery.executors.celery_executor.app \
    inspect ping | grep -q "^$1 nodes\? online"; }
end_well() { # end_well RUN SECONDS
    wait_for "$2" "the run $1" has_ended "$1"
    ask tasks "$1"
    [[ $(ask state "$1") == success ]] || fail "the run $1 ended as $(ask state "$1")"
}
expect() { # expect WHAT WANTED FOUND
    [[ $3 == "$2" ]] || fail "$1: $3 instead of $2"
    say "  $1: $3"
}
add_rows() { # add_rows FIRST LAST: new codes in the ERP
    compose exec -T demo-erp psql -q -v ON_ERROR_STOP=1 -U erp erp <<SQL
INSERT INTO erp.sis_ozelkod (_key, _level1, _level2, turkodu, kod, aciklama, durum, _cdate, _date)
SELECT n, 21, 1, 'HK1', 'KOD.' || n, 'Şube ' || n, 'A', now(), now() FROM generate_series($1, $2) AS n;
SQL
}

say "1  build and up, in the project $COMPOSE_PROJECT_NAME"
compose up -d --build --quiet-pull >"$folder/up.log" 2>&1 || { tail -n 40 "$folder/up.log"; fail "up"; }
wait_for 300 "the DAG" ask dag
run=$(ask trigger)
end_well "$run" 600
before=$(ask held)
expect "records held twice" 0 "$(ask twice)"
workers=$(compose ps -q airflow-worker | cut -c1-12)
expect "the load's machine is the worker" "$workers" "$(ask field "$run" load hostname)"
say "  $(ask figures "$run" extracted created rejected | tr '\n' ' ')"
((before > 3000)) || fail "only $before records"

say "2  two workers, and one is killed in the middle of a load"
compose up -d --no-recreate --scale airflow-worker=2 >>"$folder/up.log" 2>&1
wait_for 300 "two workers" are_online 2
add_rows 900000001 900003000
ask slow 0.05 >/dev/null # 8 requests at once: some 20 s for the load
run=$(ask trigger)
wait_for 300 "the load" holds $((before + 500))
victim=$(ask field "$run" load hostname)
docker kill "$victim" >/dev/null
say "  killed $victim, as Ödüyo held $(($(ask held) - before)) of 3000 new rows"
(($(ask held) < before + 3000)) || fail "the load was over before its worker was killed"
ask slow 0 >/dev/null
end_well "$run" 900
expect "tries of the load" 2 "$(ask field "$run" load try_number)"
[[ $(ask field "$run" load hostname) != "$victim" ]] || fail "the load ended on the killed worker"
expect "new rows that are not there exactly once and right" 0 "$(ask wrong 900000001 900003000)"
expect "records held twice" 0 "$(ask twice)"
expect "records" $((before + 3000)) "$(ask held)"
say "  $(ask figures "$run" extracted created unchanged rejected | tr '\n' ' ')create was called $(ask creates) times"

say "3  the worker that loads is stopped in the middle: it ends its load first"
compose up -d --no-recreate --scale airflow-worker=2 >>"$folder/up.log" 2>&1
wait_for 300 "two workers" are_online 2
add_rows 900003001 900006000
ask slow 0.05 >/dev/null
run=$(ask trigger)
wait_for 300 "the load" holds $((before + 3500))
stopped=$(ask field "$run" load hostname)
grace_s=$(docker inspect --format '{{.Config.StopTimeout}}' "$stopped")
docker stop "$stopped" >/dev/null # with the stop_grace_period of the Compose file
say "  stopped $stopped (it had $grace_s s); Ödüyo holds $(($(ask held) - before - 3000)) of 3000 new rows"
ask slow 0 >/dev/null
end_well "$run" 600
expect "tries of the load" 1 "$(ask field "$run" load try_number)"
expect "the load's machine is the stopped one" "$stopped" "$(ask field "$run" load hostname)"
expect "new rows that are not there exactly once and right" 0 "$(ask wrong 900003001 900006000)"

say "4  a further run finds nothing to do"
run=$(ask trigger)
end_well "$run" 600
expect "figures" "created=0 updated=0 failed=0 doubtful=0 stale=0 remote_duplicates=0" \
    "$(ask figures "$run" created updated failed doubtful stale remote_duplicates | xargs)"

say "5  a trial beside a real connection is refused"
if AIRFLOW_CONN_ODUYO_DEFAULT='{"conn_type": "oduyo", "host": "https://real.example"}' \
    compose run --rm --no-deps demo-setup >"$folder/refused.log" 2>&1; then fail "the trial was not refused"; fi
grep -q 'would mix demo data with real data' "$folder/refused.log" || { cat "$folder/refused.log"; fail "another reason"; }
if [[ -z ${KEEP:-} ]]; then
    compose down --volumes >>"$folder/up.log" 2>&1
    expect "containers and volumes left" 0 "$(docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" |
        cat - <(docker volume ls -q --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME") | wc -l)"
fi
say "all is well"
