# One container: builds its root and becomes its command. Started by init.sh as PID 1 of a new PID namespace, in a
# mount namespace of its own that is a copy of its Pod's.
#
#   container.sh ROOT_KIND SCRATCH WORKING_DIR COMMAND…
#
#   ROOT_KIND    overlay: the host's root under a layer in memory that takes what is written
#                bind: the host's root itself · readonly: the host's root, nothing of it writable
#   SCRATCH      an empty folder to build the root in
#
# File descriptors, all opened by the starter:
#   3  reports to the starter, a line each: `pid N` (as the host counts), `note TEXT`, `failed WHY`, and `ready` just
#      before the command takes over
#   4  a file of shell assignments, read last: the container's whole environment
#   5  a file of mounts, made in this order: KIND TAB SOURCE TAB TARGET (see `add_mount`)
set -eu

root_kind=$1
scratch=$2
working_dir=$3
shift 3

# What stays of root's powers: those that cannot reach around a mount. Without SYS_ADMIN nothing masked can be unmounted;
# MKNOD, SYS_CHROOT, DAC_READ_SEARCH and NET_RAW, which container runtimes often grant, are not needed and not given.
KEPT_CAPABILITIES=+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+setfcap

root=$scratch/root
# Where the host's own root is seen while mounts are made; gone before the command starts.
host=/dev/.host
setpriv=$(command -v setpriv)

fail() {
  echo "failed $1" >&3
  exit 125
}

make_root() {
  mount -n -t tmpfs -o mode=0755 jobcap-scratch "$scratch" || fail "a tmpfs cannot be mounted"
  mkdir "$root" "$scratch/layers"
  case $root_kind in
  overlay) overlay / "$root" || fail "an overlay cannot be mounted over the host's root" ;;
  bind) mount -n --rbind / "$root" || fail "the host's root cannot be bound" ;;
  readonly) { mount -n --rbind / "$root" && mount -n -o remount,bind,ro "$root"; } || fail "the host's root cannot be bound" ;;
  esac
}

# A writable layer in memory over a folder: what is written lives as long as the container.
layers=$scratch/layers
layer=0
overlay() {
  layer=$((layer + 1))
  mkdir "$layers/$layer" "$layers/$layer/upper" "$layers/$layer/work"
  mount -n -t overlay jobcap-root "$2" 2>/dev/null \
    -o "lowerdir=$1,upperdir=$layers/$layer/upper,workdir=$layers/$layer/work"
}

# /dev as a container expects it: no disks and no terminals of the host.
make_dev() {
  mount -n -t tmpfs -o mode=0755,nosuid jobcap-dev "$root/dev" || fail "/dev cannot be replaced"
  for node in null zero full random urandom tty; do
    : >"$root/dev/$node"
    mount -n --bind "/dev/$node" "$root/dev/$node" || fail "/dev/$node cannot be bound"
  done
  mkdir "$root/dev/shm" "$root/dev/pts" "$root$host"
  mount -n -t tmpfs -o mode=1777,nosuid,nodev jobcap-shm "$root/dev/shm"
  mount -n -t devpts -o newinstance,ptmxmode=0666,mode=0620 jobcap-pts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
}

# This container's own processes, and its Pod's own network devices. Root may write the kernel's settings by file mode
# alone, so they are read-only.
make_proc() {
  mount -n -t proc -o nosuid,nodev,noexec proc /proc || fail "/proc cannot be mounted"
  for part in sys sysrq-trigger irq bus fs; do
    if [ -e "/proc/$part" ]; then
      mount -n -o bind,ro "/proc/$part" "/proc/$part" || fail "/proc/$part cannot be made read-only"
    fi
  done
  mount -n -t sysfs -o ro,nosuid,nodev,noexec sysfs /sys 2>/dev/null ||
    mount -n -t tmpfs -o ro jobcap-sys /sys || fail "/sys cannot be replaced"
}

# KIND is
#   overlay   a mount of the host under a writable layer, or read-only where overlays are refused
#   as-host   a mount of the host, read-only
#             (of both: nothing, if the host has unmounted and removed it since it was listed)
#   empty     an empty writable folder in memory
#   mask      nothing to see at TARGET, if there is something
#   bind, readonly   SOURCE of the host at TARGET, which is made when missing
add_mount() {
  kind=$1 source=$2 target=$3
  case $kind in
  overlay)
    if is_gone; then return 0; fi
    overlay "$host$source" "$target" || {
      echo "note $target is read-only: it is a mount of its own on which no overlay is possible" >&3
      mount -n -o bind,ro "$host$source" "$target"
    } || is_gone
    ;;
  as-host)
    if is_gone; then return 0; fi
    { mount -n --bind "$host$source" "$target" && mount -n -o remount,bind,ro "$target"; } || is_gone
    ;;
  empty) mount -n -t tmpfs -o mode=0755,nosuid,nodev jobcap-empty "$target" ;;
  mask)
    if [ -d "$target" ]; then
      mount -n -t tmpfs -o ro,mode=0,size=4k jobcap-mask "$target"
    elif [ -e "$target" ]; then
      mount -n -o bind,ro /dev/null "$target"
    fi
    ;;
  bind | readonly)
    make_target "$host$source" "$target" || fail "there is no $target to mount on, and it cannot be made here"
    mount -n --bind "$host$source" "$target"
    if [ "$kind" = readonly ]; then mount -n -o remount,bind,ro "$target"; fi
    ;;
  readonly-root) mount -n -o remount,bind,ro / ;;
  *) false ;;
  esac
}

is_gone() { [ ! -e "$host$source" ] || [ ! -e "$target" ]; }

make_target() {
  if [ -e "$2" ]; then return 0; fi
  if [ -d "$1" ]; then mkdir -p "$2" 2>/dev/null; else mkdir -p "${2%/*}" 2>/dev/null && : >"$2"; fi
}

read -r host_pid _ </proc/self/stat
echo "pid $host_pid" >&3

make_root
make_dev
cd "$root"
pivot_root . ".$host" || fail "pivot_root is refused"
cd /
layers=$host$layers
make_proc
TAB=$(printf '\t')
while IFS=$TAB read -r kind source target <&5; do
  add_mount "$kind" "$source" "$target" || fail "mounting $target ($kind) failed"
done
umount -n -l "$host"
rmdir "$host"
mkdir -p "$working_dir" 2>/dev/null || :
cd "$working_dir" || fail "the working directory $working_dir does not exist"

echo ready >&3
exec 3>&- 5<&-
# From here on nothing is looked up by name: the container's variables may be called like ours.
set -- "$setpriv" --bounding-set=-all,$KEPT_CAPABILITIES --inh-caps=-all -- "$@"
. /dev/fd/4
exec 4<&-
exec "$@"
