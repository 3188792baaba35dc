#include "real/service/routers.hpp"

#include <algorithm>

#include "real/grpc/auth_token.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/view.hpp"

namespace real::service {

using engine::BlockRange;
using engine::Code;
using engine::Error;
using engine::Result;
using engine::fog::BlocksAnswer;
using engine::fog::KeyImagesAnswer;
using engine::fog::KeyImageShard;
using engine::fog::LedgerRouter;
using engine::fog::OutputsAnswer;
using engine::fog::TxOutStatusAnswer;
using engine::fog::ViewAnswer;
using engine::fog::ViewQuery;
using engine::fog::ViewRouter;
using engine::fog::ViewShard;

namespace {

// A store that hangs must not hang every wallet; three tries of this stay below a wallet's patience.
constexpr engine::Duration store_deadline = std::chrono::seconds(5);

grpc::ChannelOptions store_options(const Uri& uri) {
    grpc::ChannelOptions options(uri.address());
    options.deadline = store_deadline;
    if (!uri.user().empty()) options.authorization = grpc::basic_authorization(uri.user(), uri.password());
    return options;
}

std::optional<Uri> parse_shard(const UriKind& kind, const std::string& text, std::optional<BlockRange>& range,
                               std::string& why) {
    auto uri = Uri::parse(kind, text, why);
    if (!uri) return std::nullopt;
    if (uri->is_secure()) {
        why = fmt::format("encrypted connections are not offered, use {}://", kind.insecure);
        return std::nullopt;
    }
    if (const auto strategy = uri->parameter("sharding_strategy")) {
        range = parse_sharding_strategy(*strategy);
        if (!range) {
            why = fmt::format("sharding_strategy '{}' is neither 'default' nor a range A-B", *strategy);
            return std::nullopt;
        }
    }
    return uri;
}

} // namespace

// ------------------------------------------------------------------------------------------------ view

struct ShardedView::Store {
    Store(grpc::ClientRuntime& runtime, const Uri& uri)
        : channel(runtime, store_options(uri)), client(channel) {}
    grpc::Channel channel;
    grpc::ViewStoreClient client;
};

ShardedView::ShardedView(engine::Host& host, grpc::ClientRuntime& runtime, Log& log,
                         engine::fog::RouterConfig config)
    : host_(host), runtime_(runtime), log_(log), config_(config) {}
ShardedView::~ShardedView() = default;

std::optional<AddShardFault> ShardedView::add(const std::string& text, std::string& why) {
    std::optional<BlockRange> range;
    const auto uri = parse_shard(view_store_uri, text, range, why);
    if (!uri) return AddShardFault::bad_uri;
    auto& store = stores_[uri->address()];
    if (store) {
        why = fmt::format("{} is a shard already", uri->display());
        return AddShardFault::already_known;
    }
    store = std::make_unique<Store>(runtime_, *uri);
    shards_[range.value_or(BlockRange::all())].push_back(&store->client);
    std::vector<ViewShard> shards; // sorted by start, as the map is
    for (const auto& [blocks, replicas] : shards_) shards.push_back({blocks, replicas});
    router_ = std::make_shared<ViewRouter>(host_, std::move(shards), config_);
    log_.info("view store {} for blocks {}", uri->display(), to_text(range.value_or(BlockRange::all())));
    return std::nullopt;
}

Task<Result<ViewAnswer>> ShardedView::query(ViewQuery query) {
    if (query.keys.size() > most_keys) co_return Error{Code::invalid_argument, "query: too many search keys"};
    const std::shared_ptr<ViewRouter> router = router_; // stays the same until this query has ended
    if (!router) co_return Error{Code::unavailable, "view router: no shards"};
    Result<ViewAnswer> answer = co_await router->query(std::move(query));
    co_return answer;
}

// ------------------------------------------------------------------------------------------------ ledger

struct ShardedLedger::Store {
    Store(grpc::ClientRuntime& runtime, const Uri& uri)
        : channel(runtime, store_options(uri)), client(channel) {}
    grpc::Channel channel;
    grpc::KeyImageStoreClient client;
};

namespace {

/// For the services that need no shard.
class NoImages final : public engine::fog::KeyImageStoreApi {
    Task<Result<engine::fog::KeyImageStoreAnswer>> key_images(std::vector<engine::chain::KeyImage>) override {
        co_return Error{Code::unavailable, "ledger router: no shards"};
    }
};

KeyImageShard without_stores() {
    static NoImages none; // has no state
    KeyImageShard shard;
    shard.range = BlockRange::all();
    shard.replicas.push_back(&none);
    return shard;
}

} // namespace

ShardedLedger::ShardedLedger(engine::Host& host, grpc::ClientRuntime& runtime, Log& log,
                             const engine::fog::BlockSource& source, engine::fog::RouterConfig config)
    : host_(host), runtime_(runtime), log_(log), source_(source), config_(config),
      router_(std::make_shared<LedgerRouter>(host, source, std::vector<KeyImageShard>{without_stores()},
                                             config)) {}
ShardedLedger::~ShardedLedger() = default;

std::optional<AddShardFault> ShardedLedger::add(const std::string& text, std::string& why) {
    std::optional<BlockRange> range;
    const auto uri = parse_shard(key_image_store_uri, text, range, why);
    if (!uri) return AddShardFault::bad_uri;
    auto& store = stores_[uri->address()];
    if (store) {
        why = fmt::format("{} is a shard already", uri->display());
        return AddShardFault::already_known;
    }
    store = std::make_unique<Store>(runtime_, *uri);
    const auto equal = std::find(ranges_.begin(), ranges_.end(), range);
    if (range && equal != ranges_.end()) {
        shards_[static_cast<std::size_t>(equal - ranges_.begin())].replicas.push_back(&store->client);
    } else {
        KeyImageShard shard;
        shard.range = range.value_or(BlockRange::all());
        shard.replicas.push_back(&store->client);
        shards_.push_back(std::move(shard));
        ranges_.push_back(range);
    }
    router_ = std::make_shared<LedgerRouter>(host_, source_, shards_, config_);
    log_.info("key image store {}{}", uri->display(), range ? " for blocks " + to_text(*range) : "");
    return std::nullopt;
}

Task<Result<KeyImagesAnswer>> ShardedLedger::key_images(std::vector<engine::chain::KeyImage> images) {
    if (images.size() > most_outputs)
        co_return Error{Code::invalid_argument, "check key images: too many key images"};
    const std::shared_ptr<LedgerRouter> router = router_; // stays the same until this query has ended
    Result<KeyImagesAnswer> answer = co_await router->key_images(std::move(images));
    co_return answer;
}
Task<Result<BlocksAnswer>> ShardedLedger::blocks(std::vector<BlockRange> ranges) {
    const engine::BlockIndex end = source_.count().end();
    std::uint64_t wanted = 0;
    for (const BlockRange& range : ranges)
        if (range.start < std::min(range.end, end))
            wanted += std::min(range.end, end).value - range.start.value;
    if (wanted > most_blocks) co_return Error{Code::invalid_argument, "get blocks: too many blocks"};
    const std::shared_ptr<LedgerRouter> router = router_;
    Result<BlocksAnswer> answer = co_await router->blocks(std::move(ranges));
    co_return answer;
}
Task<Result<OutputsAnswer>> ShardedLedger::outputs(std::vector<engine::GlobalIndex> indices) {
    const std::shared_ptr<LedgerRouter> router = router_;
    Result<OutputsAnswer> answer = co_await router->outputs(std::move(indices));
    co_return answer;
}
Task<Result<TxOutStatusAnswer>> ShardedLedger::tx_outs(std::vector<engine::chain::PublicKey> public_keys) {
    if (public_keys.size() > most_outputs)
        co_return Error{Code::invalid_argument, "get tx outs: too many public keys"};
    const std::shared_ptr<LedgerRouter> router = router_;
    Result<TxOutStatusAnswer> answer = co_await router->tx_outs(std::move(public_keys));
    co_return answer;
}

} // namespace real::service
