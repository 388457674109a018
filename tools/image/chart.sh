#!/bin/sh
# `make chart`: lints the chart and packs it into dist-image/. Helm is the one in PATH, else tools/cluster/build.sh's.
set -eu
cd "$(dirname "$0")/../.."
helm=$(command -v helm || echo "${CLUSTER_BIN:-$HOME/.cache/jobcap-cluster/bin}/helm")
[ -x "$helm" ] || {
  echo "make chart: needs helm: put it into PATH, or run tools/cluster/build.sh once (Go)" >&2
  exit 69
}
"$helm" lint --strict manifests/chart
"$helm" package manifests/chart --destination dist-image
