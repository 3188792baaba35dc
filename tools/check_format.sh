#!/usr/bin/env bash
# Fails when clang-format would change a source.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v clang-format-14 >/dev/null; then
    echo "check_format: clang-format-14 is not installed; ./run format installs it" >&2
    exit 1
fi
bad=$(git ls-files -- '*.cpp' '*.hpp' | while read -r file; do
    [ -e "$file" ] || continue
    clang-format-14 "$file" | cmp -s - "$file" || echo "$file"
done)
if [ -n "$bad" ]; then
    echo "check_format: ./run format would change:" >&2
    echo "$bad" >&2
    exit 1
fi
echo "check_format: ok"
