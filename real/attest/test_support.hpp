#pragma once

#include <filesystem>

#include "engine/chain/test_support.hpp"
#include "engine/chain/testing/upstream_vectors.hpp"
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

inline X25519Keys keys(const Json& secret) { return X25519Keys::from(fixed<X25519Private>(secret)); }

} // namespace real::attest::test
