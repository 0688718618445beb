#!/usr/bin/env bash
# The five rows of unsigned mail over SMTP. A run ends when the last message is visible over IMAP. RUNS=3 of each; quote the median.
#   bench/rows.sh              the house that runs here (npm start)
#   PEER=12525,12143,G1,G2 bench/rows.sh   in turn with another server: its SMTP and IMAP ports and its cpuacct groups, as root
#   DRIVER=PROGRAM ...         the load by that program instead of Node: it takes less of the cores (see README.md)
# Makes the domain bench.test with 100 mailboxes and leaves it: npx posthouse domain rm bench.test --cascade
# The peer must have user0 .. user99@bench.test with the password "secret".
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH # Node 24, whatever the system has
runs=${RUNS:-3}
status() { npx posthouse status --json; }
field() { node -e 'const at = process.argv[1].split("."); let value = JSON.parse(require("fs").readFileSync(0, "utf8")); for (const name of at) value = value?.[name]; console.log(value ?? "")' "$1"; }

now=$(status)
pid=$(field pid <<<"$now")
smtp=$(field listeners.smtp <<<"$now")
imap=$(field listeners.imap <<<"$now")
[ -n "$pid" ] || { echo 'no house runs here: npm start' >&2; exit 1; }

if ! npx posthouse domain show bench.test >/dev/null 2>&1; then
  list=$(mktemp)
  trap 'rm -f "$list"' EXIT
  { echo address,password,quota; for n in $(seq 0 99); do echo "user$n@bench.test,secret,"; done; } >"$list"
  npx posthouse domain add bench.test >/dev/null
  npx posthouse mailbox import "$list"
fi

load() { node --conditions=source bench/smtp-load.ts ${DRIVER:+"driver=$DRIVER"} "$@"; }
row() { # row NAME key=value...
  echo "$1"
  shift
  for _ in $(seq "$runs"); do
    load port="$smtp" imap="$imap" pid="$pid" "$@"
    [ -z "${PEER:-}" ] || { IFS=, read -r port inboxes groups <<<"$PEER"; echo "  peer: $(load port="$port" imap="$inboxes" groups="$groups" "$@")"; }
  done
}

date -u '+%Y-%m-%d %H:%M UTC'
node -e 'const os = require("os"); console.log(os.cpus().length + " x " + os.cpus()[0].model.trim() + ", " + os.type() + " " + os.release())'
row '4 KiB, 50 sessions x 100 messages' total=5000 per=100 conns=50 size=4096
row '4 KiB, 10 sessions' total=3000 per=100 conns=10 size=4096
row '4 KiB, 1 session' total=1000 per=1000 conns=1 size=4096
row '4 KiB, one message per connection, 10 sessions' total=1000 per=1 conns=10 size=4096
row '64 KiB, 50 sessions' total=2000 per=40 conns=50 size=65536
