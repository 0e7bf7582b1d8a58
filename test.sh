#!/usr/bin/env bash
# Passes the tests: installs what they need from the distribution's packages when it may, then runs `dotnet test`.
# Arguments go on to dotnet test:   ./test.sh --filter 'FullyQualifiedName!~Processes'
# With CI=true nothing is skipped: a test that needs root or a package that is absent fails.
set -euo pipefail
cd "$(dirname "$0")"

# Every tool that tests use beyond .NET, or a file where there is no tool, and the Debian package it comes from.
needed=(
    ip:iproute2 iptables:iptables nsenter:util-linux tshark:tshark
    corosync:corosync gcc:gcc /usr/include/stdio.h:libc6-dev /usr/include/corosync/cpg.h:libcpg-dev
    /usr/share/java/zookeeper.jar:zookeeper
    /usr/share/doc/libzookeeper-mt2/copyright:libzookeeper-mt2 java:default-jre-headless
    automake:automake autoconf:autoconf pkg-config:pkg-config
    /usr/include/corosync/cfg.h:libcfg-dev make:make readelf:binutils unshare:util-linux dpkg-deb:dpkg
)

# The tools live in sbin, which the PATH of an ordinary user often lacks.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

present() {
    case $1 in
        /*) [[ -e $1 ]] ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

missing=()
for need in "${needed[@]}"; do
    present "${need%%:*}" || missing+=("${need##*:}")
done

if ((${#missing[@]} > 0)) && [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "Installing for the tests: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # Tests start their own daemons; the one that a package brings must not start on the machine itself.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        owns_policy=yes
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt-get update -q >/dev/null || echo "apt-get update failed; trying with the lists that are here" >&2
    for package in "${missing[@]}"; do
        apt-get install -y -q --no-install-recommends "$package" >/dev/null || true
    done
    # The script ends by becoming dotnet, which no trap outlives.
    trap - EXIT
    [[ -z ${owns_policy:-} ]] || rm -f "$policy"
fi

for need in "${needed[@]}"; do
    present "${need%%:*}" ||
        echo "Not installed: ${need##*:} (it has ${need%%:*}); the tests that need it are skipped, or fail under CI" >&2
done
[[ $(id -u) -eq 0 ]] ||
    echo "Not root: tests in network namespaces are skipped, or fail under CI" >&2

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
rm -rf TestResults
# A test that hangs is ended and named rather than waited for. The longest takes half a minute; on a machine that gives
# fifty others their share it takes more than ten.
exec dotnet test totem.sln -c Release --results-directory TestResults --logger "trx;LogFilePrefix=totem" \
    --blame-hang --blame-hang-timeout 20m --blame-hang-dump-type none "$@"
