# SPDX-License-Identifier: MIT
#
# What a system test's run.sh may use, beside domain.sh: guests made from the test's own settings, and the
# four results. Sourced by rig/run-tests before run.sh, with these in the environment:
#   TEST  the test's name        TYPE  pv or pvh        DIR  its folder in dom0, with images and cfg
#   TIMEOUT  its limit in seconds (the rig stops the test when it is over)
#
# Each of pass, fail, skip and error ends the script; one that ends without any of them counts as ERROR.

. /run/rig/domain.sh

pass() {
    echo "TEST: SUCCESS"
    exit 0
}

# fail WHY: the subject is broken.
fail() {
    echo "TEST: FAILURE $*"
    exit 0
}

# error WHY: the test itself could not do its work.
error() {
    echo "TEST: ERROR $*"
    exit 0
}

skip() {
    echo "TEST: SKIP $*"
    exit 0
}

# guest_create [NAME [LINE ...]]
# A paused domain with test.cfg's settings and the LINEs of configuration on top. The image is DIR/NAME if the
# test has one of that name (peer.c makes TEST-peer), else the test's own.
guest_create() {
    local name=${1:-$TEST} image=$DIR/$TEST
    [ $# -gt 0 ] && shift
    if [ -e "$DIR/$name" ]; then
        image=$DIR/$name
    elif [ -e "$DIR/$TEST-$name" ]; then
        image=$DIR/$TEST-$name
    fi
    mkdir -p "$RIG/$name"
    {
        cat "$DIR/cfg"
        echo "name=\"$name\""
        echo "kernel=\"$image\""
        for line in "$@"; do
            echo "$line"
        done
    } >"$RIG/$name/cfg.test"
    domain_create_from "$name" "$RIG/$name/cfg.test" || {
        cat "$RIG/$name/create.log"
        error "xl could not create $name"
    }
}

# guest_start [NAME [LINE ...]]: the same, and let it run.
guest_start() {
    guest_create "$@"
    domain_unpause "${1:-$TEST}" || error "xl could not unpause ${1:-$TEST}"
}

# guest_pair [LINE ...]: the test's own guest and its peer, both running, each with the other's id in data/peer.
# The LINEs are the peer's only.
guest_pair() {
    local own peer
    guest_create
    guest_create peer "$@"
    own=$(domain_id "$TEST")
    peer=$(domain_id peer)
    xenstore-write "/local/domain/$own/data/peer" "$peer" "/local/domain/$peer/data/peer" "$own"
    domain_unpause "$TEST" || error "xl could not unpause $TEST"
    domain_unpause peer || error "xl could not unpause peer"
}

# expect_console NAME REGEX [SECONDS [OFFSET]]: fails the test unless such a line comes; prints it.
expect_console() {
    console_expect "$1" "$2" "${3:-$TIMEOUT}" "${4:-0}" || fail "$1 never said: $2"
}

# expect_end NAME HOW [SECONDS]: fails the test unless the domain ends so (poweroff, reboot, crash ...).
expect_end() {
    local end
    end=$(domain_wait_end "$1" "${3:-$TIMEOUT}")
    drain "$(domain_id "$1")"
    [ "$end" = "$2" ] || fail "$1 ended by $end, not by $2"
}

# expect_result NAME [SECONDS]: waits for the domain's end and takes over the result that it printed.
expect_result() {
    local line
    expect_end "$1" poweroff "${2:-$TIMEOUT}"
    line=$(tr -d '\r' <"$(console_file "$1")" | grep '^TEST: ' | tail -n 1)
    case "$line" in
    "TEST: SUCCESS"*) return 0 ;;
    "") error "$1 ended without a result" ;;
    *) echo "$line" && exit 0 ;;
    esac
}

# ask NAME LINE [SECONDS]: types LINE on its console; its answer, the next line that starts with "= ", is left in $ANSWER.
ask() {
    local from
    from=$(console_size "$1")
    console_type "$1" "$2\n"
    ANSWER=$(console_expect "$1" '^(= |TEST: )' "${3:-$TIMEOUT}" "$from" | tr -d '\r')
    case "$ANSWER" in
    '= '*) ;;
    TEST*) echo "$ANSWER" && exit 0 ;; # it has ended with a result of its own
    *) fail "$1 never answered: $2" ;;
    esac
}

# expect_answer NAME LINE PATTERN [SECONDS]: the same, and fails the test unless the answer fits the shell pattern.
expect_answer() {
    ask "$1" "$2" "${4:-$TIMEOUT}"
    # shellcheck disable=SC2254 # a pattern is what it is
    case "$ANSWER" in
    $3) ;;
    *) fail "$1, asked '$2', said '$ANSWER', not '$3'" ;;
    esac
}

# converse NAME <<END: lines "COMMAND => PATTERN", all typed at once; the answers must fit one by one. The last one is left in $ANSWER.
# For guests that answer "mark N" by "= mark N 0". Much faster than one question at a time.
converse() {
    local from line command pattern script=$RIG/$1/script answers=$RIG/$1/answers
    MARK=$((${MARK:-0} + 1))
    cat >"$script"
    from=$(console_size "$1")
    {
        sed 's/ => .*//' "$script"
        echo "mark $MARK"
    } >"$(console_tty "$1")"
    console_expect "$1" "^= mark $MARK |^TEST: " "$TIMEOUT" "$from" >/dev/null
    tail -c +$((from + 1)) "$(console_file "$1")" | tr -d '\r' | grep -E '^(= |TEST: )' >"$answers"
    while IFS= read -r line <&3; do
        command=${line%% => *} pattern=${line##* => }
        IFS= read -r ANSWER <&4 || fail "$1 never answered: $command"
        # shellcheck disable=SC2254 # a pattern is what it is
        case "$ANSWER" in
        $pattern) ;;
        *) fail "$1, asked '$command', said '$ANSWER', not '$pattern'" ;;
        esac
    done 3<"$script" 4<"$answers"
}
