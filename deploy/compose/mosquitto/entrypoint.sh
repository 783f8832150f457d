#!/bin/sh
# Runs mosquitto, and makes it read its access files again whenever the worker has written them: passwords, rules,
# certificates.
# The number in the password file's first line ("# generation N") goes to <password file>.applied once the
# broker has been told, so that POST /api/v1/devices answers when the new credentials work.
set -eu

folder=${MACHI_BROKER_FOLDER:?}
passwords=$folder/passwords
needed="$passwords $folder/acl $folder/authority.pem $folder/revoked.crl $folder/server.pem $folder/server.key"

# shellcheck disable=SC2086 # a list of paths without spaces
state() { cat $needed 2>/dev/null | cksum; }

complete() {
    for file in $needed; do
        [ -s "$file" ] || return 1
    done
}

confirm() {
    sed -n '1s/^# generation //p' "$passwords" >"$passwords.applied.new"
    mv "$passwords.applied.new" "$passwords.applied"
}

# The worker writes them at its first start; the password file comes last.
complete || echo "Waiting for the worker to write $needed (what is in its way is in its log)." >&2
until complete; do sleep 0.5; done

read_state=$(state)
"${MACHI_MOSQUITTO:-/usr/sbin/mosquitto}" -c "${MACHI_MOSQUITTO_CONFIG:-/mosquitto/config/mosquitto.conf}" &
broker=$!
trap 'kill -TERM "$broker" 2>/dev/null || :' TERM INT

sleep 0.5 # it reads the files before it opens its port
confirm
while kill -0 "$broker" 2>/dev/null; do
    found=$(state)
    if [ "$found" != "$read_state" ] && complete; then
        kill -HUP "$broker"
        read_state=$found
        sleep 0.2 # the broker sees a signal within a turn of its loop
        confirm
    fi
    sleep 0.3 &
    wait "$!" || : # a signal ends a wait, not a sleep
done
status=0
wait "$broker" || status=$?
exit "$status"
