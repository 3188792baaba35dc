#include "tools/fog_node/build_info.hpp"

#include "tools/build_facts.hpp"

namespace fog_node {
namespace {

BuildInfo make() {
    BuildInfo info;
    info.version = tools::build_facts().version;
    info.git_commit = tools::build_facts().commit;
#ifdef NDEBUG
    info.profile = "release";
    info.opt_level = "3";
#else
    info.profile = "debug";
    info.opt_level = "0";
    info.debug = true;
#endif
#if defined(__x86_64__)
    info.target_arch = "x86_64";
#elif defined(__aarch64__)
    info.target_arch = "aarch64";
#else
    info.target_arch = "other";
#endif
    info.sgx_mode = "none, attestation is simulated, no security";
    return info;
}

} // namespace

const BuildInfo& build_info() {
    static const BuildInfo info = make();
    return info;
}

} // namespace fog_node
