#!/bin/sh
# The gate's page in a headless browser. Without one: a line that says so, and exit code 77, for skipped.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v chromedriver >/dev/null || ! command -v chromium >/dev/null; then
    echo "browser test skipped: chromium or chromedriver is missing (apt-get install chromium chromium-driver)"
    exit 77
fi
exec env RTM_FULL=1 cargo test --quiet --test browser -- --nocapture
