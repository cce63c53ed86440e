# What a guest does, in a copy of this machine's root. /run/out is the results folder of the host; settings come from there.
. /run/out/settings
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mkdir -p /usr/lib/modules/$RELEASE
mount --bind $MODULES/$RELEASE /usr/lib/modules/$RELEASE
mount -t tracefs nodev /sys/kernel/tracing
mount -t cgroup2 none /sys/fs/cgroup
ip link set lo up
cd $TREE
for file in $FILES; do
  name=$(basename $file .test.ts)
  echo "guest: $name"
  $NODE dist/test/support/run-tests.js $file >/run/out/$name.log 2>&1
  echo $? >/run/out/$name.status
done
$NODE dist/agent/main.js doctor >/run/out/doctor.log 2>&1
dmesg | grep -E 'BUG|Oops|WARNING' >/run/out/dmesg.log
sync
exec /bin/busybox poweroff -f
