#include "sim/nodes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/tell/answers.hpp"

namespace sim {

using namespace engine::fog;
using engine::chain::KeyImage;
using engine::chain::KeyPair;
using engine::chain::PublicKey;
using namespace engine::tell;

namespace {

// For answers no checker judges one by one.
constexpr auto unobserved = [](const auto&, const auto&) {};

struct Nothing {};

/// Of 256 look-ups at a store, how many fail.
std::uint32_t failed_look_ups(const Core& core, NodeId store) {
    if (core.faults.empty()) return 0;
    return core.faults.share<faults::FailedLookUps>(store);
}

engine::Stream fates_of(Surroundings world, NodeId store) {
    return open_stream(world.core.choices, StreamSite::look_up_fate, actor_of(store));
}

/// A wallet whose release is older than what it is told of.
bool is_outdated(const Core& core, NodeId wallet) {
    return !core.faults.empty() && core.faults.has<faults::OutdatedWallet>(wallet);
}
constexpr std::uint32_t version_of_tomorrow = 1;

/// A block as a wallet reads it that does not know the form of its outputs.
BlockPtr of_tomorrow(const LedgerBlock& block) {
    auto copy = std::make_shared<LedgerBlock>(block);
    for (engine::chain::TxOut& output : copy->outputs) output.masked_amount.reset();
    return copy;
}

} // namespace

// ------------------------------------------------------------------------------------------------ processes

Process::Process(Surroundings world, const engine::Roster::Service& who)
    : world_(world), host_(world.core, who.id, &abort_wish_), id_(who.id), kind_(who.kind), name_(who.name) {}

void Process::start() {
    if (up_) return;
    up_ = true;
    abort_wish_ = false;
    world_.core.record(id_, EventKind::node_started, 0, ++starts_);
    boot();
}

void Process::end(std::uint64_t how) {
    if (!up_) return;
    world_.core.treatments.stopped(id_);
    if (how == 1) about_to_die();
    world_.core.scheduler.resume_node(id_); // a killed process is not a stopped one any more
    world_.core.scheduler.kill_node(id_);
    shut_down();
    up_ = false;
    world_.core.record(id_, EventKind::node_stopped, 0, how);
}

void Process::pause() {
    world_.core.treatments.paused(id_);
    world_.core.scheduler.pause_node(id_);
    world_.core.record(id_, EventKind::node_paused, 0, 0);
}

void Process::resume() {
    if (!world_.core.scheduler.is_paused(id_)) return;
    world_.core.scheduler.resume_node(id_);
    world_.core.treatments.resumed(id_);
    world_.core.record(id_, EventKind::node_resumed, 0, 0);
}

void Process::obey_abort_wish() {
    if (!abort_wish_) return;
    abort_wish_ = false;
    engine::check::Violation violation;
    violation.check = engine::check::CheckId::crash;
    violation.what = engine::check::findings::Aborted{host_.abort_reason()};
    violation.place = name_;
    world_.checks.violated(std::move(violation));
    end(2);
}

Result<void> SimStateFile::write(const IngestState& state) {
    if (!core_.faults.empty() && core_.faults.has<faults::DiskFull>(node_)) {
        was_refused_ = true;
        return engine::Error{engine::Code::disk_full, "state file",
                             core_.faults.strike<faults::DiskFull>(node_)};
    }
    content_ = state;
    return {};
}

// ------------------------------------------------------------------------------------------------ ingest

SimIngestNode::SimIngestNode(Surroundings world, const engine::Roster::Service& who, const SimCopy& copy,
                             IngestConfig config)
    : SimNode(world, who), db_(world.db, who.id), copy_(copy), state_(world.core, who.id),
      config_(std::move(config)), operator_(std::make_unique<RemoteIngest>(world, NodeId{}, *this)) {}

void SimIngestNode::connect(const std::vector<SimIngestNode*>& all) {
    for (SimIngestNode* other : all) {
        if (other == this) continue;
        others_.push_back(other);
        peers_.push_back(std::make_unique<RemoteIngest>(world_, id(), *other));
    }
}

void SimIngestNode::judge_told(engine::check::ToldOperator told, const IngestSummary& answer) const {
    told.node = name();
    told.answer = answer;
    // Whose file somebody else has changed cannot be held to it.
    if (!state_.was_replaced()) told.file = state_.content();
    const auto row = world_.db.state().keys.find(answer.ingress_key);
    if (row != world_.db.state().keys.end()) told.row = row->second.record;
    told.key_is_shared = std::any_of(others_.begin(), others_.end(), [&answer](const SimIngestNode* other) {
        return other->service() != nullptr && other->service()->summary().ingress_key == answer.ingress_key;
    });
    engine::check::judge_told(world_.checks, told);
}

IngestPeer* SimIngestNode::find(const std::string& responder_id) {
    for (const auto& peer : peers_)
        if (peer->responder_id() == responder_id) return peer.get();
    return nullptr;
}

void SimIngestNode::boot() {
    service_.emplace(host_, db_, copy_, state_, *this, config_);
    std::vector<Core::Resuming>& resuming = world_.core.resuming;
    std::erase_if(resuming, [this](const Core::Resuming& one) { return one.node == id(); });
    if (service_->is_resuming()) resuming.push_back({id(), world_.core.scheduler.now()});
    engine::spawn(world_.core.scheduler, id(), "ingest", service_->run());
}

namespace {

using engine::check::ToldOperator;
using Command = ToldOperator::Command;

/// Judges an OK to a command that asks for nothing else.
auto told_operator(const SimIngestNode& target, Command command) {
    return [&target, command](const auto&, const IngestSummary& answer) {
        ToldOperator told;
        told.command = command;
        target.judge_told(std::move(told), answer);
    };
}

} // namespace

const std::string& RemoteIngest::responder_id() const { return target_.responder_id(); }

Task<Result<IngestSummary>> RemoteIngest::get_status() {
    auto* invoke = +[](SimIngestNode& t, Nothing) { return t.service()->get_status(); };
    return world_.network.call<IngestSummary>(caller_, target_, Method::peer_call, invoke, Nothing{},
                                              unobserved);
}
Task<Result<IngestSummary>> RemoteIngest::activate() {
    auto* invoke = +[](SimIngestNode& t, Nothing) { return t.service()->activate(); };
    return world_.network.call<IngestSummary>(caller_, target_, Method::ingest_command, invoke, Nothing{},
                                              told_operator(target_, Command::activate));
}
Task<Result<IngestSummary>> RemoteIngest::retire() {
    auto* invoke = +[](SimIngestNode& t, Nothing) { return t.service()->retire(); };
    return world_.network.call<IngestSummary>(caller_, target_, Method::ingest_command, invoke, Nothing{},
                                              told_operator(target_, Command::retire));
}
Task<Result<IngestSummary>> RemoteIngest::unretire() {
    auto* invoke = +[](SimIngestNode& t, Nothing) { return t.service()->unretire(); };
    return world_.network.call<IngestSummary>(caller_, target_, Method::ingest_command, invoke, Nothing{},
                                              told_operator(target_, Command::unretire));
}
Task<Result<IngestSummary>> RemoteIngest::set_pubkey_expiry_window(std::uint64_t blocks) {
    auto* invoke =
        +[](SimIngestNode& t, std::uint64_t n) { return t.service()->set_pubkey_expiry_window(n); };
    auto observe = [target = &target_](std::uint64_t asked, const IngestSummary& answer) {
        ToldOperator told;
        told.command = Command::set_window;
        told.window = asked;
        target->judge_told(std::move(told), answer);
    };
    return world_.network.call<IngestSummary>(caller_, target_, Method::ingest_command, invoke, blocks,
                                              observe);
}
Task<Result<IngestSummary>> RemoteIngest::set_peers(std::vector<std::string> peers) {
    auto* invoke =
        +[](SimIngestNode& t, std::vector<std::string> p) { return t.service()->set_peers(std::move(p)); };
    auto observe = [target = &target_](const std::vector<std::string>& asked, const IngestSummary& answer) {
        ToldOperator told;
        told.command = Command::set_peers;
        told.peers = asked;
        target->judge_told(std::move(told), answer);
    };
    return world_.network.call<IngestSummary>(caller_, target_, Method::ingest_command, invoke,
                                              std::move(peers), observe);
}
Task<Result<IngestSummary>> RemoteIngest::new_keys() {
    auto* invoke = +[](SimIngestNode& t, Nothing) { return t.service()->new_keys(); };
    return world_.network.call<IngestSummary>(caller_, target_, Method::ingest_command, invoke, Nothing{},
                                              told_operator(target_, Command::new_keys));
}
Task<Result<IngestSummary>> RemoteIngest::sync_keys_from_remote(std::string responder_id) {
    auto* invoke =
        +[](SimIngestNode& t, std::string id) { return t.service()->sync_keys_from_remote(std::move(id)); };
    return world_.network.call<IngestSummary>(caller_, target_, Method::ingest_command, invoke,
                                              std::move(responder_id),
                                              told_operator(target_, Command::sync_keys));
}
Task<Result<bool>> RemoteIngest::report_lost_ingress_key(PublicKey key) {
    auto* invoke = +[](SimIngestNode& t, PublicKey k) { return t.service()->report_lost_ingress_key(k); };
    return world_.network.call<bool>(caller_, target_, Method::ingest_command, invoke, key, unobserved);
}
Task<Result<std::vector<BlockRange>>> RemoteIngest::get_missed_block_ranges() {
    auto* invoke = +[](SimIngestNode& t, Nothing) { return t.service()->get_missed_block_ranges(); };
    return world_.network.call<std::vector<BlockRange>>(caller_, target_, Method::ingest_command, invoke,
                                                        Nothing{}, unobserved);
}

namespace {
struct RecordsRequest {
    BlockIndex start_at_least;
    bool include_lost;
    bool include_retired;
};
} // namespace

Task<Result<std::vector<IngressKeyRecord>>>
RemoteIngest::get_ingress_key_records(BlockIndex start_at_least, bool include_lost, bool include_retired) {
    auto* invoke = +[](SimIngestNode& t, RecordsRequest r) {
        return t.service()->get_ingress_key_records(r.start_at_least, r.include_lost, r.include_retired);
    };
    const RecordsRequest request{start_at_least, include_lost, include_retired};
    return world_.network.call<std::vector<IngressKeyRecord>>(caller_, target_, Method::ingest_command,
                                                              invoke, request, unobserved);
}
Task<Result<IngestSummary>> RemoteIngest::set_ingress_key(KeyPair key) {
    auto* invoke = +[](SimIngestNode& t, KeyPair k) { return t.service()->set_ingress_key(k); };
    return world_.network.call<IngestSummary>(caller_, target_, Method::peer_call, invoke, key, unobserved);
}
Task<Result<KeyPair>> RemoteIngest::get_ingress_key() {
    auto* invoke = +[](SimIngestNode& t, Nothing) { return t.service()->get_ingress_key(); };
    return world_.network.call<KeyPair>(caller_, target_, Method::peer_call, invoke, Nothing{}, unobserved);
}

// ------------------------------------------------------------------------------------------------ view

SimViewStore::SimViewStore(Surroundings world, const engine::Roster::Service& who, ViewStoreConfig config)
    : SimNode(world, who), db_(world.db, who.id), fates_(fates_of(world, who.id)), config_(config) {}

void SimViewStore::look_at_published() {
    published_.look(world_.checks, name(), {service_->count(), service_->last_known(), service_->as_of()});
}

Task<Result<ViewStoreAnswer>> SimViewStore::query(ViewQuery query) {
    look_at_published();
    Result<ViewStoreAnswer> answer = co_await service_->query(std::move(query));
    const std::uint32_t share = failed_look_ups(world_.core, id());
    if (answer && share > 0)
        for (SearchResult& result : answer->view.results) {
            if (!fates_.chance(share, 256)) continue;
            result.code = SearchCode::internal_error;
            result.payload.reset();
            world_.responses.look_up_failed(result.key, range());
        }
    co_return answer;
}

void SimViewStore::boot() {
    published_.begin_anew();
    service_.emplace(host_, db_, config_);
    engine::spawn(world_.core.scheduler, id(), "view store", service_->run());
}

void SimViewStore::hold(BlockCount at) {
    host_.close_gate([this, at](engine::YieldPoint point) {
        return (point == engine::YieldPoint::view_inserted ||
                point == engine::YieldPoint::view_loaded_keys) &&
               count() >= at;
    });
}

Task<Result<ViewStoreAnswer>> RemoteViewStore::query(ViewQuery query) {
    auto* invoke = +[](SimViewStore& t, ViewQuery q) { return t.query(std::move(q)); };
    auto observe = [responses = &world_.responses, target = &target_](const ViewQuery& q,
                                                                      const ViewStoreAnswer& a) {
        responses->on_view(target->name(), q, a.view, a.range);
    };
    return world_.network.call<ViewStoreAnswer>(caller_, target_, Method::view_store_query, invoke,
                                                std::move(query), observe);
}

SimViewRouter::SimViewRouter(Surroundings world, const engine::Roster::Service& who,
                             const std::vector<SimViewStore*>& stores)
    : SimNode(world, who) {
    for (SimViewStore* store : stores) {
        links_.push_back(std::make_unique<RemoteViewStore>(world, who.id, *store));
        if (shards_.empty() || shards_.back().range != store->range())
            shards_.push_back({store->range(), {}});
        shards_.back().replicas.push_back(links_.back().get());
    }
}

// A message holds what a wallet of this topology puts into one; more than that is refused.
Task<Result<ViewAnswer>> SimViewRouter::query(ViewQuery query) {
    if (query.keys.size() > world_.core.options.topology.wallet_keys)
        co_return engine::Error{engine::Code::invalid_argument, "view router: message too large"};
    co_return co_await service_->query(std::move(query));
}

void SimViewRouter::boot() { service_.emplace(host_, shards_, RouterConfig{}); }

Task<Result<ViewAnswer>> RemoteView::query(ViewQuery query) {
    auto* invoke = +[](SimViewRouter& t, ViewQuery q) { return t.query(std::move(q)); };
    auto observe = [responses = &world_.responses, target = &target_](
                       const ViewQuery& q, const ViewAnswer& a) { responses->on_view(target->name(), q, a); };
    const AskedView asked{target_.endpoint(), query.events_after, query.keys.size()};
    Result<ViewAnswer> answer = co_await world_.network.call<ViewAnswer>(caller_, target_, Method::view_query,
                                                                         invoke, std::move(query), observe);
    if (world_.core.takes_notes()) world_.core.note(caller_, answered(asked, answer));
    if (answer && is_outdated(world_.core, caller_))
        for (RngRecord& rng : answer->rngs) rng.rng_version = version_of_tomorrow;
    co_return answer;
}

// ------------------------------------------------------------------------------------------------ ledger

SimImageStore::SimImageStore(Surroundings world, const engine::Roster::Service& who, const SimCopy& copy,
                             KeyImageStoreConfig config)
    : SimNode(world, who), copy_(copy), fates_(fates_of(world, who.id)), config_(config) {}

Task<Result<KeyImageStoreAnswer>> SimImageStore::key_images(std::vector<KeyImage> images) {
    Result<KeyImageStoreAnswer> answer = co_await service_->key_images(std::move(images));
    const std::uint32_t share = failed_look_ups(world_.core, id());
    if (answer && share > 0)
        for (KeyImageResult& result : answer->images.results) {
            if (!fates_.chance(share, 256)) continue;
            result.code = KeyImageCode::error;
            world_.responses.look_up_failed(result.image, range());
        }
    co_return answer;
}

void SimImageStore::boot() {
    service_.emplace(host_, copy_, config_);
    engine::spawn(world_.core.scheduler, id(), "key image store", service_->run());
}

void SimImageStore::hold(BlockCount at) {
    host_.close_gate([this, at](engine::YieldPoint point) {
        return point == engine::YieldPoint::images_inserted && count() >= at;
    });
}

Task<Result<KeyImageStoreAnswer>> RemoteImageStore::key_images(std::vector<KeyImage> images) {
    auto* invoke = +[](SimImageStore& t, std::vector<KeyImage> i) { return t.key_images(std::move(i)); };
    auto observe = [responses = &world_.responses, target = &target_](const std::vector<KeyImage>& asked,
                                                                      const KeyImageStoreAnswer& a) {
        responses->on_key_images(target->name(), asked, a.images, a.processed);
    };
    return world_.network.call<KeyImageStoreAnswer>(caller_, target_, Method::key_image_store_query, invoke,
                                                    std::move(images), observe);
}

SimLedgerRouter::SimLedgerRouter(Surroundings world, const engine::Roster::Service& who, const SimCopy& copy,
                                 const std::vector<SimImageStore*>& stores)
    : SimNode(world, who), copy_(copy), fates_(fates_of(world, who.id)) {
    for (SimImageStore* store : stores) {
        links_.push_back(std::make_unique<RemoteImageStore>(world, who.id, *store));
        if (shards_.empty() || shards_.back().range != store->range())
            shards_.push_back({store->range(), {}});
        shards_.back().replicas.push_back(links_.back().get());
    }
}

Task<Result<BlocksAnswer>> SimLedgerRouter::blocks(std::vector<BlockRange> ranges) {
    Result<BlocksAnswer> answer = co_await service_->blocks(std::move(ranges));
    if (!answer) co_return answer;
    if (answer->blocks.size() > world_.core.options.topology.wallet_blocks)
        co_return engine::Error{engine::Code::invalid_argument, "get blocks: message too large"};
    const std::uint32_t share = failed_look_ups(world_.core, id());
    if (share == 0) co_return answer;
    std::vector<FoundBlock> read;
    for (FoundBlock& found : answer->blocks) {
        if (fates_.chance(share, 256))
            world_.responses.look_up_failed(found.block->index);
        else
            read.push_back(std::move(found));
    }
    answer->blocks = std::move(read);
    co_return answer;
}

Task<Result<TxOutStatusAnswer>> SimLedgerRouter::tx_outs(std::vector<PublicKey> public_keys) {
    Result<TxOutStatusAnswer> answer = co_await service_->tx_outs(std::move(public_keys));
    const std::uint32_t share = failed_look_ups(world_.core, id());
    if (answer && share > 0)
        for (TxOutStatus& status : answer->results) {
            if (!fates_.chance(share, 256)) continue;
            status.code = TxOutStatus::Code::database_error;
            world_.responses.look_up_failed(status.public_key);
        }
    co_return answer;
}

void SimLedgerRouter::boot() { service_.emplace(host_, copy_, shards_, RouterConfig{}); }

Task<Result<KeyImagesAnswer>> RemoteLedger::key_images(std::vector<KeyImage> images) {
    auto* invoke =
        +[](SimLedgerRouter& t, std::vector<KeyImage> i) { return t.api()->key_images(std::move(i)); };
    auto observe = [responses = &world_.responses, target = &target_](const std::vector<KeyImage>& asked,
                                                                      const KeyImagesAnswer& a) {
        responses->on_key_images(target->name(), asked, a);
    };
    const AskedImages asked{target_.endpoint(), images.size()};
    Result<KeyImagesAnswer> answer = co_await world_.network.call<KeyImagesAnswer>(
        caller_, target_, Method::key_images, invoke, std::move(images), observe);
    if (world_.core.takes_notes()) world_.core.note(caller_, answered(asked, answer));
    co_return answer;
}
Task<Result<BlocksAnswer>> RemoteLedger::blocks(std::vector<BlockRange> ranges) {
    auto* invoke = +[](SimLedgerRouter& t, std::vector<BlockRange> r) { return t.blocks(std::move(r)); };
    auto observe = [responses = &world_.responses, target = &target_](const std::vector<BlockRange>& asked,
                                                                      const BlocksAnswer& a) {
        responses->on_blocks(target->name(), asked, a);
    };
    Result<BlocksAnswer> answer = co_await world_.network.call<BlocksAnswer>(
        caller_, target_, Method::get_blocks, invoke, std::move(ranges), observe);
    if (world_.core.takes_notes())
        world_.core.note(caller_, answered(AskedBlocks{target_.endpoint()}, answer));
    if (answer && is_outdated(world_.core, caller_))
        for (FoundBlock& found : answer->blocks) found.block = of_tomorrow(*found.block);
    co_return answer;
}
Task<Result<OutputsAnswer>> RemoteLedger::outputs(std::vector<engine::GlobalIndex> indices) {
    auto* invoke = +[](SimLedgerRouter& t, std::vector<engine::GlobalIndex> i) {
        return t.api()->outputs(std::move(i));
    };
    auto observe = [responses = &world_.responses, target = &target_](
                       const std::vector<engine::GlobalIndex>& asked, const OutputsAnswer& a) {
        responses->on_outputs(target->name(), asked, a);
    };
    return world_.network.call<OutputsAnswer>(caller_, target_, Method::get_outputs, invoke,
                                              std::move(indices), observe);
}
Task<Result<TxOutStatusAnswer>> RemoteLedger::tx_outs(std::vector<PublicKey> public_keys) {
    auto* invoke = +[](SimLedgerRouter& t, std::vector<PublicKey> k) { return t.tx_outs(std::move(k)); };
    auto observe = [responses = &world_.responses, target = &target_](const std::vector<PublicKey>& asked,
                                                                      const TxOutStatusAnswer& a) {
        responses->on_tx_outs(target->name(), asked, a);
    };
    Result<TxOutStatusAnswer> answer = co_await world_.network.call<TxOutStatusAnswer>(
        caller_, target_, Method::get_tx_outs, invoke, std::move(public_keys), observe);
    if (world_.core.takes_notes())
        world_.core.note(caller_, answered(AskedStatus{target_.endpoint()}, answer));
    co_return answer;
}

} // namespace sim
