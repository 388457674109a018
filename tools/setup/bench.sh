# Read by setup.sh when called for `make bench`: nginx, wrk and redis-server from Debian, and the npm packages that are
# measured against (bench/node_modules). Nothing of it is needed to run jobcap.

bench_parts() {
  have nginx || echo nginx-light
  have wrk || echo wrk
  have redis-server || echo redis-server
}

# Debian starts the servers that it installs, on ports of their own, unless a policy says no.
apt_without_services() {
  policy=/usr/sbin/policy-rc.d
  made_policy=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made_policy=1
  fi
  status=0
  # shellcheck disable=SC2086 # a list of packages
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $1; } \
    >"$tools/apt-bench.log" 2>&1 || status=$?
  [ -z "$made_policy" ] || rm -f "$policy"
  return "$status"
}

missing=$(bench_parts | tr '\n' ' ')
if [ -n "$missing" ]; then
  is_root && have apt-get || die "make bench needs ${missing% }: install as root (apt-get install ${missing% }), then run it again"
  say "apt-get install $missing"
  apt_without_services "$missing" || die "apt-get install ${missing}failed, see .tools/apt-bench.log"
  missing=$(bench_parts | tr '\n' ' ')
  [ -z "$missing" ] || die "after the installation there is still no ${missing% }"
fi

if ! cmp -s bench/package-lock.json "$tools/bench-lock.json" || [ ! -e bench/node_modules/.package-lock.json ]; then
  find_npm
  say "npm packages of the bench"
  rm -f "$tools/bench-lock.json"
  cp bench/package-lock.json "$tools/bench-installing.json"
  (cd bench && npm_install "$tools/bin/node") || die "npm install in bench/ failed"
  mv "$tools/bench-installing.json" "$tools/bench-lock.json"
fi
