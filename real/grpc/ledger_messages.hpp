#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/chain/merkle.hpp"
#include "engine/fog/ports.hpp"
#include "proto/ledger.pb.h"

// Inside real/grpc only: fog-ledger's messages and the engine's structs.  What does not parse gives nothing.

namespace real::grpc {

using BlockTimes = std::function<engine::fog::BlockTime(engine::BlockIndex)>;
using Proofs = std::function<std::optional<engine::chain::TxOutMembershipProof>(engine::GlobalIndex)>;

// Key images: CheckKeyImagesRequest and, from a router, CheckKeyImagesResponse.
std::string key_images_request(const std::vector<engine::chain::KeyImage>& images);
std::optional<std::vector<engine::chain::KeyImage>> key_images_from(const std::string& request);
/// @param times  of the blocks where images were spent; empty: unavailable
std::string key_images_response(const engine::fog::KeyImagesAnswer& answer, const BlockTimes& times);
std::optional<engine::fog::KeyImagesAnswer> key_images_answer_from(const std::string& response);

// Between a router and a store, where upstream's enclaves exchange a Rust struct in CBOR.
std::string key_image_store_response(const engine::fog::KeyImageStoreAnswer& answer, const BlockTimes& times);
std::optional<engine::fog::KeyImageStoreAnswer> key_image_store_answer_from(const std::string& response);

// Outputs by index.
std::string outputs_request(const std::vector<engine::GlobalIndex>& indices);
std::optional<std::vector<engine::GlobalIndex>> output_indices_from(const std::string& request);
/// @param proofs  empty: a proof names its index and the highest one, and has no elements
std::string outputs_response(const engine::fog::OutputsAnswer& answer, const Proofs& proofs);
std::optional<engine::fog::OutputsAnswer> outputs_answer_from(const std::string& response);

// Blocks.
fog_ledger::BlockRequest blocks_request(const std::vector<engine::BlockRange>& ranges);
/// As asked, less those without blocks.
std::vector<engine::BlockRange> block_ranges_from(const fog_ledger::BlockRequest& request);
fog_ledger::BlockResponse blocks_response(const engine::fog::BlocksAnswer& answer);
/// The blocks have neither key images nor a version.
std::optional<engine::fog::BlocksAnswer> blocks_answer_from(const fog_ledger::BlockResponse& response);

// Outputs by public key.
fog_ledger::TxOutRequest tx_outs_request(const std::vector<engine::chain::PublicKey>& keys);
std::optional<std::vector<engine::chain::PublicKey>>
tx_out_keys_from(const fog_ledger::TxOutRequest& request);
fog_ledger::TxOutResponse tx_outs_response(const engine::fog::TxOutStatusAnswer& answer);
std::optional<engine::fog::TxOutStatusAnswer> tx_outs_answer_from(const fog_ledger::TxOutResponse& response);

} // namespace real::grpc
