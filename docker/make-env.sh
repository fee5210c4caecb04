#!/bin/sh
# Writes .env from .env.example, with random secrets. An .env that is there is left alone.
#   docker/make-env.sh [FILE]
set -eu
umask 077
here=$(cd "$(dirname "$0")/.." && pwd)
file=${1:-$here/.env}

if [ -e "$file" ]; then
    echo "$file is there already and was left as it is. To make a new one, move it away; a running Airflow needs the old one," \
        "as its database and its stored connections are locked with these secrets." >&2
    exit 1
fi

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
# 32 bytes in URL-safe base64, which is what Fernet takes.
random_fernet_key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }

sed -e "s|^POSTGRES_PASSWORD=\$|&$(random_hex 24)|" \
    -e "s|^REDIS_PASSWORD=\$|&$(random_hex 24)|" \
    -e "s|^FERNET_KEY=\$|&$(random_fernet_key)|" \
    -e "s|^JWT_SECRET=\$|&$(random_hex 48)|" \
    -e "s|^API_SECRET_KEY=\$|&$(random_hex 32)|" \
    -e "s|^ADMIN_PASSWORD=\$|&$(random_hex 12)|" \
    "$here/.env.example" >"$file.part"
mv "$file.part" "$file"
echo "Wrote $file with new secrets. Airflow's user is admin, the password is ADMIN_PASSWORD there."
