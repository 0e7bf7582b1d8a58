#!/usr/bin/env bash
# Passes the tests: installs what they need from the distribution's packages when it may, then runs `dotnet test`.
# Arguments go on to dotnet test:   ./test.sh --filter 'FullyQualifiedName!~Processes'
# With CI=true nothing is skipped: a test that needs root or a package that is absent fails.
set -euo pipefail
cd "$(dirname "$0")"

# Every tool (or header) that tests use beyond .NET, and the Debian package it comes from.
needed=(ip:iproute2 iptables:iptables unshare:util-linux gcc:gcc make:make readelf:binutils dpkg-deb:dpkg corosync:corosync
    /usr/include/corosync/cpg.h:libcpg-dev /usr/include/corosync/cfg.h:libcfg-dev)

# The tools live in sbin, which the PATH of an ordinary user often lacks.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

present() { if [[ $1 == /* ]]; then [[ -e $1 ]]; else command -v "$1" >/dev/null; fi; }

missing=()
for need in "${needed[@]}"; do
    present "${need%%:*}" || missing+=("${need##*:}")
done

if ((${#missing[@]} > 0)) && [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "Installing for the tests: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >/dev/null || echo "apt-get update failed; trying with the lists that are here" >&2
    for package in "${missing[@]}"; do
        apt-get install -y -q --no-install-recommends "$package" >/dev/null || true
    done
fi

for need in "${needed[@]}"; do
    present "${need%%:*}" ||
        echo "Not installed: ${need##*:} (${need%%:*}); the tests that need it are skipped, or fail under CI" >&2
done
[[ $(id -u) -eq 0 ]] ||
    echo "Not root: tests in network namespaces are skipped, or fail under CI" >&2

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
rm -rf TestResults
# A test that hangs is ended and named rather than waited for.
exec dotnet test totem.sln -c Release --results-directory TestResults --logger "trx;LogFilePrefix=totem" \
    --blame-hang --blame-hang-timeout 6m --blame-hang-dump-type none "$@"
