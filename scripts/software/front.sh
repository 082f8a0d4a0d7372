# Body of the front script; the lines above it are written at install (scripts/software/fronts.py).
# Called as `bash -c "<command>"`: runs the command inside the image, nothing but `lo` in sight
# where the machine allows it. The variables of envs/pins.env are set last, in an empty environment.

if [[ ${EQUISITE_INSIDE:-} == 1 ]]; then
  exec /bin/bash "$@"
fi

guarded=${EQUISITE_GUARDED:-}
unset EQUISITE_GUARDED
logical=$PWD
cd -P . || exit 70
here=$PWD

declare -A mode=()
bind() { # path, ro or rw; a path that is not there is passed over
  local path=$1
  [[ $path == /* && -e $path ]] || return 0
  while [[ $path == */ ]]; do path=${path%/}; done
  case $path in
    "" | /usr | /usr/* | /etc | /etc/* | /bin | /bin/* | /sbin | /sbin/* | /lib | /lib/* | /lib64 | /lib64/*) return 0 ;;
    /proc | /proc/* | /dev | /dev/* | /sys | /sys/* | /run) return 0 ;;
  esac
  if [[ ${mode[$path]:-} != rw ]]; then mode[$path]=$2; fi
  if [[ -L $path ]]; then bind "$(readlink -f -- "$path")" "$2"; fi
}
bind_list() {
  local list=$1 one
  while [[ -n $list ]]; do
    one=${list%%:*}
    bind "$one" "$2"
    if [[ $list == *:* ]]; then list=${list#*:}; else list=; fi
  done
}
bind "$CHECKOUT" ro
bind "$SOFTWARE" ro
bind_list "${EQUISITE_BINDS:-}" ro
bind_list "${EQUISITE_BINDS_RW:-}" rw
bind "$here" rw
bind "$logical" rw

paths=() # shortest first: a folder before what lies in it
for path in "${!mode[@]}"; do
  i=${#paths[@]}
  while ((i > 0)); do
    longer=${paths[i - 1]}
    ((${#longer} > ${#path})) || break
    paths[i]=$longer
    i=$((i - 1))
  done
  paths[i]=$path
done
if [[ -z ${mode[$here]:-} ]]; then here=/; fi

passed=()
for name in "${!EQUISITE_@}"; do passed+=("$name=${!name}"); done
# What is started in the background of a script has interrupts ignored; undo that.
inside=(/usr/bin/env --default-signal=INT,QUIT -i
  "PATH=/usr/local/bin:/usr/bin:/bin${EQUISITE_PATH:+:$EQUISITE_PATH}"
  HOME=/run/equisite/home TMPDIR=/tmp USER=equisite LOGNAME=equisite LC_ALL=C TZ=UTC
  "PYTHONPATH=$CHECKOUT/src${EQUISITE_PYTHONPATH:+:$EQUISITE_PYTHONPATH}"
  PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 MPLCONFIGDIR=/run/equisite/matplotlib
  NUMBA_CACHE_DIR=/run/equisite/numba "${passed[@]}" "EQUISITE_HOME=$SOFTWARE"
  "EQUISITE_IMAGE_DIGEST=$IMAGE_DIGEST" EQUISITE_INSIDE=1 "${PINS[@]}" /usr/lib/equisite/enter /bin/bash)
account="equisite:x:$EUID:$EUID:equisite:/run/equisite/home:/bin/bash"

with_bwrap() {
  local words=("${PROGRAM[@]}" "${FLAGS[@]}" --die-with-parent --new-session --hostname equisite
    --tmpfs / --ro-bind "$ROOT/usr" /usr --ro-bind "$ROOT/etc" /etc --ro-bind "$ROOT/var" /var
    --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64
    "${PROC[@]}" --dev /dev --tmpfs /run --dir /run/equisite --tmpfs /tmp --tmpfs /var/tmp)
  local path
  for path in "${paths[@]}"; do
    if [[ ${mode[$path]} == rw ]]; then words+=(--bind "$path" "$path"); else words+=(--ro-bind "$path" "$path"); fi
  done
  if ((EUID != 0)); then
    exec 9< <(printf '%s\n' "$(<"$ROOT/etc/passwd")" "$account")
    words+=(--ro-bind-data 9 /etc/passwd)
  fi
  exec "${words[@]}" --remount-ro / --chdir "$here" "${inside[@]}" "$@"
}

# The other fronts need a private folder on disk, so this script stays, passes signals on and clears
# up. Inside, a shell stays as first process: PRoot calls a first process that was killed a success.
private=
deathsig=TERM
clear_private() { if [[ -n $private ]]; then rm -rf -- "$private"; fi; }
guard() { # run a command that dies with us; give back its exit code
  local child code
  trap clear_private EXIT
  trap 'kill -s "$deathsig" "$child" 2>/dev/null' TERM INT HUP
  setpriv --pdeathsig "$deathsig" "$@" <&0 &
  child=$!
  wait "$child"
  code=$?
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
  done
  exit "$code"
}
make_private() {
  if [[ -z $guarded ]]; then
    EQUISITE_GUARDED=1 exec setpriv --pdeathsig TERM "$BASH" "$0" "$@"
  fi
  private=$(mktemp -d "${TMPDIR:-/tmp}/equisite.XXXXXXXX") || exit 70
  mkdir -p "$private/tmp" "$private/run/equisite" "$private/var"
  { cat "$ROOT/etc/passwd"; if ((EUID != 0)); then printf '%s\n' "$account"; fi; } >"$private/passwd"
}

with_proot() { # private folders keep the path that they have outside: no call can then miss them
  make_private "$@"
  inside=("${inside[@]//\/run\/equisite/$private/run/equisite}")
  inside=("${inside[@]/#TMPDIR=\/tmp/TMPDIR=$private/tmp}")
  local words=("${PROGRAM[@]}" -r "$ROOT" -b /proc -b /dev -b "$private" -b "$private/tmp:/tmp"
    -b "$private/run:/run" -b "$private/tmp:/var/tmp" -b "$private/passwd:/etc/passwd") path
  for path in "${paths[@]}"; do words+=(-b "$path"); done
  PROOT_TMP_DIR=$private guard "${FLAGS[@]}" "$private" "${words[@]}" -w "$here" \
    /bin/bash -c '"$@"; exit $?' bash "${inside[@]}" "$@"
}

with_chroot() {
  make_private "$@"
  deathsig=KILL # unshare passes over TERM, and its death ends all inside
  local script='set -e
root=$1 top=$2 passwd=$3; shift 3
mount -t tmpfs -o mode=755 tmpfs "$top"; cd "$top"
mkdir usr etc var dev proc run tmp
for one in usr etc var; do mount --bind "$root/$one" "$one"; mount -o remount,bind,ro "$one"; done
for one in bin sbin lib lib64; do ln -s "usr/$one" "$one"; done
mount -t tmpfs tmpfs var/tmp; mount -t tmpfs tmpfs tmp; mkdir run/equisite
mount --rbind /dev dev; mount -t proc proc proc; mount --bind "$passwd" etc/passwd
while [ "$1" != -- ]; do
  if [ -d "$2" ]; then mkdir -p "$top$2"; else mkdir -p "$top${2%/*}"; [ -e "$top$2" ] || : >"$top$2"; fi
  mount --bind "$2" "$top$2"
  if [ "$1" = ro ]; then mount -o remount,bind,ro "$top$2"; fi
  shift 2
done
shift; where=$1; shift
exec chroot "$top" /bin/bash -c '"'"'cd "$0" && "$@"; exit $?'"'"' "$where" "$@"'
  local up # a new network has its loop-back interface, but down: servers of tests answer there
  printf -v up '%q ' "${WATCH[@]}" --lo
  local words=("${PROGRAM[@]}" --mount "${FLAGS[@]}" --ipc --net --uts --pid --fork --kill-child=KILL
    /bin/bash -c "$up; $script" bash "$ROOT" "$private/var" "$private/passwd") path
  for path in "${paths[@]}"; do words+=("${mode[$path]}" "$path"); done
  guard "${words[@]}" -- "$here" "${inside[@]}" "$@"
}

with_chrun() { # its root must hold every mount point, so it gets a skeleton and the image's folders by bind
  make_private "$@"
  local top=$private/var path one
  local words=("${PROGRAM[@]}" "${FLAGS[@]}" '--unset-env=*' --bind "$private/tmp:/tmp" --bind "$private/run:/run")
  mkdir -p "$top"/{usr,etc,var,dev,proc,sys,run,tmp,home,root,mnt,opt,srv}
  for one in bin sbin lib lib64; do ln -s "usr/$one" "$top/$one"; done
  for one in passwd group hosts resolv.conf; do : >"$top/etc/$one"; done
  for one in usr etc var; do words+=(--bind "$ROOT/$one:/$one"); done
  for path in "${paths[@]}"; do
    case $path in /tmp | /tmp/*) one=$private$path ;; *) one=$top$path ;; esac
    if [[ -d $path ]]; then mkdir -p "$one"; else mkdir -p "${one%/*}" && : >>"$one"; fi
    words+=(--bind "$path:$path")
  done
  USER=${USER:-equisite} guard "${WATCH[@]}" --all-calls "$private" "${words[@]}" \
    --cd "$here" "$top" -- "${inside[@]}" "$@"
}

with_apptainer() {
  make_private "$@"
  local words=("${PROGRAM[@]}" exec "${FLAGS[@]}" --cleanenv --contain --no-home
    --bind "$private/tmp:/tmp" --bind "$private/run:/run" --bind "$private/tmp:/var/tmp") path
  for path in "${paths[@]}"; do words+=(--bind "$path:$path:${mode[$path]}"); done
  guard "${WATCH[@]}" --all-calls "$private" "${words[@]}" \
    --pwd "$here" "$PLACE" "${inside[@]}" "$@"
}

"with_$KIND" "$@"
