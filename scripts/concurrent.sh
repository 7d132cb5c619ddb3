#!/usr/bin/env bash
# Lists the packages with tests in which something may run beside something else: goroutines, locks, parallel tests,
# servers. In the others, which are pure functions of what they are given, there is nothing for the race detector to
# find, and building their tests once more for it takes minutes.
set -euo pipefail

cd "$(dirname "$0")/.."
go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}} ./{{.ImportPath}}{{end}}' ./... | while read -r dir path; do
  if grep -lqE '(^|[[:space:]])go (func\b|[A-Za-z_.]+\()|"sync(/atomic)?"|"net/http|errgroup|t\.Parallel\(\)' "$dir"/*.go; then
    echo "${path/#.\/github.com\/thousand-validators\/otv/.}"
  fi
done
