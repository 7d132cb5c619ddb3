#!/usr/bin/env bash
# Installs the locked npm packages of a folder, unless they are installed already: deps-node.sh DIR
set -euo pipefail

cd "$1"
want=$(cat package.json package-lock.json .npmrc | sha256sum)
stamp=node_modules/.installed
if [[ -f $stamp && $(<"$stamp") == "$want" ]]; then
  exit 0
fi
echo "installing npm packages in $1"
npm ci
echo "$want" >"$stamp"
