#!/usr/bin/env bash
# Lists packages with tests: packages.sh concurrent|plain
#
# concurrent: those in which something may run beside something else: goroutines, locks, parallel tests, servers. In the
# others, which are pure functions of what they are given, there is nothing for the race detector to find, and building
# their tests once more for it takes minutes.
#
# plain: those that are not concurrent, and those whose tests have a short form; the race detector looks at that only.
# With both lists every test has run once in full.
#
# The separate processes of test/services have a make target of their own.
set -euo pipefail

cd "$(dirname "$0")/.."
go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}} ./{{.ImportPath}}{{end}}' ./... | while read -r dir path; do
  path=${path/#.\/github.com\/thousand-validators\/otv/.}
  if [[ -z $path || $path == ./test/services ]]; then
    continue
  fi
  concurrent=no short=no
  if grep -lqE '(^|[[:space:]])go (func\b|[A-Za-z_.]+\()|"sync(/atomic)?"|"net/http|errgroup|t\.Parallel\(\)' "$dir"/*.go; then
    concurrent=yes
  fi
  if grep -lq 'testing\.Short()' "$dir"/*_test.go; then
    short=yes
  fi
  case $1-$concurrent-$short in
    concurrent-yes-* | plain-no-* | plain-*-yes) echo "$path" ;;
  esac
done
