#!/usr/bin/env bash
# Fuzzes each target for so many seconds: tests/fuzz/run.sh [SECONDS, 60 by default] [TARGET...]
# Needs a nightly toolchain and cargo-fuzz. What is found on the way is kept in found/, which is not part of the
# repository; an input that fails lies in artifacts/ and belongs into corpus/TARGET/ once it is fixed, where the tests
# replay it.

set -u
cd "$(dirname "$0")" || exit 1

seconds=${1:-60}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .rs fuzz_targets/*.rs)

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo 'cargo-fuzz is missing: cargo install cargo-fuzz'
    exit 1
fi

failed=()
for target in "${targets[@]}"; do
    echo "=== $target"
    mkdir -p "found/$target"
    # Without a sanitizer: there is no unsafe code, and panics and memory are what is looked for.
    cargo +nightly fuzz run --fuzz-dir . --sanitizer none "$target" "found/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 -verbosity=0 ||
        failed+=("$target")
done

[ ${#failed[@]} -eq 0 ] || { echo "FAILED: ${failed[*]}"; exit 1; }
echo "ok: ${#targets[@]} targets, $seconds s each"
