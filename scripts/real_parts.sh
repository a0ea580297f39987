#!/usr/bin/env bash
# Install the programs that `make test-real` runs (tests/real/parts.txt), as root on Debian 13. None of them is started.
set -euo pipefail
cd "$(dirname "$0")/.."

packages() { awk -v source="$1" '$1 != "#" && $2 == source { print $3 }' tests/real/parts.txt | sort -u; }

if [ ! -e /usr/sbin/policy-rc.d ]; then
    # Debian starts what it installs; 101 says that it may not.
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2046  # words
apt-get install -y --no-install-recommends $(packages apt) slurm-wlm-mysql-plugin slurm-wlm-jwt-plugin python3-venv

mkdir -p .real/packages
for package in $(packages unpack); do
    libraries=$(apt-cache depends --important "$package" | awk '$1 == "Depends:" && $2 ~ /^lib/ { print $2 }')
    # shellcheck disable=SC2086  # words
    apt-get install -y --no-install-recommends $libraries
    (cd .real/packages && apt-get download "$package")
    dpkg -x .real/packages/"$package"_*.deb .real
done
[ -x .real/venv/bin/python ] || python3 -m venv .real/venv
# shellcheck disable=SC2046  # words
.real/venv/bin/python -m pip install --quiet $(packages pypi)
[ -x .real/helm/bin/python ] || /usr/bin/python3 -m venv .real/helm
# shellcheck disable=SC2046  # words
.real/helm/bin/python -m pip install --quiet helm-sdkpy $(packages helm)
