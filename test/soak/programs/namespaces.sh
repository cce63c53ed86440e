# Network namespaces as of containers and as `ip netns` makes them, that come and go until its end.
mkdir -p /run/netns
number=0
while :; do
  number=$((number + 1))
  unshare --net sh -c 'ip link set lo up; sleep 6' &
  ip netns add "soak$number"
  sleep 2
  ip netns del "soak$number"
done
