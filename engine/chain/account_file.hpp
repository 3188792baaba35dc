#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/chain/secret.hpp"
#include "engine/chain/types.hpp"

namespace engine::chain {

/// What `account_keys_<i>.json` holds.
struct AccountFile {
    std::string mnemonic; ///< overwritten in the end
    std::uint32_t account_index = 0;
    std::optional<std::string> fog_report_url{};
    std::string fog_report_id{};
    std::optional<Bytes> fog_authority_spki{};

    ~AccountFile() { wipe(mnemonic.data(), mnemonic.size()); }
};

/// Compact JSON with upstream's key order, no line end.  It holds the mnemonic: the caller wipes it.
/// @source util/keyfile/src/json_format.rs
std::string to_json(const AccountFile& file);

/// Also reads the older form with `root_entropy`.  Null and missing fog fields read as none.
/// @param why  set to the reason when nothing is returned
std::optional<AccountKey> account_from_json(std::string_view json, std::string& why);

} // namespace engine::chain
