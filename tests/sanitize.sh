#!/usr/bin/env bash
# Runs the tests under the address and the thread sanitizer: tests/sanitize.sh [address|thread...] [-- TEST OPTIONS...]
# Needs a nightly toolchain; the thread sanitizer also its rust-src, for a standard library that is not instrumented makes
# it report races that are none. What cannot run is said, and is no failure.

set -u
cd "$(dirname "$0")/.." || exit 1

sanitizers=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    sanitizers+=("$1")
    shift
done
[ $# -eq 0 ] || shift
[ ${#sanitizers[@]} -gt 0 ] || sanitizers=(address thread)

if ! sysroot=$(rustc +nightly --print sysroot 2>/dev/null); then
    echo 'not run: there is no nightly toolchain'
    exit 0
fi
host=$(rustc +nightly --version --verbose | sed -n 's/^host: //p')

# This one measures resident memory, which a sanitizer multiplies.
resident=(--skip memory_stays_within_the_bound_and_everything_recovers)

failed=()
ran=()
for sanitizer in "${sanitizers[@]}"; do
    echo "=== $sanitizer"
    std=()
    if [ "$sanitizer" = thread ]; then
        if [ ! -d "$sysroot/lib/rustlib/src" ]; then
            echo 'not run: the nightly toolchain has no rust-src'
            continue
        fi
        std=(-Zbuild-std)
    fi
    ran+=("$sanitizer")
    RUSTFLAGS="-Zsanitizer=$sanitizer" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/sanitize-$sanitizer" \
        cargo +nightly test "${std[@]}" --target "$host" --tests --no-fail-fast -- "${resident[@]}" "$@" ||
        failed+=("$sanitizer")
done

[ ${#failed[@]} -eq 0 ] || { echo "FAILED: ${failed[*]}"; exit 1; }
echo "ok: ran under ${ran[*]:-none}"
