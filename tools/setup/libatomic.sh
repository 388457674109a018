# Read by setup.sh when the Node from the registry does not start. On a bare Debian it lacks libatomic.so.1. Root
# installs the package; anybody else gets the library beside Node, with apt's lists and cache inside the clone.

fetch_libatomic() {
  have apt-get && have dpkg-deb || return 1
  apt=$tools/apt
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  set -- -qq -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User="$(id -un)"
  apt-get "$@" update && (cd "$apt" && apt-get "$@" download libatomic1) || return 1
  dpkg-deb --extract "$apt"/libatomic1_*.deb "$apt/root"
  mkdir -p "$(dirname "$binary")/../lib"
  cp "$apt"/root/usr/lib/*/libatomic.so.1 "$(dirname "$binary")/../lib/"
  rm -rf "$apt"
  node "$setup/runpath.mjs" "$binary"
}

say "libatomic.so.1, which Node $wanted_major needs"
mkdir -p "$tools"
if is_root && have apt-get; then
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libatomic1; } \
    >"$tools/apt.log" 2>&1 || true
fi
starts "$binary" || fetch_libatomic >"$tools/apt.log" 2>&1 || true
starts "$binary" || {
  rm -f "$tools/node/package-lock.json"
  die "Node $wanted_major does not start here: $("$binary" --version 2>&1 | head -n 1). On Debian it needs the package libatomic1"
}
