# Sourced by ./run: builds and runs every test.  With CI=true the sanitizer builds run too (the thread sanitizer's only
# for what has threads) and trace digests are compared between builds.  Arguments go to ctest (for instance -R wallet).

# The test preset fails when no test is found.
run_ctest() {
    local preset=$1
    shift
    (cd "build/$preset" && ctest --output-on-failure --no-tests=error -j 2 "$@")
}

need "${format_packages[@]}" python3
build dev
run_ctest dev "$@"
tools/check_format.sh
python3 tools/check_layers.py
python3 tools/check_hygiene.py
if [ "${CI:-}" ]; then
    build asan
    run_ctest asan "$@"
    # The thread sanitizer is for what has threads.
    build tsan real_tests
    run_ctest tsan -L '^real$' "$@"
    presets="dev release asan"
    source tools/determinism.sh
fi
