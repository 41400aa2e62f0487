#!/usr/bin/env bash
# Two people chat in two panes of a terminal multiplexer, through rtm-gate; what their screens show is checked.
# Needs tmux; without it there is one line and exit code 77, for skipped. With SHOW=1 the screens are printed.

set -eu
cd "$(dirname "$0")/../.."

if ! command -v tmux >/dev/null; then
    echo 'skipped: tmux is not installed'
    exit 77
fi

cargo build --quiet --features gate --bin rtm-gate --example repl
bin=${CARGO_TARGET_DIR:-target}/debug
dir=$(mktemp -d)
gate=
tm() { tmux -S "$dir/tmux" -f /dev/null "$@"; }
clean_up() {
    tm kill-server 2>/dev/null || true
    [ -z "$gate" ] || kill "$gate" 2>/dev/null || true
    rm -rf "$dir"
}
trap clean_up EXIT

fail() {
    echo "failed: $1"
    for pane in ann bob; do
        printf -- '--- the screen of %s\n' "$pane"
        screen "$pane" || true
    done
    exit 1
}

pane() { [ "$1" = ann ] && echo chat.0 || echo chat.1; }
screen() { tm capture-pane -p -t "$(pane "$1")"; }
types() { tm send-keys -t "$(pane "$1")" -l -- "$2"; }
enters() { types "$1" "$2" && tm send-keys -t "$(pane "$1")" Enter; }

# until WHAT COMMAND...: waits until it succeeds, for 15 s at most.
until_so() {
    local what=$1 deadline=$((SECONDS + 15))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || fail "$what"
        sleep 0.05
    done
}
shows() { screen "$1" | grep -qF -- "$2"; }
sees() { until_so "$1 does not see: $2" shows "$1" "$2"; }
# The last line that is not empty.
ends_with() { [ "$(screen "$1" | grep -v '^$' | tail -n 1)" = "$2" ]; }
edits() { until_so "the line of $1 is not: $2" ends_with "$1" "$2"; }

"$bin/rtm-gate" --listen 127.0.0.1:0 --file-listen 127.0.0.1:0 >"$dir/gate" 2>&1 &
gate=$!
addresses() { grep -oE '127\.0\.0\.1:[0-9]+' "$dir/gate" | sort -u | wc -l | grep -q '^ *[2-9]'; }
until_so 'the gate does not start' addresses
endpoint=$(grep -oE '127\.0\.0\.1:[0-9]+' "$dir/gate" | sed -n 1p)
files=$(grep -oE '127\.0\.0\.1:[0-9]+' "$dir/gate" | awk -v e="$endpoint" '$0 != e { print; exit }')

repl() {
    echo "$bin/examples/repl --endpoint $endpoint --file-endpoint $files --pid 11000001 --token any --uid $1 --to $2; echo \$? >$dir/$1"
}
tm new-session -d -s chat -x 100 -y 50 "$(repl 101 102)"
tm set-option -g remain-on-exit on
tm split-window -t chat -v "$(repl 102 101)"
edits ann '101 to 102>'
edits bob '102 to 101>'

# A conversation. Bob is in the middle of a line when the message comes: it appears above, the line stays.
types bob 'I was about to s'
edits bob '102 to 101> I was about to s'
enters ann 'hello, Bob'
sees bob '101: hello, Bob'
edits bob '102 to 101> I was about to s'
enters bob 'ay hello'
sees ann '102: I was about to say hello'

# A line is edited: the cursor goes to its beginning, and a word is put in there.
types ann 'is it'
tm send-keys -t "$(pane ann)" Home
types ann 'how '
edits ann '101 to 102> how is it'
tm send-keys -t "$(pane ann)" Enter
sees bob '101: how is it'

# Files, with a bar; history on demand; a mistake.
head -c 400000 /dev/zero | tr '\0' x >"$dir/notes.txt"
enters ann "/file $dir/notes.txt"
sees ann '100 %  notes.txt'
sees ann '(notes.txt is sent)'
sees bob '400000 bytes: http://'
enters bob '/history'
sees bob '  102: I was about to say hello'
sees bob '  101: how is it'
enters bob '/nonsense'
sees bob '(/nonsense? Try /help)'

# The gate goes and comes back: what the connection is doing stands above the line, and in the next one.
kill "$gate" && wait "$gate" 2>/dev/null || true
sees ann '(reconnecting in '
enters ann '/help'
sees ann '101 to 102 (reconnecting'
"$bin/rtm-gate" --listen "$endpoint" --file-listen "$files" >"$dir/gate" 2>&1 &
gate=$!
sees ann '(online)'
sees bob '(online)'
enters ann 'there again'
sees bob '101: there again'

[ "${SHOW:-}" != 1 ] || for who in ann bob; do
    printf -- '--- the screen of %s\n' "$who"
    screen "$who" | grep -v '^$'
done

# Both ways to end, with 0.
enters ann '/quit'
tm send-keys -t "$(pane bob)" C-d
ended() { [ "$(cat "$dir/101" "$dir/102" 2>/dev/null | tr -d '\n')" = 00 ]; }
until_so 'they do not end with 0' ended

echo 'ok: two people have talked'
