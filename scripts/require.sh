#!/usr/bin/env bash
# Says in one sentence each what the machine lacks before anything is fetched.
set -euo pipefail

fail=0
need() {
  if ! command -v "$1" >/dev/null; then
    echo "$1 is not installed: $2" >&2
    fail=1
  fi
}
need go "install the version named in go.mod or later"
need node "install Node.js 20 or later"
need npm "it comes with Node.js"
need git "install the package git"
need gcc "the race detector needs it; install the package gcc"

if command -v node >/dev/null && ! node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)'; then
  echo "Node.js $(node --version) is too old: 20 or later is needed" >&2
  fail=1
fi
exit "$fail"
