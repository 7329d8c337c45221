# SPDX-License-Identifier: MIT
#
# Functions for dom0's shell: make a domain, talk to it, wait for what it does. Sourced by rig/xen-rig's and
# rig/run-tests' scripts and by the run.sh of system tests. Every wait is woken by an event and has a limit.
#
# Owns /run/rig and the domains it made. Never guesses a domain's end from its console.

RIG=/run/rig
CONSOLES=/var/log/xen/console

# domain_create NAME IMAGE [LINE-OF-CONFIGURATION ...]
# Makes a domain and leaves it paused. A later line of the same key wins: in xl's files the last one counts.
domain_create() {
    local name=$1 image=$2 line
    shift 2
    mkdir -p "$RIG/$name"
    {
        echo "name=\"$name\""
        echo "kernel=\"$image\""
        echo "cpus=\"1\""
        # Without it libxl gives a small PVH domain too little memory for its page tables, and fails.
        echo "vcpus=1"
        # A domain that has ended stays, so that its state can be read; a PVH triple fault counts as a reboot.
        echo "on_poweroff=\"preserve\""
        echo "on_reboot=\"preserve\""
        echo "on_crash=\"preserve\""
        echo "on_watchdog=\"preserve\""
        for line in "$@"; do
            echo "$line"
        done
    } >"$RIG/$name/cfg"
    domain_create_from "$name" "$RIG/$name/cfg"
}

# domain_create_from NAME CFG: the same with a whole configuration file.
domain_create_from() {
    local name=$1 cfg=$2 id
    mkdir -p "$RIG/$name"
    rm -f "$CONSOLES/guest-$name.log" "/var/log/xen/xl-$name.log" "$RIG/$name/id"
    if xl create -p "$cfg" >"$RIG/$name/create.log" 2>&1 </dev/null; then
        # The child that xl leaves behind to watch the domain says its id; to ask xl takes 0.1 s.
        id=$(follow -t 30 -e '^Waiting for domain .*\(domid [0-9]+\)' "/var/log/xen/xl-$name.log")
        id=${id##*(domid }
        id=${id%%)*}
    else
        # Its exit code alone is no proof: xl has been seen to abort after a good start.
        id=$(xl domid "$name" 2>/dev/null)
    fi
    [ -n "$id" ] && echo "$id" >"$RIG/$name/id"
}

domain_id() {
    cat "$RIG/$1/id"
}

domain_unpause() {
    xl unpause "$(domain_id "$1")"
}

# domain_start NAME IMAGE [LINE ...]: create and let it run.
domain_start() {
    domain_create "$@" && domain_unpause "$1"
}

# domain_wait_end NAME SECONDS
# Prints how it ended: poweroff, reboot, suspend, crash, watchdog, destroyed; or timeout (and returns 1).
domain_wait_end() {
    local line
    line=$(follow -t "$2" -e 'has shut down, reason code [0-9]+|has been destroyed' \
        "/var/log/xen/xl-$1.log") || {
        echo timeout
        return 1
    }
    case "$line" in
    *"reason code 0 "*) echo poweroff ;;
    *"reason code 1 "*) echo reboot ;;
    *"reason code 2 "*) echo suspend ;;
    *"reason code 3 "*) echo crash ;;
    *"reason code 4 "*) echo watchdog ;;
    *) echo destroyed ;;
    esac
}

# domain_status NAME: the status of its main(), or nothing if it told none.
domain_status() {
    xenstore-read "/local/domain/$(domain_id "$1")/data/exit-status" 2>/dev/null
}

# domain_destroy NAME: also when it never started or has gone.
domain_destroy() {
    [ -s "$RIG/$1/id" ] && xl destroy "$(domain_id "$1")" >/dev/null 2>&1
    rm -f "$RIG/$1/id"
    return 0
}

console_file() {
    echo "$CONSOLES/guest-$1.log"
}

# console_expect NAME REGEX [SECONDS [OFFSET]]: waits for a line of its console, prints it.
console_expect() {
    follow -t "${3:-60}" -o "${4:-0}" -e "$2" "$(console_file "$1")"
}

# console_size NAME: how much it has said so far; an OFFSET for console_expect.
console_size() {
    stat -c %s "$(console_file "$1")" 2>/dev/null || echo 0
}

# console_tty NAME: the terminal to write to for its console's input; xenconsoled fills it in.
console_tty() {
    xenstore_wait "/local/domain/$(domain_id "$1")/console/tty" .
}

# console_type NAME TEXT: types TEXT as printf's %b understands it (\n, \004 ...).
console_type() {
    printf %b "$2" >"$(console_tty "$1")"
}

# xenstore_wait PATH REGEX [SECONDS]: waits until the node's value matches, prints it; 1 = time-out.
xenstore_wait() {
    local path=$1 regex=$2 end=$(($(date +%s) + ${3:-30})) events watcher result=1 value left
    if value=$(xenstore-read "$path" 2>/dev/null) && echo "$value" | grep -Eq -- "$regex"; then
        echo "$value"
        return 0
    fi
    events=$(mktemp -u)
    mkfifo "$events"
    # A watch fires once when it is set: nothing between the look above and now is missed.
    xenstore-watch "$path" >"$events" 2>/dev/null &
    watcher=$!
    while left=$((end - $(date +%s))) && [ "$left" -gt 0 ] && read -r -t "$left" _; do
        if value=$(xenstore-read "$path" 2>/dev/null) && echo "$value" | grep -Eq -- "$regex"; then
            echo "$value"
            result=0
            break
        fi
    done <"$events"
    kill "$watcher"
    rm -f "$events"
    return $result
}
