#!/bin/sh
# small_disk.sh MIB COMMAND...: runs a command whose $SMALL_DISK is a file system of that size, in a mount namespace of its own.
# Exit code 77 (skipped) where that is not permitted.
size=$1
shift
disk=$(mktemp -d) || exit 77
trap 'rmdir "$disk"' EXIT
if [ "$(id -u)" -eq 0 ]; then map=; else map=--map-root-user; fi
unshare --mount $map mount -t tmpfs -o "size=${size}m" tmpfs "$disk" 2>/dev/null || exit 77
SMALL_DISK=$disk unshare --mount $map sh -c "mount -t tmpfs -o size=${size}m tmpfs \"\$SMALL_DISK\" && exec \"\$@\"" sh "$@"
