#!/usr/bin/env bash
# Installs a Debian package when its command is missing: deps-debian.sh COMMAND PACKAGE
# Where Debian keeps a command out of the PATH, it is a pattern of its file.
set -euo pipefail

command=$1 package=$2
have() { command -v "${command##*/}" >/dev/null || compgen -G "$command" >/dev/null; }

if have; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "${command##*/} is not installed: install it (on Debian: the package $package)" >&2
  exit 1
fi
root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! sudo -n true 2>/dev/null; then
    echo "${command##*/} is not installed: run as root, apt-get install $package" >&2
    exit 1
  fi
  root=(sudo -n)
fi
install() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
}
echo "installing the Debian package $package"
# A machine whose package lists are missing or old fails first.
install 2>/dev/null || { "${root[@]}" apt-get update -qq && install; }
have
