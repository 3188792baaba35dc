#include "real/grpc/ledger_messages.hpp"

#include <algorithm>

#include "engine/chain/bytes.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/output_wire.hpp"
#include "real/grpc/cbor.hpp"
#include "real/grpc/message.hpp"

namespace real::grpc {
namespace {

namespace wire = ::fog_ledger;
using namespace engine;
using namespace engine::fog;

std::string text(chain::ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Fixed>
std::optional<Fixed> fixed_from(std::string_view bytes) {
    return Fixed::from(chain::as_bytes(bytes));
}

/// What a service says it can read at most.
std::uint32_t max_version(std::uint32_t latest) { return std::max(latest, chain::newest_block_version); }

BlockTime time_of(const BlockTimes& times, BlockIndex block) {
    BlockTime unavailable;
    unavailable.code = BlockTime::Code::unavailable;
    return times ? times(block) : unavailable;
}

/// The origin block is older than every watcher: out of bounds, to upstream.
constexpr std::uint32_t out_of_bounds = 5;

std::uint32_t time_code(const BlockTime& time, BlockIndex block) {
    const bool has_none = time.code == BlockTime::Code::found && time.timestamp_s == unknown_timestamp;
    if (block.value == 0 && has_none) return out_of_bounds;
    return static_cast<std::uint32_t>(time.code);
}

// Upstream has one more code, a database in trouble: no time either.
BlockTime time_from(std::uint64_t timestamp_s, std::uint32_t code) {
    BlockTime time;
    time.code = BlockTime::Code::unavailable;
    if (code == 1 || code == out_of_bounds) time.code = BlockTime::Code::found;
    if (code == 2) time.code = BlockTime::Code::behind;
    time.timestamp_s = timestamp_s;
    return time;
}

std::optional<KeyImageResult> key_image_result(std::string_view image, std::uint64_t spent_at,
                                               std::uint64_t code) {
    const auto key_image = fixed_from<chain::KeyImage>(image);
    if (!key_image) return std::nullopt;
    KeyImageResult result;
    result.image = *key_image;
    result.code = code == 1 || code == 2 ? static_cast<KeyImageCode>(code) : KeyImageCode::error;
    if (result.code == KeyImageCode::spent) result.spent_at = BlockIndex{spent_at};
    return result;
}

void set_output(external::TxOut& message, const chain::TxOut& output) {
    const chain::Bytes bytes = chain::encode(output);
    const bool is_same_format = message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    ENSURE(is_same_format);
}

std::optional<chain::TxOut> output_from(const external::TxOut& message) {
    return chain::decode_tx_out(chain::as_bytes(message.SerializeAsString()));
}

void set_proof(external::TxOutMembershipProof& message, const chain::TxOutMembershipProof& proof) {
    message.set_index(proof.index);
    message.set_highest_index(proof.highest_index);
    for (const chain::TxOutMembershipElement& element : proof.elements) {
        auto* out = message.add_elements();
        out->mutable_range()->set_from(element.range.from);
        out->mutable_range()->set_to(element.range.to);
        out->mutable_hash()->set_data(text(element.hash.view()));
    }
}

} // namespace

// ------------------------------------------------------------------------------------------------ key images

std::string key_images_request(const std::vector<chain::KeyImage>& images) {
    wire::CheckKeyImagesRequest request;
    for (const chain::KeyImage& image : images)
        request.add_queries()->mutable_key_image()->set_data(text(image.view()));
    return request.SerializeAsString();
}

std::optional<std::vector<chain::KeyImage>> key_images_from(const std::string& bytes) {
    const auto request = parse<wire::CheckKeyImagesRequest>(bytes);
    if (!request) return std::nullopt;
    std::vector<chain::KeyImage> images;
    for (const wire::KeyImageQuery& query : request->queries()) {
        if (query.key_image().data().empty()) { // an image of zeros, as upstream reads it
            images.emplace_back();
            continue;
        }
        const auto image = fixed_from<chain::KeyImage>(query.key_image().data());
        if (!image) return std::nullopt;
        images.push_back(*image);
    }
    return images;
}

std::string key_images_response(const KeyImagesAnswer& answer, const BlockTimes& times) {
    wire::CheckKeyImagesResponse response;
    response.set_num_blocks(answer.count.value);
    response.set_global_txo_count(answer.global_txo_count);
    response.set_latest_block_version(answer.latest_block_version);
    response.set_max_block_version(max_version(answer.latest_block_version));
    for (const KeyImageResult& result : answer.results) {
        auto* out = response.add_results();
        out->mutable_key_image()->set_data(text(result.image.view()));
        out->set_key_image_result_code(static_cast<std::uint32_t>(result.code));
        if (result.code == KeyImageCode::spent) {
            const BlockTime time = time_of(times, result.spent_at);
            out->set_spent_at(result.spent_at.value);
            out->set_timestamp(time.timestamp_s);
            out->set_timestamp_result_code(static_cast<std::uint32_t>(time.code));
        } else { // numbers that mean nothing, the ones upstream's routers send
            out->set_spent_at(1);
            out->set_timestamp(unknown_timestamp);
            out->set_timestamp_result_code(1);
        }
    }
    return response.SerializeAsString();
}

std::optional<KeyImagesAnswer> key_images_answer_from(const std::string& bytes) {
    const auto response = parse<wire::CheckKeyImagesResponse>(bytes);
    if (!response) return std::nullopt;
    KeyImagesAnswer answer;
    answer.count = BlockCount{response->num_blocks()};
    answer.global_txo_count = response->global_txo_count();
    answer.latest_block_version = response->latest_block_version();
    for (const wire::KeyImageResult& result : response->results()) {
        const auto out =
            key_image_result(result.key_image().data(), result.spent_at(), result.key_image_result_code());
        if (!out) return std::nullopt;
        answer.results.push_back(*out);
    }
    return answer;
}

// A Rust struct as serde writes it.  Its field names are upstream's; how a key image stands in it (a byte
// string) is an assumption, which only matters to a store or router that is not ours.
std::string key_image_store_response(const KeyImageStoreAnswer& answer, const BlockTimes& times) {
    const KeyImagesAnswer& images = answer.images;
    CborWriter out;
    out.map(2).text("untrusted_response").map(4);
    out.text("processed_block_range").map(2);
    out.text("start_block").number(answer.processed.start.value);
    out.text("end_block").number(answer.processed.end.value);
    out.text("last_known_block_cumulative_txo_count").number(images.global_txo_count);
    out.text("latest_block_version").number(images.latest_block_version);
    out.text("max_block_version").number(max_version(images.latest_block_version));
    out.text("results").array(images.results.size());
    for (const KeyImageResult& result : images.results) {
        const bool spent = result.code == KeyImageCode::spent;
        BlockTime time;
        if (spent) time = time_of(times, result.spent_at);
        out.map(5);
        out.text("key_image").bytes(text(result.image.view()));
        out.text("spent_at").number(spent ? result.spent_at.value : ~std::uint64_t{0});
        out.text("timestamp").number(time.timestamp_s);
        out.text("timestamp_result_code").number(1); // whatever the watcher knew, as upstream's stores
        out.text("key_image_result_code").number(static_cast<std::uint64_t>(result.code));
    }
    return out.take();
}

namespace {

/// Reads a map whose values are numbers, in any order; other fields are passed over.
bool read_numbers(CborReader& reader,
                  std::initializer_list<std::pair<std::string_view, std::uint64_t*>> fields) {
    const auto pairs = reader.map();
    if (!pairs) return false;
    for (std::uint64_t i = 0; i < *pairs; ++i) {
        const auto key = reader.text();
        if (!key) return false;
        const auto field =
            std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == *key; });
        if (field == fields.end()) {
            if (!reader.skip()) return false;
        } else {
            const auto value = reader.number();
            if (!value) return false;
            *field->second = *value;
        }
    }
    return true;
}

bool read_state(CborReader& reader, KeyImageStoreAnswer& answer) {
    const auto pairs = reader.map();
    if (!pairs) return false;
    for (std::uint64_t i = 0; i < *pairs; ++i) {
        const auto key = reader.text();
        if (!key) return false;
        if (*key == "processed_block_range") {
            if (!read_numbers(reader, {{"start_block", &answer.processed.start.value},
                                       {"end_block", &answer.processed.end.value}}))
                return false;
        } else if (*key == "last_known_block_cumulative_txo_count") {
            const auto count = reader.number();
            if (!count) return false;
            answer.images.global_txo_count = *count;
        } else if (*key == "latest_block_version") {
            const auto version = reader.number();
            if (!version || *version > ~std::uint32_t{0}) return false;
            answer.images.latest_block_version = static_cast<std::uint32_t>(*version);
        } else if (!reader.skip()) {
            return false;
        }
    }
    return true;
}

bool read_results(CborReader& reader, std::vector<KeyImageResult>& results) {
    const auto count = reader.array();
    if (!count) return false;
    for (std::uint64_t i = 0; i < *count; ++i) {
        const auto pairs = reader.map();
        if (!pairs) return false;
        std::string_view image;
        std::uint64_t spent_at = 0;
        std::uint64_t code = 0;
        for (std::uint64_t field = 0; field < *pairs; ++field) {
            const auto key = reader.text();
            if (!key) return false;
            if (*key == "key_image") {
                const auto bytes = reader.bytes();
                if (!bytes) return false;
                image = *bytes;
            } else if (*key == "spent_at" || *key == "key_image_result_code") {
                const auto value = reader.number();
                if (!value) return false;
                (*key == "spent_at" ? spent_at : code) = *value;
            } else if (!reader.skip()) {
                return false;
            }
        }
        const auto result = key_image_result(image, spent_at, code);
        if (!result) return false;
        results.push_back(*result);
    }
    return true;
}

} // namespace

std::optional<KeyImageStoreAnswer> key_image_store_answer_from(const std::string& bytes) {
    CborReader reader(bytes);
    KeyImageStoreAnswer answer;
    const auto pairs = reader.map();
    if (!pairs) return std::nullopt;
    for (std::uint64_t i = 0; i < *pairs; ++i) {
        const auto key = reader.text();
        if (!key) return std::nullopt;
        const bool good = *key == "untrusted_response" ? read_state(reader, answer)
                          : *key == "results"          ? read_results(reader, answer.images.results)
                                                       : reader.skip();
        if (!good) return std::nullopt;
    }
    if (!reader.at_end()) return std::nullopt;
    answer.images.count = BlockCount{answer.processed.end.value};
    return answer;
}

// ------------------------------------------------------------------------------------------------ outputs

std::string outputs_request(const std::vector<GlobalIndex>& indices) {
    wire::GetOutputsRequest request;
    for (GlobalIndex index : indices) request.add_indices(index.value);
    return request.SerializeAsString();
}

std::optional<std::vector<GlobalIndex>> output_indices_from(const std::string& bytes) {
    const auto request = parse<wire::GetOutputsRequest>(bytes);
    if (!request) return std::nullopt;
    std::vector<GlobalIndex> indices;
    for (std::uint64_t index : request->indices()) indices.push_back(GlobalIndex{index});
    return indices;
}

std::string outputs_response(const OutputsAnswer& answer, const Proofs& proofs) {
    wire::GetOutputsResponse response;
    response.set_num_blocks(answer.count.value);
    response.set_global_txo_count(answer.global_txo_count);
    response.set_latest_block_version(answer.latest_block_version);
    response.set_max_block_version(max_version(answer.latest_block_version));
    for (const OutputResult& result : answer.results) {
        auto* out = response.add_results();
        out->set_index(result.index.value);
        out->set_result_code(static_cast<std::uint32_t>(result.code));
        if (!result.output) { // there, but empty, as upstream's
            (void)out->mutable_output();
            (void)out->mutable_proof();
            continue;
        }
        set_output(*out->mutable_output(), *result.output);
        std::optional<chain::TxOutMembershipProof> proof;
        if (proofs) proof = proofs(result.index);
        if (!proof) {
            proof.emplace();
            proof->index = result.index.value;
            proof->highest_index = result.proof_highest_index;
        }
        set_proof(*out->mutable_proof(), *proof);
    }
    return response.SerializeAsString();
}

std::optional<OutputsAnswer> outputs_answer_from(const std::string& bytes) {
    const auto response = parse<wire::GetOutputsResponse>(bytes);
    if (!response) return std::nullopt;
    OutputsAnswer answer;
    answer.count = BlockCount{response->num_blocks()};
    answer.global_txo_count = response->global_txo_count();
    answer.latest_block_version = response->latest_block_version();
    for (const wire::OutputResult& result : response->results()) {
        OutputResult out;
        out.index = GlobalIndex{result.index()};
        out.code = result.result_code() == 1 || result.result_code() == 2
                       ? static_cast<OutputResult::Code>(result.result_code())
                       : OutputResult::Code::database_error;
        if (out.code == OutputResult::Code::exists) {
            out.output = output_from(result.output());
            if (!out.output) return std::nullopt;
            out.proof_highest_index = result.proof().highest_index();
        }
        answer.results.push_back(std::move(out));
    }
    return answer;
}

// ------------------------------------------------------------------------------------------------ blocks

wire::BlockRequest blocks_request(const std::vector<BlockRange>& ranges) {
    wire::BlockRequest request;
    for (const BlockRange& range : ranges) {
        auto* out = request.add_ranges();
        out->set_start_block(range.start.value);
        out->set_end_block(range.end.value);
    }
    return request;
}

std::vector<BlockRange> block_ranges_from(const wire::BlockRequest& request) {
    std::vector<BlockRange> ranges;
    for (const auto& range : request.ranges())
        if (range.start_block() < range.end_block())
            ranges.push_back({BlockIndex{range.start_block()}, BlockIndex{range.end_block()}});
    return ranges;
}

wire::BlockResponse blocks_response(const BlocksAnswer& answer) {
    wire::BlockResponse response;
    response.set_num_blocks(answer.count.value);
    response.set_global_txo_count(answer.global_txo_count);
    for (const FoundBlock& found : answer.blocks) {
        auto* out = response.add_blocks();
        out->set_index(found.block->index.value);
        out->set_global_txo_count(found.block->cumulative_txo_count);
        for (const chain::TxOut& output : found.block->outputs) set_output(*out->add_outputs(), output);
        out->set_timestamp(found.time.timestamp_s);
        out->set_timestamp_result_code(time_code(found.time, found.block->index));
    }
    return response;
}

std::optional<BlocksAnswer> blocks_answer_from(const wire::BlockResponse& response) {
    BlocksAnswer answer;
    answer.count = BlockCount{response.num_blocks()};
    answer.global_txo_count = response.global_txo_count();
    for (const wire::BlockData& data : response.blocks()) {
        auto block = std::make_shared<LedgerBlock>();
        block->index = BlockIndex{data.index()};
        block->cumulative_txo_count = data.global_txo_count();
        for (const external::TxOut& output : data.outputs()) {
            auto out = output_from(output);
            if (!out) return std::nullopt;
            block->outputs.push_back(std::move(*out));
        }
        // The place of each output follows from the count, which must leave room for them.
        if (block->cumulative_txo_count < block->outputs.size()) return std::nullopt;
        FoundBlock found;
        found.block = std::move(block);
        found.time = time_from(data.timestamp(), data.timestamp_result_code());
        answer.blocks.push_back(std::move(found));
    }
    return answer;
}

// ------------------------------------------------------------------------------------------------ tx outs

wire::TxOutRequest tx_outs_request(const std::vector<chain::PublicKey>& keys) {
    wire::TxOutRequest request;
    for (const chain::PublicKey& key : keys) request.add_tx_out_pubkeys()->set_data(text(key.view()));
    return request;
}

std::optional<std::vector<chain::PublicKey>> tx_out_keys_from(const wire::TxOutRequest& request) {
    std::vector<chain::PublicKey> keys;
    for (const auto& key : request.tx_out_pubkeys()) {
        const auto out = fixed_from<chain::PublicKey>(key.data());
        if (!out) return std::nullopt;
        keys.push_back(*out);
    }
    return keys;
}

wire::TxOutResponse tx_outs_response(const TxOutStatusAnswer& answer) {
    wire::TxOutResponse response;
    response.set_num_blocks(answer.count.value);
    response.set_global_txo_count(answer.global_txo_count);
    for (const TxOutStatus& status : answer.results) {
        auto* out = response.add_results();
        out->mutable_tx_out_pubkey()->set_data(text(status.public_key.view()));
        // What is not found has no more to it, bytes that are no point included.
        if (status.code == TxOutStatus::Code::not_found || status.code == TxOutStatus::Code::malformed)
            continue;
        out->set_result_code(static_cast<wire::TxOutResultCode>(status.code));
        out->set_tx_out_global_index(status.place.index.value);
        out->set_block_index(status.place.block.value);
        out->set_timestamp(status.time.timestamp_s);
        out->set_timestamp_result_code(time_code(status.time, status.place.block));
    }
    return response;
}

std::optional<TxOutStatusAnswer> tx_outs_answer_from(const wire::TxOutResponse& response) {
    TxOutStatusAnswer answer;
    answer.count = BlockCount{response.num_blocks()};
    answer.global_txo_count = response.global_txo_count();
    for (const wire::TxOutResult& result : response.results()) {
        TxOutStatus status;
        const auto key = fixed_from<chain::PublicKey>(result.tx_out_pubkey().data());
        if (!key) return std::nullopt;
        status.public_key = *key;
        status.code = wire::TxOutResultCode_IsValid(result.result_code())
                          ? static_cast<TxOutStatus::Code>(result.result_code())
                          : TxOutStatus::Code::database_error;
        status.place = {GlobalIndex{result.tx_out_global_index()}, BlockIndex{result.block_index()}};
        status.time = time_from(result.timestamp(), result.timestamp_result_code());
        answer.results.push_back(status);
    }
    return answer;
}

} // namespace real::grpc
