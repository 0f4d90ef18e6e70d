# The data set of script/demo, made inside Redis by Lua, which takes a second or two; to be sourced.

EXPIRED_KEYS=120000 # planted at a time; nothing but a scan will release them

# What the analysis must report first of each type, in its order: type, database, size, and the name as the
# API writes it: raw bytes that are no UTF-8 as \xHH, and then a backslash of the name as two.
biggest_expected() {
    jq -n '[
        ["string", 0, 8388608, "video:raw:4711"],
        ["string", 0, 3145728, "report 2026 Q3 (final).pdf"],
        ["string", 2, 2097152, "画像/東京タワー.jpg"],
        ["string", 5, 1048576, "blob:\\xff\\xfe\\\\raw"],
        ["list", 0, 200000, "queue:mail"],
        ["list", 1, 50000, "jobs for late at night"],
        ["set", 0, 150000, "visitors:2026-11"],
        ["set", 2, 40000, "множество:друзья"],
        ["zset", 0, 120000, "leaderboard:world"],
        ["zset", 5, 30000, "scores\\x80\\x81"],
        ["hash", 0, 100000, "cart sessions"],
        ["hash", 1, 25000, "konfiguration/größe\u001b[31m"]]'
}

fill() {
    say 'filling Redis'
    private_redis --raw --eval "$root/script/demo-data.lua" >/dev/null
    # Expired keys stay in memory until somebody comes across them.
    private_redis DEBUG SET-ACTIVE-EXPIRE 0 >/dev/null
    printf 'A Redis with %s keys in several databases, %s MiB.\n' "$(private_keys)" \
        "$(($(server_figure used_memory) >> 20))"
}

plant_expired() {
    private_redis --eval <(cat <<'LUA'
for i = 1, tonumber(ARGV[1]) do
    if i == tonumber(ARGV[1]) / 2 then redis.call('SELECT', 3) end
    redis.call('SET', 'session:' .. i, string.rep('x', 120), 'PX', 1)
end
LUA
    ) , "$EXPIRED_KEYS" >/dev/null
    printf '%s of its keys have expired and are still in memory.\n' "$EXPIRED_KEYS"
}

# server_figure NAME: of INFO.
server_figure() {
    private_redis INFO | awk -F: -v name="$1" '$1 == name { sub(/\r$/, "", $2); print $2 }'
}

private_keys() {
    private_redis INFO keyspace | awk -F'[=,]' '/^db/ { n += $2 } END { print n }'
}

# check_biggest REPLY: the planted keys, and no others, come first of each type.
check_biggest() {
    local found
    found=$(jq --argjson expected "$(biggest_expected)" '
        ($expected | group_by(.[0]) | map({key: .[0][0], value: length}) | from_entries) as $counts |
        [.keys | group_by(.type)[] | .[:$counts[.[0].type]][] | [.type, .db, .size, .name]] |
        . == ($expected | group_by(.[0]) | add)' <<<"$1")
    [[ $found == true ]] || die 'the biggest keys are not those that were planted'
    printf 'They are exactly the ones that were planted.\n'
}
