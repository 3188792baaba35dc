#include "tools/build_facts.hpp"

#include <fog_git_commit.hpp> // made by cmake/git_commit.cmake at every build

namespace tools {

const BuildFacts& build_facts() {
    static constexpr BuildFacts facts{FOG_VERSION, FOG_GIT_COMMIT, FOG_GIT_DATE};
    return facts;
}

} // namespace tools
