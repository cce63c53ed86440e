# curl.sh WAIT_MS HOST:PORT=COUNT…: as client.py, a process for each request.
wait=$1
shift
for given in "$@"; do
  seq "${given#*=}" | xargs -P 20 -I{} curl -s --noproxy '*' -o /dev/null "http://${given%=*}/?wait=$wait"
done
echo done
exec sleep 3600
