# A private Redis with mixed keys, for the benchmarks; to be sourced by bash under `set -euo pipefail`.
# Server and scanner have a core each where there are two.

directory=$(mktemp -d)
cleanup() {
    local pid=""
    [ ! -f "$directory/pid" ] || pid=$(cat "$directory/pid")
    if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
        tail --pid="$pid" -f /dev/null # until it has written its last
    fi
    rm -rf "$directory"
}
trap cleanup EXIT

# For those who source this.
on_server=() on_scanner=()
if [ "$(nproc)" -ge 2 ]; then
    # shellcheck disable=SC2034
    on_server=(taskset -c 0) on_scanner=(taskset -c 1)
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cli=(redis-cli -s "$directory/socket")

# What else the server is to be told, by whoever sources this.
redis_options=()

start_redis() {
    "${on_server[@]}" redis-server --port "$port" --bind 127.0.0.1 --unixsocket "$directory/socket" \
        --dir "$directory" --save '' --appendonly no --pidfile "$directory/pid" --daemonize yes \
        --enable-debug-command local --logfile "$directory/log" "${redis_options[@]}" >/dev/null
    for _ in $(seq 100); do
        "${cli[@]}" ping >/dev/null 2>&1 && break
        sleep 0.05
    done
}

# 70 % strings, 10 % hashes, 10 % lists, 5 % sets, 4 % zsets, 1 % streams, of a few small sizes and
# one in a hundred of up to 25 times that.
#     fill_keys KEYS [PREFIX]
fill_keys() {
    local keys=$1 prefix=${2:-key:} first last fill='
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
    local key, share, size = ARGV[3] .. i, (i * 7919) % 100, 1 + (i * 31) % 8
    if i % 97 == 0 then size = 20 + (i * 31) % 180 end
    if share < 70 then redis.call("SET", key, string.rep("x", size * 8))
    else for j = 1, size do
        if share < 80 then redis.call("HSET", key, "f" .. j, "v")
        elseif share < 90 then redis.call("RPUSH", key, "v")
        elseif share < 95 then redis.call("SADD", key, "m" .. j)
        elseif share < 99 then redis.call("ZADD", key, j, "m" .. j)
        else redis.call("XADD", key, "*", "f", "v") end
    end end
end'
    for ((first = 1; first <= keys; first += 20000)); do
        last=$((first + 19999 < keys ? first + 19999 : keys))
        "${cli[@]}" eval "$fill" 0 "$first" "$last" "$prefix" >/dev/null
    done
    [ "$("${cli[@]}" dbsize)" = "$keys" ] || { echo "the keys are not there" >&2; exit 1; }
}

# Of a column of numbers.
median() {
    sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
