# A small network of its own: a node, where the server runs with a resolv.conf that names the upstream, and behind a link the upstream.
# The command behind the arguments runs on the node, with a resolv.conf that names the server.
#   namespace.sh FOLDER COREFILE COMMAND...
# FOLDER holds upstream.Corefile, upstream.conf, client.conf; logs go there. NODE and MAIN tell how to start the program. Where FOLDER has a
# folder serviceaccount, the server is a pod of a cluster, whose API server CLUSTER is.
set -eu
folder=$1 corefile=$2
shift 2

unshare -n sleep 600 &
upstream=$!
until [ "$(readlink /proc/$upstream/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done

ip link set lo up
ip link add upstream type veth peer name node netns $upstream
ip addr add 198.18.0.2/24 dev upstream
ip link set upstream up
nsenter -t $upstream -n ip addr add 198.18.0.1/24 dev node
nsenter -t $upstream -n ip link set node up

# Waits until a program has started, for ten seconds.
started() {
  for try in $(seq 200); do
    ! grep -q ', node v' "$1" || return 0
    sleep 0.05
  done
  cat "$1" >&2
  exit 1
}

nsenter -t $upstream -n "$NODE" "$MAIN" -conf "$folder/upstream.Corefile" > "$folder/upstream.log" 2>&1 &
started "$folder/upstream.log"

pod=true
if [ -d "$folder/serviceaccount" ]; then
  "$NODE" "$CLUSTER" "$folder/serviceaccount" > "$folder/port" &
  for try in $(seq 200); do
    [ ! -s "$folder/port" ] || break
    sleep 0.05
  done
  export KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT="$(cat "$folder/port")"
  mounts=/var/run/secrets/kubernetes.io
  pod="mount -t tmpfs none /var/run && mkdir -p $mounts && cp -r $folder/serviceaccount $mounts"
fi
unshare -m sh -c 'mount --bind "$0/upstream.conf" /etc/resolv.conf && eval "$2" && exec "$NODE" "$MAIN" -conf "$1"' \
  "$folder" "$corefile" "$pod" > "$folder/server.log" 2>&1 &
started "$folder/server.log"

mount --bind "$folder/client.conf" /etc/resolv.conf
"$@"
