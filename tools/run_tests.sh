# Sourced by ./run: builds and runs every test.  With CI=true they run under the address and undefined behaviour
# sanitizers in place of the plain build, those of what has threads under the thread sanitizer, too, and trace digests
# are compared between builds: all that in half an hour on two cores, cold.  Arguments go to ctest (for instance -R wallet).

# stage NAME COMMAND...: what is going on, and how long it took.
stage() {
    local name=$1 begun=$SECONDS
    shift
    "$@"
    echo "test: $name took $((SECONDS - begun)) s"
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

need "to check the sources" "${format_packages[@]}" python3
if [ -z "${CI:-}" ]; then
    build dev
    run_ctest dev "$@"
    run_checks
else
    # On a machine without a compiler cache nothing is gained from filling one, and that takes an eighth of the time.
    [ -d "${CCACHE_DIR:-$HOME/.cache/ccache}" ] || export CCACHE_DISABLE=1
    stage "checking the sources" run_checks
    stage "building asan" build asan
    stage "testing asan" run_ctest asan "$@"
    stage "building tsan" build tsan real_tests
    stage "testing tsan" run_ctest tsan -L '^real$' "$@"
    presets="release asan"
    stage "comparing digests" source tools/determinism.sh
fi
