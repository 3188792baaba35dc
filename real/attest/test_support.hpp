#pragma once

#include <cstdlib>
#include <filesystem>

#include "engine/chain/test_support.hpp"
#include "real/attest/noise.hpp"

// What the tests of this folder share.

namespace real::attest::test {

using engine::chain::test::fixed;
using engine::chain::test::hex;
using engine::chain::test::Json;
using engine::chain::test::read_file;

inline Json test_data(const std::string& name) {
    return Json::parse(read_file(std::filesystem::path(FOG_SOURCE_DIR) / "real/attest/testdata" / name));
}

/// Known answers of MobileCoin's own programs, which are not part of this project: FOG_VECTORS names the
/// folder that holds them.
inline std::filesystem::path upstream_vectors(const std::string& name) {
    // Read once, before any test runs, and only to find files.
    const char* named = std::getenv("FOG_VECTORS");
    const std::filesystem::path folder =
        named != nullptr ? std::filesystem::path(named)
                         : std::filesystem::path(FOG_SOURCE_DIR) / "../shared/upstream/vectors";
    return folder / "tx" / name;
}

inline X25519Keys keys(const Json& secret) { return X25519Keys::from(fixed<X25519Private>(secret)); }

} // namespace real::attest::test
