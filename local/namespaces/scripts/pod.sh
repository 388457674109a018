# The sandbox of one Pod: the namespaces that its containers share. Started by `unshare` inside a new network, mount and
# host-name namespace (and, as a user, a new user namespace); it lives for as long as its standard input is open.
#
#   pod.sh HOSTNAME VOLUMES NETWORK
#
#   VOLUMES  an empty folder; a tmpfs is mounted over it that only this Pod's containers can see
#   NETWORK  pod: bring this namespace's own loopback up · host: the network is the host's, leave it alone
#
# Writes one line to standard output once containers may enter.
set -eu

host_name=$1
volumes=$2
network=$3

# A machine without the `hostname` tool keeps its own name there; containers still get HOSTNAME in their environment.
if command -v hostname >/dev/null; then hostname "$host_name"; fi
mount -n -t tmpfs -o mode=0755,nosuid,nodev jobcap-volumes "$volumes"
if [ "$network" = pod ]; then ip link set lo up; fi

echo ready
exec cat >/dev/null
