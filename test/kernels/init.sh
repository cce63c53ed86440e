#!/bin/busybox sh
# Process 1 of a guest: this machine's files, read only, with a disk of memory over them, and then job.sh in there.
b=/bin/busybox
fail() { echo "init: $1"; $b poweroff -f; }
$b mkdir -p /proc /dev /host /over /root
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
for module in /modules/*; do $b insmod $module || fail "cannot load $module"; done
nine=trans=virtio,version=9p2000.L,msize=262144
# cache=loose: nobody changes the files meanwhile, and programs can be mapped into memory.
$b mount -t 9p -o $nine,ro,cache=loose host /host || fail 'cannot mount the host'
$b mount -t tmpfs over /over && $b mkdir /over/upper /over/work
$b mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work overlay /root || fail 'cannot mount the root'
cd /root
$b mount -t proc proc proc
$b mount -t sysfs sys sys
$b mount -t devtmpfs dev dev
$b mkdir -p dev/pts dev/shm
$b mount -t devpts devpts dev/pts
$b mount -t tmpfs shm dev/shm
$b mount -t tmpfs run run
$b mkdir run/out run/netns
$b mount -t 9p -o $nine results run/out || fail 'cannot mount the results'
# Not chroot: the kernel loads modules in the root of process 1.
exec $b switch_root /root /bin/sh /run/out/job.sh
