# Shell functions that script/demo and script/test share; to be sourced by bash under `set -euo pipefail`.

# Not all of them use all of it.
# shellcheck disable=SC2034

# What it takes to build, and to run what was built against real servers.
BUILD_PACKAGES=(build-essential cmake ninja-build pkg-config libh2o-evloop-dev libpq-dev
    libjansson-dev libssl-dev libhiredis-dev libcurl4-openssl-dev libmicrohttpd-dev zlib1g-dev)
SERVER_PACKAGES=(postgresql redis-server redis-tools openssl)
# And with PostgreSQL made highly available.
PATRONI_PACKAGES=(patroni python3-etcd etcd-server)

# And with an identity service.
KEYSTONE_PACKAGES=(keystone python3-psycopg2 uwsgi-plugin-python3)

# And with somebody who looks at it.
BROWSER_PACKAGES=(chromium chromium-sandbox fonts-dejavu-core)

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "${0##*/}: $*"
    exit 1
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo -n "$@"
    fi
}

# node_modules of a directory, as its lock file has them.
install_modules() {
    [[ $1/node_modules/.package-lock.json -nt $1/package-lock.json ]] ||
        npm ci --prefix "$1" --ignore-scripts --no-fund --no-audit --loglevel=error >&2
}

# The web console as the server serves it, console/dist, where something that it is made of is newer.
build_console() {
    local made=console/dist/index.html
    if [[ -f $made && -z $(find console -name node_modules -prune -o -path console/dist -prune -o \
        -path console/test -prune -o -type f -newer "$made" -print -quit) ]]; then
        return
    fi
    say 'building the console'
    install_modules console
    npm run --prefix console --silent build -- --logLevel warn >&2
}

package_is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Quiet unless it fails.
apt_install() {
    local said
    said=$(as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
        --no-install-recommends -o Dpkg::Use-Pty=0 "$@" 2>&1) || die "apt-get failed: $said"
}

# Installs those of the Debian packages named that are missing.  Services that come with them are not
# started and PostgreSQL's package makes no cluster: what runs here runs as a process of ours.  In a
# subshell, so that what it changed on the way is put back however it ends.
install_packages() (
    missing=()
    for package; do
        package_is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || exit 0
    say "installing ${missing[*]}"
    if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
        die "run this as root first: apt-get install ${missing[*]}"
    fi
    policy=/usr/sbin/policy-rc.d
    clusters=/etc/postgresql-common/createcluster.conf
    made_policy=false changed_clusters=false
    put_back() {
        ! $made_policy || as_root rm -f "$policy"
        ! $changed_clusters ||
            as_root sed -i 's/^create_main_cluster = false/#create_main_cluster = true/' "$clusters"
    }
    trap put_back EXIT
    if [[ ! -e $policy ]]; then
        made_policy=true
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    as_root apt-get update -qq >&2
    if [[ " ${missing[*]} " == *" postgresql "* ]] && ! package_is_installed postgresql-common; then
        apt_install postgresql-common
        changed_clusters=true
        as_root sed -i 's/^#create_main_cluster = true/create_main_cluster = false/' "$clusters"
    fi
    apt_install "${missing[@]}"
)
