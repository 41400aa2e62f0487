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

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo 'a nightly toolchain is missing: rustup toolchain install nightly'
    exit 1
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo 'cargo-fuzz is missing: cargo install cargo-fuzz'
    exit 1
fi

# summary FILE: executions, and how many edges were covered by the corpus and in the end.
summary() {
    awk '/\tINITED / { sub(/.*cov: /, ""); from = $1 } /\tDONE / { sub(/.*cov: /, ""); to = $1 }
        /number_of_executed_units/ { runs = $2 }
        END { printf "%d executions, %d edges covered by the corpus, %d in the end\n", runs, from, to }' "$1"
}

failed=()
for target in "${targets[@]}"; do
    echo "=== $target"
    mkdir -p "found/$target"
    log=found/$target.log
    # Without a sanitizer: there is no unsafe code, and panics and memory are what is looked for.
    if cargo +nightly fuzz run --fuzz-dir . --sanitizer none "$target" "found/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 >"$log" 2>&1; then
        summary "$log"
    else
        failed+=("$target")
        tail -n 40 "$log"
    fi
done

[ ${#failed[@]} -eq 0 ] || { echo "FAILED: ${failed[*]}"; exit 1; }
echo "ok: ${#targets[@]} targets, $seconds s each"
