#pragma once

#include <filesystem>
#include <string>
#include <vector>

// Certificate chains for tests of fog report signing: good ones, and ones that a verifier must refuse.
// source: crypto/x509/test-vectors

namespace tools {

struct TestChain {
    const char* name;
    bool has_key;
    const char* content;
};

/// Names in upstream's order, each with what its PEM holds from top to bottom.
const std::vector<TestChain>& test_chains();

/// Writes NAME.pem and NAME.key for every chain into `folder`, which appears as a whole or not at all.  Keys
/// are fresh on every call.  Takes a second or two: RSA keys of 4096 bits. Throws std::runtime_error when
/// OpenSSL or the file system refuses.
void write_test_chains(const std::filesystem::path& folder);

} // namespace tools
