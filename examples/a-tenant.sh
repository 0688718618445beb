#!/usr/bin/env bash
# A customer from nothing, and away again. The house runs: npm start. Run it from anywhere.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
posthouse() { npx posthouse --tenant bakery "$@"; }

posthouse tenant add bakery
posthouse domain add bakery.test --separators +
posthouse mailbox import "$here/mailboxes.csv"
printf 'rye-and-spelt' | posthouse mailbox add owner@bakery.test --quota 2g --password-stdin

posthouse alias add postmaster@bakery.test owner@bakery.test
posthouse alias add orders@bakery.test anna@bakery.test ben@bakery.test
posthouse alias add news-default@bakery.test owner@bakery.test # takes news-anything@bakery.test
posthouse alias add '*@bakery.test' owner@bakery.test          # and the rest

posthouse explain orders@bakery.test
posthouse explain anna+rolls@bakery.test

echo 'Two rye loaves, please.' | posthouse send --from guest@elsewhere.test --to orders@bakery.test --subject 'An order' -
posthouse trace orders@bakery.test
posthouse mailbox list

echo 'Enter removes it all.'
read -r
posthouse domain rm bakery.test --cascade --yes
posthouse tenant rm bakery --yes
