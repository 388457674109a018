# Read by setup.sh when called for `make e2e`: what builds an image and runs a node, from Debian, and Kubernetes itself,
# compiled once by tools/cluster/build.sh. Ends with 69 and one loud line where this machine cannot have them.

cannot() {
  echo "E2E DID NOT RUN: $*" >&2
  exit 69
}

# In a cluster that is there already (KUBECONFIG), or one of kind, only the images are built here.
given=${E2E_IMAGE_LOAD:-}
if [ -z "$given${KUBECONFIG:-}" ] && have docker && have kind && timeout 20s docker info >/dev/null 2>&1; then given=kind; fi

cluster_parts() {
  have buildah || echo buildah
  have debootstrap || echo debootstrap
  [ -z "$given" ] || return 0
  have containerd && have ctr || echo containerd
  have runc || echo runc
  [ -x /usr/lib/cni/bridge ] || echo containernetworking-plugins
  have iptables || echo iptables
  have ip || echo iproute2
  have conntrack || echo conntrack
}

# Whoever has it up already needs nothing of it.
[ -z "${E2E_STAGE:-}" ] || exit 0
# Which cluster is meant is not clear: tools/e2e/main.ts says so.
[ -n "$given" ] || [ -z "${KUBECONFIG:-}" ] || exit 0
is_root || cannot "a node, or building an image, needs root"
PATH=$PATH:/usr/sbin:/sbin
missing=$(cluster_parts | tr '\n' ' ')
if [ -n "$missing" ]; then
  have apt-get || cannot "install ${missing% }, then run it again"
  say "apt-get install $missing"
  apt_without_services "$missing" cluster || cannot "apt-get install ${missing}failed, see .tools/apt-cluster.log"
  missing=$(cluster_parts | tr '\n' ' ')
  [ -z "$missing" ] || cannot "after the installation there is still no ${missing% }"
fi

cluster_bin=${CLUSTER_BIN:-$HOME/.cache/jobcap-cluster/bin${KUBE_VERSION:+-$KUBE_VERSION}}
programs='kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl etcd helm coredns pause'
[ -z "$given" ] || programs='kubectl helm'
for program in $programs; do
  [ -x "$cluster_bin/$program" ] && continue
  PATH=$PATH:/usr/local/go/bin
  have go || cannot "Kubernetes is not built (tools/cluster/build.sh), and there is no Go to build it with"
  say "Kubernetes, compiled once: about 10 minutes on two cores"
  # shellcheck disable=SC2086 # a list of programs
  timeout 25m bash tools/cluster/build.sh $programs >"$tools/cluster.log" 2>&1 ||
    cannot "Kubernetes could not be built within 25 minutes (what is built stays), see .tools/cluster.log"
  break
done
