# Read by setup.sh. What must come from the system: `ip` and `unshare` for Pods with networks of their own, and a Python
# with requests for the Python slice of the demo (put at .tools/bin/python3), and a Redis server for the tests, the chaos and
# the bench (put at .tools/bin/redis-server).

python_of_demo() {
  for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import requests, sys; print(sys.executable)' 2>/dev/null && return
  done
  return 1
}

ensure_python() {
  [ -x "$tools/bin/python3" ] && return
  python=$(python_of_demo) || return 1
  # A script and not a link: a Python finds its packages by the path it was started as.
  printf '#!/bin/sh\nexec %s "$@"\n' "$python" >"$tools/bin/python3"
  chmod +x "$tools/bin/python3"
}

# Debian's redis-tools holds the server's binary under another name; its package redis-server would start a service.
ensure_redis() {
  [ -x "$tools/bin/redis-server" ] && return
  redis=$(command -v redis-server || command -v redis-check-rdb) || return 1
  ln -sfn "$(readlink -f "$redis")" "$tools/bin/redis-server"
}

missing_system_parts() {
  have ip || echo iproute2
  have unshare && have nsenter || echo util-linux
  ensure_python || echo python3 python3-requests
  ensure_redis || echo redis-tools
}

missing=$(missing_system_parts | tr '\n' ' ')
if [ -n "$missing" ] && is_root && have apt-get && [ ! -e "$tools/apt-tried" ]; then
  say "apt-get install $missing"
  # shellcheck disable=SC2086 # a list of packages
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } \
    >"$tools/apt.log" 2>&1 || touch "$tools/apt-tried"
  missing=$(missing_system_parts | tr '\n' ' ')
fi

left_out=
case $missing in *iproute2* | *util-linux*) left_out='Pods with networks of their own (Pods then run one at a time)' ;; esac
case $missing in *python3*) left_out="${left_out:+$left_out and }the Python slice of the demo" ;; esac
case $missing in *redis*) left_out="${left_out:+$left_out and }the tests on Redis" ;; esac
[ -z "$left_out" ] || say "without ${missing}(from the system, install as root) this is left out: $left_out"
