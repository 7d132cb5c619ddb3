#!/usr/bin/env bash
# Fetches the chain specifications with the runtimes for the end-to-end test: deps-specs.sh GOSSAMER_VERSION DIR
#
# They are files of a Go module that is no dependency of this one, so it stays out of go.mod.
set -euo pipefail

version=$1 out=$2
# name, path within the module, SHA-256 of the file
specs=(
  "westend westend-dev/westend-dev-spec-raw.json 5e9f8d63d39ad3a6701a19ef36705608707c875af30ecebed24b99d71d9b2218"
  "paseo paseo/chain-spec-raw.json dad2c14adbb7927a48b5b51493c8045e91549fec2d1c4b1cbd511e311cf1ef7c"
)
good() { [[ -f $1 && $(sha256sum <"$1") == "$2  -" ]]; }

missing=0
for spec in "${specs[@]}"; do
  read -r name _ sum <<<"$spec"
  good "$out/$name.json" "$sum" || missing=1
done
[[ $missing -eq 1 ]] || exit 0

echo "fetching chain specifications of gossamer $version"
mkdir -p "$out"
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
dir=$(cd "$here" && go mod download -json "github.com/ChainSafe/gossamer@$version" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
if [[ -z $dir ]]; then
  echo "the Go module of the chain specifications could not be fetched" >&2
  exit 1
fi
for spec in "${specs[@]}"; do
  read -r name path sum <<<"$spec"
  install -m 644 "$dir/chain/$path" "$out/$name.json"
  if ! good "$out/$name.json" "$sum"; then
    echo "$path of gossamer $version is not the file the test was written for" >&2
    rm -f "$out/$name.json"
    exit 1
  fi
done
