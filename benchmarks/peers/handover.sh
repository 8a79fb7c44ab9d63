#!/bin/sh
# A Galera state transfer that only ever says "go on from where you are": the node began with the
# same files, or comes back with its own, and gets what is missing by incremental transfer.
# The server runs it as wsrep_sst_METHOD on both sides and reads what it prints
# (https://mariadb.com/docs/galera-cluster/high-availability/state-snapshot-transfers-ssts-in-galera-cluster).
# Both sides see the lab's folder, HANDOVER, so that a file in it is message enough.
role='' address='' parent='' gtid='' bypass=''
while [ $# -gt 0 ]; do
  case "$1" in
    --role) role=$2; shift ;;
    --address) address=$2; shift ;;
    --parent) parent=$2; shift ;;
    --gtid) gtid=$2; shift ;;
    --bypass) bypass=yes ;;
  esac
  shift
done
if [ "$role" = joiner ]; then
  rm -f "$HANDOVER"
  echo "ready $address"
  while [ ! -e "$HANDOVER" ]; do
    kill -0 "$parent" 2>/dev/null || exit 1
    sleep 0.05
  done
  cat "$HANDOVER"
elif [ -n "$bypass" ]; then
  echo "$gtid" >"$HANDOVER.draft" && mv "$HANDOVER.draft" "$HANDOVER"
  echo "done $gtid"
else
  echo "there is nothing but incremental transfer here" >&2
  exit 95
fi
