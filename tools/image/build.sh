#!/usr/bin/env bash
# `make image`: the image of manifests/image/Dockerfile, as a file that a node can load.
#   IMAGE          its name; default localhost/jobcap:VERSION
#   IMAGE_FILE     where the archive goes; default dist-image/jobcap.tar
#   EXAMPLE_IMAGE  name of the example's image, if it is wanted too
#   NEXT_IMAGE     another name of the first, if it is wanted under that too
#   BUILD, BASE    base images, where a registry can be reached; else both are made here of Debian's packages
# Needs root, buildah and debootstrap (Debian packages). What it keeps between builds is in ~/.cache/jobcap-image.
set -euo pipefail

cd "$(dirname "$0")/../.."
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
image=${IMAGE:-localhost/jobcap:$version}
file=${IMAGE_FILE:-dist-image/jobcap.tar}
kept=$HOME/.cache/jobcap-image
for program in buildah debootstrap; do
  command -v "$program" >/dev/null || {
    echo "make image: needs $program (apt-get install $program)" >&2
    exit 69
  }
done
mkdir -p "$kept" "$(dirname "$file")"

box() {
  local driver=${STORAGE_DRIVER:-overlay}
  buildah --root "$kept/storage${STORAGE_DRIVER:+-$driver}" --runroot "$kept/run${STORAGE_DRIVER:+-$driver}" --storage-driver "$driver" "$@"
}

# Not every kernel lets an overlay lie on the file system of $HOME; copies are slower and need more room.
if [ -z "${STORAGE_DRIVER:-}" ] && ! box info >/dev/null 2>&1; then export STORAGE_DRIVER=vfs; fi

is_there() { box inspect --type image "$1" >/dev/null 2>&1; }

# A folder as an image of one layer.
image_of() { # name, folder
  local container
  container=$(box from scratch)
  box copy --quiet "$container" "$2" / >/dev/null
  box commit --quiet "$container" "$1" >/dev/null
  box rm "$container" >/dev/null
}

debian() { # folder
  [ -e "$1/.complete" ] && return
  rm -rf "$1"
  debootstrap --variant=minbase --include=ca-certificates,libatomic1,libstdc++6 bookworm "$1" >"$1.log" 2>&1 ||
    { tail "$1.log" >&2 && exit 69; }
  touch "$1/.complete"
}

# A machine may have buildah, and not let it mount or change its root.
prove_builds() { # image
  local container
  container=$(box from "$1") && box run --isolation chroot "$container" true && box rm "$container" >/dev/null || {
    echo "make image: no program runs in a container of $1 here" >&2
    exit 69
  }
}

# Debian with the Node and the npm of this clone, and the authorities that this machine trusts.
make_build() {
  local root=$kept/build-root npm
  debian "$root"
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  install -D "$(readlink -f .tools/bin/node)" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  rm -rf "$root/usr/local/lib/node_modules/npm"
  cp -rL "$npm" "$root/usr/local/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  [ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  mkdir -p "$root/usr/local/etc"
  printf 'cafile=/etc/ssl/certs/ca-certificates.crt\n' >"$root/usr/local/etc/npmrc"
  image_of localhost/jobcap-build "$root"
}

# What the program links to, and nothing that could be started.
make_base() {
  local root=$kept/base-root package archive
  rm -rf "$root" && mkdir -p "$root" "$kept/packages"
  (
    cd "$kept/packages"
    for package in libc6 libgcc-s1 libstdc++6; do
      ls "${package}"_*.deb >/dev/null 2>&1 || apt-get -qq -o APT::Sandbox::User=root download "$package" || exit 69
      archive=$(ls "${package}"_*.deb)
      dpkg-deb --extract "$archive" "$kept/part"
    done
  )
  mkdir -p "$root/usr/lib" "$root/etc" "$root/tmp" "$root/usr/share/doc"
  for folder in lib lib64; do
    mkdir -p "$root/usr/$folder" && ln -s "usr/$folder" "$root/$folder"
    for part in "$kept/part/$folder" "$kept/part/usr/$folder"; do
      [ -d "$part" ] && cp -a "$part/." "$root/usr/$folder/"
    done
  done
  cp -a "$kept/part/usr/share/doc/." "$root/usr/share/doc/"
  rm -rf "$kept/part" "$root"/usr/lib/*/gconv
  chmod 1777 "$root/tmp"
  printf 'root:x:0:0:root:/:/nologin\nnonroot:x:65532:65532:nonroot:/:/nologin\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
  image_of localhost/jobcap-base "$root"
}

# `if` and not `||`: behind that, `set -e` holds in no function.
if [ -z "${BUILD:-}" ]; then
  BUILD=localhost/jobcap-build
  if ! is_there "$BUILD"; then make_build; fi
fi
if [ -z "${BASE:-}" ]; then
  BASE=localhost/jobcap-base
  if ! is_there "$BASE"; then make_base; fi
fi
prove_builds "$BUILD"
archive() { # image, file
  rm -f "$2"
  box push --quiet "$1" "docker-archive:$2:$1"
}

# What npm has fetched before is not fetched again.
cache=$(npm config get cache)
mkdir -p "$cache"
box bud --quiet --isolation chroot --volume "$cache:/root/.npm" --build-arg BUILD="$BUILD" --build-arg BASE="$BASE" \
  --ignorefile .dockerignore \
  --tag "$image" --file manifests/image/Dockerfile . >/dev/null
archive "$image" "$file"

# `make e2e`: what an installation is upgraded to.
if [ -n "${NEXT_IMAGE:-}" ]; then
  box tag "$image" "$NEXT_IMAGE"
  archive "$NEXT_IMAGE" "$(dirname "$file")/next.tar"
fi

# `make e2e`: the example's image too, on the base that the other one was built on.
if [ -n "${EXAMPLE_IMAGE:-}" ]; then
  example=manifests/examples/nightly-billing
  box bud --quiet --isolation chroot --volume "$cache:/root/.npm" --from "$BUILD" --tag "$EXAMPLE_IMAGE" --file $example/Dockerfile $example >/dev/null
  archive "$EXAMPLE_IMAGE" "$(dirname "$file")/example.tar"
fi

bytes=$(stat -c %s "$file")
printf 'image {"image":"%s","file":"%s","mib":%d}\n' "$image" "$file" $((bytes / 1048576))
