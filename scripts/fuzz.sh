#!/usr/bin/env bash
# Runs every fuzz target of the module, one after another: fuzz.sh TIME [PATTERN], such as fuzz.sh 60s 'substrate/(scale|ss58)'.
# The pattern (extended, as for grep) selects among lines of the form "./folder FuzzName".
set -uo pipefail

time=$1
pattern=${2:-.}
mapfile -t targets < <(grep -rHo --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]*' . |
  sed 's|/[^/]*:func | |' | sort | grep -E -- "$pattern")
if [[ ${#targets[@]} -eq 0 ]]; then
  echo "no fuzz target was found" >&2
  exit 1
fi
failed=()
for target in "${targets[@]}"; do
  read -r dir name <<<"$target"
  echo "=== $dir $name"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 20x "$dir" || failed+=("$dir $name")
done
echo "${#targets[@]} fuzz targets ran for $time each, ${#failed[@]} failed"
if [[ ${#failed[@]} -gt 0 ]]; then
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
fi
