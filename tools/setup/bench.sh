# Read by setup.sh when called for `make bench`: nginx, wrk and redis-server from Debian, and the npm packages that are
# measured against (bench/node_modules). Nothing of it is needed to run jobcap.

bench_parts() {
  have nginx || echo nginx-light
  have wrk || echo wrk
  have redis-server || echo redis-server
}

missing=$(bench_parts | tr '\n' ' ')
if [ -n "$missing" ]; then
  is_root && have apt-get || die "make bench needs ${missing% }: install as root (apt-get install ${missing% }), then run it again"
  say "apt-get install $missing"
  apt_without_services "$missing" bench || die "apt-get install ${missing}failed, see .tools/apt-bench.log"
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
