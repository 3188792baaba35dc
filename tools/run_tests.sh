# Sourced by ./run: builds and runs every test.  With CI=true the sanitizer builds run too (the thread sanitizer's only
# for what has threads) and trace digests are compared between builds.  Arguments go to ctest (for instance -R wallet).

# stage NAME COMMAND...: what is going on, and how long it took.
stage() {
    local name=$1 begun=$SECONDS
    shift
    "$@"
    [ -z "${CI:-}" ] || echo "test: $name took $((SECONDS - begun)) s"
}
# The test preset fails when no test is found.
run_ctest() {
    local preset=$1
    shift
    (cd "build/$preset" && ctest --output-on-failure --no-tests=error -j 2 "$@")
}
run_checks() {
    tools/check_format.sh
    python3 tools/check_layers.py
    python3 tools/check_hygiene.py
}

need "${format_packages[@]}" python3
stage "building dev" build dev
stage "testing dev" run_ctest dev "$@"
stage "checking the sources" run_checks
if [ "${CI:-}" ]; then
    stage "building asan" build asan
    stage "testing asan" run_ctest asan "$@"
    # The thread sanitizer is for what has threads.
    stage "building tsan" build tsan real_tests
    stage "testing tsan" run_ctest tsan -L '^real$' "$@"
    presets="dev release asan"
    stage "comparing digests" source tools/determinism.sh
fi
