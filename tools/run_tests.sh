# Sourced by ./run: builds and runs every test.  With CI=true
#   every test runs under the address and undefined behaviour sanitizers (GCC, Debug), in place of the plain build,
#   those of what has threads under the thread sanitizer, too,
#   those of the simulator and of fogsim's searches in clang's Release build, too, the longest searches there only,
#   every header is compiled by itself, coroutines are searched for what GCC 12.2 destroys twice,
#   and trace digests are compared between these two builds of fogsim and GCC's Release build.
# Arguments go to ctest (for instance -R wallet).  The last lines are a table of the stages with their times.

stage_names=()
stage_times=()
# stage NAME COMMAND...: what is going on, and how long it took.
stage() {
    local name=$1 begun=$SECONDS
    shift
    "$@"
    stage_names+=("$name")
    stage_times+=($((SECONDS - begun)))
    echo "test: $name took ${stage_times[-1]} s"
}
stage_table() {
    local i sum=0
    echo "test: stage                                    seconds"
    for i in "${!stage_names[@]}"; do
        printf 'test: %-40s %7d\n' "${stage_names[$i]}" "${stage_times[$i]}"
        sum=$((sum + stage_times[i]))
    done
    printf 'test: %-40s %7d\n' "all" "$sum"
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
    python3 tools/check_stories.py
}
# With clang, in its build: what that build has generated and precompiled is used.
parse_sources() {
    need "to parse the sources" "${query_packages[@]}"
    build clang fog_test_pch fog_proto
    python3 tools/check_headers.py build/clang
    python3 tools/check_coroutines.py build/clang
}
compare_digests() {
    local presets="release asan clang"
    source tools/determinism.sh
}

# Searches of thousands of runs.  What they execute shorter tests execute, too, and under the sanitizers each would take
# minutes.
long_searches='^(ShardTest\.(an_exhaustive|a_table|a_lost|all_failures)|ExhaustiveTest\.(six_by|result_is)|MutantsTest\.'
long_searches+='|Novelty\.|NovelSweep\.(a_graft|what_fails)|Pct\.bug_of|Lines\.whole|ShippedLogic\.)'
# Those of fogsim as a program.
search_programs="shard_test exhaustive_test mutants_test"

# The tests of what has no process, no network and no thread of its own: they are built in every build.
simulator_tests='^(engine|sim|search|scenarios|property_tests)$'

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
    stage "testing asan" run_ctest asan -E "$long_searches" "$@"
    stage "building tsan" build tsan real_tests
    stage "testing tsan" run_ctest tsan -L '^real$' "$@"
    # shellcheck disable=SC2086
    stage "building clang (simulator)" build clang fogsim simulator_tests $search_programs
    stage "testing clang (simulator)" run_ctest clang -L "$simulator_tests" "$@"
    stage "testing clang (searches)" run_ctest clang -R '^(ShardTest|ExhaustiveTest|MutantsTest)\.' "$@"
    stage "parsing headers and coroutines" parse_sources
    stage "comparing digests" compare_digests
    stage_table
fi
