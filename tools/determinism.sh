# Sourced by ./run: the trace digests of a set of seeds and scenarios must be the same in every build.
#   ./run determinism            dev, release, asan and clang
#   presets="dev release" ...    the builds to compare

presets=${presets:-dev release asan clang}
for preset in $presets; do
    build "$preset" fogsim
done
scenarios=$(build/"${presets%% *}"/bin/fogsim --list-scenarios | cut -d' ' -f1)
reference=""
different=0
lines=0
for preset in $presets; do
    report=build/$preset/digests.txt
    for scenario in $scenarios; do
        for seed in 1 0xfeedfacecafe 18446744073709551600; do
            build/"$preset"/bin/fogsim --scenario "$scenario" --seed "$seed" --runs 3 --jobs 2
        done
    done >"$report" 2>&1 || true
    # fogsim's three-shard world as well: other paths of the routers.
    build/"$preset"/bin/fogsim --seed 9 --runs 3 --topology view-shards=3,image-shards=3,view-replicas=2 >>"$report" 2>&1 || true
    # And what every strategy decides.
    for strategy in portfolio pct:2 urw; do
        build/"$preset"/bin/fogsim --scenario lag --runs 40 --strategy "$strategy" >>"$report" 2>&1 || true
    done
    if [ -z "$reference" ]; then
        reference=$report
        lines=$(grep -c 'trace=' "$report" || true)
        # A sweep also says what one more run may show.
        if grep -v '^One more run may show ' "$report" | grep -qv ': PASS '; then
            grep -v '^One more run may show ' "$report" | grep -v ': PASS ' | head -n 5
            different=1
        fi
    elif ! diff "$reference" "$report"; then
        echo "determinism: $preset differs from ${presets%% *}" >&2
        different=1
    fi
done
[ "$lines" -gt 0 ] || different=1
if [ "$different" -ne 0 ]; then
    echo "determinism: FAIL"
    exit 4
fi
echo "determinism: $lines digests are the same in: $presets"
