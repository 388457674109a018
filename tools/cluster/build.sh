#!/usr/bin/env bash
# Compiles Kubernetes, etcd, CoreDNS and helm from their Go modules, for tests on machines without a cluster.
#   KUBE_VERSION   1.34.4, or 1.34 for the newest that the module proxy has of it; default 1.36.3
#   CLUSTER_BIN    where the programs go; default ~/.cache/jobcap-cluster/bin, with KUBE_VERSION bin-$KUBE_VERSION
#   its arguments  programs, where not all are wanted: kubectl helm
# Needs Go. About 20 minutes on two cores the first time; what is there already is left alone.
set -euo pipefail

wanted=" ${*:-kube-apiserver kube-controller-manager kubectl kube-scheduler kubelet kube-proxy etcd helm coredns pause} "

kube=${KUBE_VERSION:-1.36.3}
etcd=${ETCD_VERSION:-3.7.3}
helm=${HELM_VERSION:-4.3.1}
coredns=${COREDNS_VERSION:-1.15.0}
default_bin=$HOME/.cache/jobcap-cluster/bin
bin=${CLUSTER_BIN:-$default_bin${KUBE_VERSION:+-$KUBE_VERSION}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$bin"
export CGO_ENABLED=0 GOFLAGS=-mod=mod
case $kube in
  *.*.*) ;;
  *) kube=$(cd / && go list -m -f '{{.Version}}' "k8s.io/kubernetes@v$kube") && kube=${kube#v} ;;
esac
# What is not Kubernetes' own serves all of its versions.
for program in etcd helm coredns pause; do
  [ -e "$bin/$program" ] || [ ! -e "$default_bin/$program" ] || ln -s "$default_bin/$program" "$bin/$program"
done

# `go build` works inside a module only: one that requires the program and imports it for no other purpose.
module() { # folder, package, requirement
  mkdir -p "$work/$1"
  cd "$work/$1"
  printf 'module build\ngo 1.24\nrequire %s\n' "$3" >go.mod
  printf 'package build\n\nimport _ "%s"\n' "$2" >program.go
}

is_due() { # program
  [[ $wanted == *" $1 "* ]] && [ ! -x "$bin/$1" ]
}

compile() { # program, package, linker flags
  is_due "$1" || return 0
  echo "compiling $1" >&2
  go mod tidy -e >/dev/null 2>&1 || true
  go build -trimpath -ldflags "-s -w ${3:-}" -o "$bin/$1" "$2"
}

for program in kube-apiserver kube-controller-manager kubectl kube-scheduler kubelet kube-proxy; do
  is_due "$program" || continue
  module "$program" "k8s.io/kubernetes/cmd/$program" "k8s.io/kubernetes v$kube"
  source=$(go mod download -json "k8s.io/kubernetes@v$kube" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  # The parts of Kubernetes are required at v0.0.0; each is published as v0.<minor>.<patch>.
  for part in $(sed -nE 's|^\s+(k8s\.io/[a-z0-9-]+) v0\.0\.0( .*)?$|\1|p' "$source/go.mod" | sort -u); do
    echo "replace $part => $part v0.${kube#1.}" >>go.mod
  done
  version=k8s.io/component-base/version
  minor=${kube#1.}
  compile "$program" "k8s.io/kubernetes/cmd/$program" \
    "-X $version.gitVersion=v$kube -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*}"
done

module etcd go.etcd.io/etcd/server/v3 "go.etcd.io/etcd/server/v3 v$etcd"
compile etcd go.etcd.io/etcd/server/v3

module helm helm.sh/helm/v4/cmd/helm "helm.sh/helm/v4 v$helm"
compile helm helm.sh/helm/v4/cmd/helm

module coredns github.com/coredns/coredns "github.com/coredns/coredns v$coredns"
compile coredns github.com/coredns/coredns

# The first process of a Pod, which holds its network.
if is_due pause; then
  mkdir -p "$work/pause" && cd "$work/pause"
  printf 'module pause\ngo 1.24\n' >go.mod
  cat >pause.go <<'GO'
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ended := make(chan os.Signal, 8)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for sign := range ended {
		if sign != syscall.SIGCHLD {
			return
		}
		for {
			if gone, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); gone <= 0 {
				break
			}
		}
	}
}
GO
  go build -trimpath -ldflags '-s -w' -o "$bin/pause" .
fi
echo "$bin"
