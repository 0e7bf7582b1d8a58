#!/bin/bash
# Runs a program beside a real corosync daemon of one node, in a network and a file system view of their own, and ends
# both. Usage, as root: [TRANSPORT=udp] unshare --net --mount with-corosync.sh PROGRAM [ARGUMENTS]
set -u
for private in /run /var/lib/corosync /dev/shm /var/log; do
    mount -t tmpfs private "$private"
done
mkdir -p /var/log/corosync
ip link set lo up multicast on

cat >/run/corosync.conf <<CONFIGURATION
totem {
  version: 2
  cluster_name: native
  transport: ${TRANSPORT:-udpu}
}
nodelist {
  node {
    ring0_addr: 127.0.0.1
    nodeid: 1
    name: native
  }
}
logging {
  to_stderr: no
  to_syslog: no
  to_logfile: yes
  logfile: /run/corosync.log
}
CONFIGURATION

corosync -f -c /run/corosync.conf &
daemon=$!
trap 'kill "$daemon" 2>/dev/null; wait "$daemon"' EXIT

# The daemon is there when its tool can ask it; a program that is too early asks again.
for _ in $(seq 200); do
    corosync-cpgtool >/dev/null 2>&1 && break
    sleep 0.05
done
"$@"
