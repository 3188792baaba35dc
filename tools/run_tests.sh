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
    # Under sanitizers so far: the engine, and the loop.  The simulator's sweeps and the tests that start real processes are
    # still to be seen clean there.
    build asan engine_chain_test engine_core_test engine_fog_test engine_fog_ingest_test engine_model_test engine_check_test
    run_ctest asan -L '^engine$' "$@"
    build tsan real_loop_test
    run_ctest tsan -R '^IoLoop[.]' "$@"
    presets="dev release"
    source tools/determinism.sh
fi
