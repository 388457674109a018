# Starts container.sh, with the same arguments and file descriptors, as PID 1 of the PID namespace that `unshare` has
# just made, waits for it and ends with its exit code: 128 + n where signal n ended it. (`unshare --fork` would do, but
# util-linux 2.38 says 1 of a child that SIGKILL has ended.)
set -eu

# What this shell would say of a killed child is not the container's output.
exec 6>&2 2>/dev/null
set +e
setpriv --pdeathsig KILL -- sh "${0%/*}/container.sh" "$@" 2>&6 6>&-
exit $?
