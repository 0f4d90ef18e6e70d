# A week in the life of a small cluster, for the console to show; to be sourced by script/demo.
#
# The week takes seconds: each day's keys are written, the cluster is analysed, and the times of that analysis are moved
# into the past in the demo's own database, for nothing else can be done to have a past.  All else is as it happened.

HISTORY_DAYS=7
cluster_ports=()

start_cluster() {
    local attempt port name
    say 'starting a Redis Cluster of three'
    for ((attempt = 0; attempt < 50 && ${#cluster_ports[@]} < 3; attempt++)); do
        port=$((20000 + RANDOM % 12000))
        name=redis-$port
        mkdir -p "$run/$name"
        redis_configuration "$port" "$name" >/dev/null
        printf 'cluster-enabled yes\nmaxmemory 64mb\n' >>"$run/$name/redis.conf"
        start "$name" redis-server "$run/$name/redis.conf"
        while is_alive "$name" && [[ $(node_redis "$port" PING 2>/dev/null) != PONG ]]; do
            sleep 0.05
        done
        if is_alive "$name"; then
            cluster_ports+=("$port")
        else
            forget "$name"
        fi
    done
    ((${#cluster_ports[@]} == 3)) || die 'no ports for a Redis Cluster'
    REDISCLI_AUTH=$redis_password redis-cli --cluster create "${cluster_ports[@]/#/127.0.0.1:}" --cluster-yes \
        >"$var/log/cluster.log" 2>&1 || die 'no cluster: see var/log/cluster.log'
    wait_for 30 cluster_is_ok
}

# A node takes no writes until it has been sure of the others for a moment.
cluster_is_ok() {
    local port
    for port in "${cluster_ports[@]}"; do
        [[ $(node_redis "$port" CLUSTER INFO) == *cluster_state:ok* ]] || return 1
    done
}

# node_redis PORT COMMAND...
node_redis() {
    REDISCLI_AUTH=$redis_password redis-cli -p "$@"
}

database_sql() {
    if ((${#role_options[@]})); then
        psql -XqtA -h "$run/postgres" -U dcs -d dcs "$@"
    else
        psql -XqtA "$database_url" "$@"
    fi
}

# ext METHOD PATH: as api, of /ext/v1.
ext() {
    api_of "/ext/v1/$project/instances/$instance$2" "$1"
}

# The id of an analysis that has succeeded.
analyse_keyspace() {
    local id
    ext POST /analyses
    expect 200
    id=$(field .id)
    await_analysis "$id"
    printf '%s\n' "$id" >"$run/analysis"
}

await_analysis() {
    local deadline=$((SECONDS + ${DEMO_DEADLINE:-600})) state=''
    until [[ $state == success ]]; do
        check_alive
        ext GET "/analyses?limit=1"
        expect 200
        state=$(field '.records[0].status')
        [[ $state != failed ]] || die "it failed: $(dcsctl task show "$1" --json | jq -r .failure)"
        ((SECONDS < deadline)) || die 'it takes too long'
        [[ $state == success ]] || sleep 0.1
    done
}

# move_back TASK DAYS: an analysis and its points, as if it had been that long ago.
move_back() {
    database_sql -v ON_ERROR_STOP=1 -v task="$1" -v days="$2" >/dev/null <<'SQL'
BEGIN;
UPDATE scan_task SET created_at = created_at - make_interval(days => :days),
    started_at = started_at - make_interval(days => :days), finished_at = finished_at - make_interval(days => :days)
    WHERE id = :'task';
UPDATE analysis_point SET finished_at = finished_at - make_interval(days => :days) WHERE task_id = :'task';
UPDATE analysis_prefix_point SET finished_at = finished_at - make_interval(days => :days) WHERE task_id = :'task';
COMMIT;
SQL
}

live_through_a_week() {
    local day port tasks=()
    printf '\nA week of a cluster, analysed every day: POST .../analyses\n'
    for ((day = 1; day <= HISTORY_DAYS; day++)); do
        for port in "${cluster_ports[@]}"; do
            node_redis "$port" --eval "$root/script/demo-history.lua" , "$day" >/dev/null
        done
        analyse_keyspace
        tasks+=("$(<"$run/analysis")")
        # Each stands as far back as it is days before the last one.
        move_back "${tasks[-1]}" $((HISTORY_DAYS - day))
        ext GET "/analyses/${tasks[-1]}"
        expect 200
        printf '  day %s  %6s keys  %8s KiB  largest: %s\n' "$day" "$(field .result.keys)" \
            "$(($(field .result.bytes) >> 10))" "$(field '.result.largest_by_bytes[0].name')"
    done
    ext GET "/comparison?after=${tasks[-1]}&before=${tasks[0]}"
    expect 200
    printf 'Prefixes that grew most since the first day: %s\n' \
        "$(field '[.prefixes.grown[:4][] | "\(.prefix) +\(.bytes_delta / 1048576 * 10 | round / 10) MiB"] | join(", ")')"
    [[ $(field '.prefixes.grown[0].prefix') == cache: ]] || die "expected cache: to have grown most: $reply"
    ext GET /series
    expect 200
    [[ $(field '.points | length') == "$HISTORY_DAYS" ]] || die "expected $HISTORY_DAYS points: $reply"
}
