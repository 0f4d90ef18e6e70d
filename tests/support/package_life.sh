#!/bin/bash
# A package's life on a machine that is this one to look at, and keeps nothing of it: package_life.sh DEB DIRECTORY
#
# To be run by root in a mount namespace of its own.  DIRECTORY is empty.  What systemctl is asked for is written down
# instead of done, as if systemd ran.
set -euo pipefail
deb=$1 directory=$2

mount -t tmpfs tmpfs "$directory"
mkdir "$directory"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" "$directory/root"
mount -t tmpfs tmpfs "$directory/root/run"
mount --rbind /dev "$directory/root/dev"
mount --rbind /proc "$directory/root/proc"
mkdir -p "$directory/root/run/systemd/system" "$directory/root/usr/local/sbin"
cp "$deb" "$directory/root/run/package.deb"
cat >"$directory/root/usr/local/sbin/systemctl" <<'SH'
#!/bin/sh
echo "$*" >>/run/systemctl.log
SH
chmod 755 "$directory/root/usr/local/sbin/systemctl"
cd "$directory/root"
exec chroot . /bin/bash -euo pipefail <<'SH'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
say() { printf '%s\n' "$*"; }
state() { dpkg-query -W -f='${db:Status-Status}\n' dcs; }
asked() { tr '\n' ';' </run/systemctl.log; : >/run/systemctl.log; }

dpkg --no-triggers -i /run/package.deb >&2
say "installed $(state) $(asked)"
getent passwd dcs-server dcs-worker | cut -d: -f1,6,7 | tr '\n' ' '
say
say "groups $(id -Gn dcs-server) $(id -Gn dcs-worker) $(getent group dcs | cut -d: -f4)"
for program in dcs-server dcs-worker dcsctl; do
    say "version $("$program" --version 2>&1 | head -n 1)"
done
numbers=$(id -u dcs-server):$(id -u dcs-worker)

# What an operator did stays, through an upgrade.
echo '# ours' >>/etc/dcs/server.conf
chmod 640 /etc/dcs/server.conf
echo 00 >/etc/dcs/key-encryption.key
dpkg --no-triggers -i /run/package.deb >&2
say "again $(state) $(asked)"
say "kept $(tail -n 1 /etc/dcs/server.conf) $(stat -c %a /etc/dcs/server.conf)"
[[ $numbers == "$(id -u dcs-server):$(id -u dcs-worker)" ]]

dpkg --no-triggers -r dcs >&2
say "removed $(state) $(asked)"
say "left $(cd /etc/dcs && echo *)"
dpkg --no-triggers -P dcs >&2
say "purged $(state 2>/dev/null || echo gone) $(asked)"
say "left $(cd /etc/dcs && echo *)"
say "accounts $(id -un dcs-server) $(id -un dcs-worker)"
rm /etc/dcs/key-encryption.key

dpkg --no-triggers -i /run/package.deb >&2
dpkg --no-triggers -P dcs >&2
[[ ! -e /etc/dcs ]]
[[ $numbers == "$(id -u dcs-server):$(id -u dcs-worker)" ]]
say end
SH
