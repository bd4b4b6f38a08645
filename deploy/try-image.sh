#!/usr/bin/env bash
# Builds the image of deploy/Containerfile and tries it as it is meant to run: as user 65532, on a
# root that cannot be written to, with nothing in it but the binary, certificates and time zones.
# Needs podman (or ENGINE=docker) to build, and root to run: the image's files are mounted read-only
# and entered without a container runtime, so that it works where none runs.
# IMAGE=NAME tries an image that is there.
set -euo pipefail
cd "$(dirname "$0")/.."
engine="${ENGINE:-podman}"
image="${IMAGE:-}"
if [ -z "$image" ]; then
  image=flowline:try
  # shellcheck disable=SC2086
  "$engine" build ${BUILD_FLAGS:-} -f deploy/Containerfile -t "$image" .
fi

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/image/dev" "$folder/state"
box="$("$engine" create "$image")"
"$engine" export "$box" | tar -x -C "$folder/image"
"$engine" rm "$box" >/dev/null
"$engine" image inspect "$image" | grep -q '"65532:65532"' || { echo "the image does not run as 65532"; exit 1; }

# The project that `init` writes, mounted as docs/serving.md says.
"$folder/image/flowline" --no-color init "$folder/project" >/dev/null 2>&1
mkdir -p "$folder/project/.flowline"
chmod -R a+rX "$folder"; chown 65532:65532 "$folder/state"

inside() {
  unshare --mount bash -euc '
    image=$1; project=$2; state=$3; shift 3
    mount --bind "$image" "$image"
    mount -o remount,bind,ro "$image"
    # Every runtime gives a container devices.
    mount --bind /dev "$image/dev"
    mount --bind "$project" "$image/project"
    mount -o remount,bind,ro "$image/project"
    mount --bind "$state" "$image/project/.flowline"
    exec chroot --userspec=65532:65532 "$image" "$@"
  ' inside "$folder/image" "$folder/project" "$folder/state" "$@"
}

echo "== version";         inside /flowline --version
echo "== nothing but the state can be written to"
refused="$(inside /flowline init --pipeline comments /project 2>&1 || true)"
case "$refused" in
  *'Read-only file system'*) echo "$refused" ;;
  *) echo "the project could be written to: $refused"; exit 1 ;;
esac
echo "== run, twice"
inside /flowline --project /project run support-tickets --sandbox
again="$(inside /flowline --project /project run support-tickets --sandbox)"
echo "$again"
case "$again" in *'nothing to do'*) ;; *) echo "the second run sent something"; exit 1 ;; esac
echo "== serve"
inside /flowline serve --project /project --sandbox --log-format json > "$folder/serve.log" 2>&1 &
serving=$!
for _ in $(seq 100); do
  ready="$(curl -s http://127.0.0.1:8080/readyz || true)"
  case "$ready" in *'"ready":true'*) break ;; esac
  sleep 0.1
done
case "$ready" in
  *'"ready":true'*) echo "$ready" ;;
  *) cat "$folder/serve.log"; echo "not ready: $ready"; exit 1 ;;
esac
pkill -TERM --parent "$serving"; wait "$serving"
echo "stopped with 0; the image holds:"
find "$folder/image" -maxdepth 1 -mindepth 1 -printf '%f %s\n' | sort
