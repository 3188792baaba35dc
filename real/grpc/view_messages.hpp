#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "proto/view.pb.h"

// Inside real/grpc only: fog-view's messages and the engine's structs.

namespace real::grpc {

/// Room of a record in an answer: every result takes as much.
inline constexpr std::size_t fixed_payload_size = 255;

/// A query as it came, keys of a wrong length included.
struct AskedView {
    engine::fog::ViewQuery query;   ///< the good keys only
    std::vector<std::string> asked; ///< every key, as asked
};

/// @return nothing when one of the parts is malformed
std::optional<AskedView> view_query_from(const std::string& aad, const std::string& plaintext);
/// The aad and the plaintext of a query.
std::pair<std::string, std::string> to_messages(const engine::fog::ViewQuery& query);

/// @param legacy  whether the results stand in field 7, too: what a router adds and wallets read
std::string to_message(const engine::fog::ViewAnswer& answer, const std::vector<std::string>& asked,
                       bool legacy);
/// The results are brought into the order of `keys`; one that is missing is an internal error of that key.
/// @return nothing when malformed
std::optional<engine::fog::ViewAnswer> view_answer_from(const std::string& plaintext,
                                                        const std::vector<engine::chain::SearchKey>& keys);

} // namespace real::grpc
