# Runs one more command inside a running container, with the powers and the environment of its own command. Started by
# `nsenter` in all of the container's namespaces, as text given to `sh -c`: the container may not see this file.
#
#   WORKING_DIR COMMAND…
#
# File descriptor 4 is a file of shell assignments: the command's whole environment.
set -eu
cd "$1"
shift
KEPT_CAPABILITIES=+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+setfcap
set -- "$(command -v setpriv)" --bounding-set=-all,$KEPT_CAPABILITIES --inh-caps=-all -- "$@"
. /dev/fd/4
exec 4<&-
exec "$@"
