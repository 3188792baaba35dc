# Sourced by ./run: builds and runs every test.  With CI=true the sanitizer build runs too and trace digests are
# compared between builds.  Arguments go to ctest (for instance -R wallet).

build dev
status=0
(cd build/dev && ctest --output-on-failure --no-tests=error -j 2 "$@") || status=$?
if [ "${CI:-}" ] && [ "$status" -eq 0 ]; then
    build asan
    (cd build/asan && ctest --output-on-failure --no-tests=error -j 2 "$@") || status=$?
fi
exit "$status"
