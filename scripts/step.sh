#!/usr/bin/env bash
# Runs one step of a longer run with its name before it and its time after it: step.sh NAME COMMAND...
set -euo pipefail

name=$1
shift
echo "=== $name"
start=$SECONDS
status=0
"$@" || status=$?
if [[ $status -ne 0 ]]; then
  echo "=== $name: FAILED after $((SECONDS - start)) s" >&2
  exit "$status"
fi
echo "=== $name: done in $((SECONDS - start)) s"
