#!/usr/bin/env bash
# Builds golangci-lint of one version, unless it is there: deps-lint.sh VERSION FILE
set -euo pipefail

version=$1 file=$2
if [[ -x $file ]]; then
  exit 0
fi
echo "building golangci-lint $version"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
GOBIN=$dir GOFLAGS=-mod=mod go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
mkdir -p "$(dirname "$file")"
mv "$dir/golangci-lint" "$file"
