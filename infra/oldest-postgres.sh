#!/usr/bin/env bash
# Runs the store's tests on the oldest PostgreSQL that is supported, as Debian packages it. Prints why and exits 3 where it is not installed.
set -euo pipefail
cd "$(dirname "$0")/.."
version=15
bin=/usr/lib/postgresql/$version/bin
[ -x "$bin/initdb" ] || { echo "PostgreSQL $version is not installed (Debian: postgresql-$version): its tests are skipped"; exit 3; }

folder=$(mktemp -d -p "$(node infra/scratch.ts)")
password=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
(umask 077; echo "$password" >"$folder/password")
as=() # the server refuses to run as root
if [ "$(id -u)" = 0 ]; then
  chown -R postgres "$folder"
  as=(runuser -u postgres --)
fi
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
finish() {
  "${as[@]}" "$bin/pg_ctl" -D "$folder/cluster" -m immediate -s stop || true
  rm -rf "$folder"
}
trap finish EXIT

"${as[@]}" "$bin/initdb" -D "$folder/cluster" -U posthouse --auth=scram-sha-256 --encoding=UTF8 --locale=C \
  --pwfile="$folder/password" >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$folder/cluster" -l "$folder/log" -w -s start \
  -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c max_connections=200 -c fsync=off" \
  || { cat "$folder/log"; exit 1; }
# The list of plans that grow is exact, and of the server that ships: this planner chooses others.
echo "PostgreSQL $version: plans are not judged here (libs/store/src/plans)"
POSTHOUSE_TEST_DATABASE_URL="postgres://posthouse:$password@127.0.0.1:$port/postgres" \
  vitest run --project store --exclude 'libs/store/src/plans/**'
