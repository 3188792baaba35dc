#pragma once

#include <concepts>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/chain/hc128.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/types.hpp"

// What the tests of this folder share.

namespace engine::chain::test {

using Json = nlohmann::json;

inline Bytes hex(std::string_view text) { return from_hex(text).value(); }
template <std::same_as<Json> J>
Bytes hex(const J& json) {
    return hex(std::string_view(json.template get_ref<const std::string&>()));
}

template <class Fixed>
Fixed fixed(const Json& json) {
    return fixed_from_hex<Fixed>(json.get_ref<const std::string&>()).value();
}

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A file of known answers that belongs to the project.
inline Json test_data(const std::string& name) {
    return Json::parse(read_file(std::filesystem::path(FOG_SOURCE_DIR) / "engine/chain/testdata" / name));
}

/// A stream that depends on nothing but the number.
class SeededBytes : public ByteSource {
public:
    explicit SeededBytes(std::uint8_t seed)
        : rng_([seed] {
              Hc128::Seed bytes;
              bytes.fill(seed);
              return bytes;
          }()) {}
    void fill(std::span<std::uint8_t> out) override { rng_.fill(out); }
    std::uint32_t below(std::uint32_t bound) { return rng_.uniform(0, bound - 1); }

private:
    Hc128 rng_;
};

} // namespace engine::chain::test
