#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/check/checks.hpp"
#include "engine/check/operators.hpp"
#include "engine/check/published.hpp"
#include "engine/fog/ingest.hpp"
#include "engine/fog/key_image_store.hpp"
#include "engine/fog/ledger_router.hpp"
#include "engine/fog/report.hpp"
#include "engine/fog/view_router.hpp"
#include "engine/fog/view_store.hpp"
#include "engine/world.hpp"
#include "sim/chain.hpp"
#include "sim/network.hpp"
#include "sim/recovery_db.hpp"

namespace sim {

/// What a simulated process needs of its world.
struct Surroundings {
    Core& core;
    Network& network;
    SimDb& db;
    engine::check::Checks& checks;
    engine::check::ResponseChecker& responses;
};

/// A process: a host, and a service that lives from start to stop or crash.
///
/// Rules
/// 1. The service object is the process's memory: a crash destroys its tasks, youngest first, and then
///    the object.
/// 2. What survives is outside: the recovery database, the chain copy, the state file.
class Process : public Endpoint {
public:
    Process(Surroundings world, const engine::Roster::Service& who);

    NodeId id() const { return id_; }
    engine::NodeKind kind() const { return kind_; }
    const std::string& name() const { return name_; }
    NodeId endpoint() const override { return id_; }
    bool is_listening() const override { return up_; }
    bool is_up() const { return up_; }

    void start();
    void end(std::uint64_t how); ///< 0 stopped, 1 crashed, 2 aborted itself
    void pause();
    void resume();
    /// Ends a process that wished it.  Called after every step.
    void obey_abort_wish();

protected:
    virtual void boot() = 0;      ///< makes the service and spawns what it runs
    virtual void shut_down() = 0; ///< drops the service

    Surroundings world_;
    bool abort_wish_ = false;
    SimHost host_;

private:
    /// Told of a SIGKILL before anything has ended.
    virtual void about_to_die() {}

    NodeId id_;
    engine::NodeKind kind_;
    std::string name_;
    bool up_ = false;
    std::uint64_t starts_ = 0;
};

/// The verbs of engine::Node for a process.
template <class Interface>
class SimNode : public Interface, public Process {
public:
    using Process::Process;
    NodeId id() const override { return Process::id(); }
    engine::NodeKind kind() const override { return Process::kind(); }
    const std::string& name() const override { return Process::name(); }
    bool is_up() const override { return Process::is_up(); }
    Task<> start() override {
        Process::start();
        co_return;
    }
    Task<> stop() override {
        Process::end(0);
        co_return;
    }
    Task<> crash() override {
        Process::end(1);
        co_return;
    }
    void pause() override { Process::pause(); }
    void resume() override { Process::resume(); }
};

/// Lives in memory that survives crashes; replaced as a whole.
class SimStateFile final : public engine::fog::StateFile {
public:
    SimStateFile(Core& core, NodeId node) : core_(core), node_(node) {}
    Result<std::optional<engine::fog::IngestState>> read() override { return content_; }
    Result<void> write(const engine::fog::IngestState& state) override;
    void remove() {
        content_.reset();
        replaced_ = true;
    }
    void save() { saved_ = content_; }
    void put_back() {
        content_ = saved_;
        replaced_ = true;
    }
    /// Somebody else than the node has changed it.
    bool was_replaced() const { return replaced_; }
    /// That, or the node could not write it: it may not know of an invocation.
    bool may_lack_something() const { return replaced_ || was_refused_; }
    const std::optional<engine::fog::IngestState>& content() const { return content_; }

private:
    Core& core_;
    NodeId node_;
    std::optional<engine::fog::IngestState> content_;
    std::optional<engine::fog::IngestState> saved_;
    bool replaced_ = false;
    bool was_refused_ = false; // once
};

class SimIngestNode;

/// Calls to an ingest node over the simulated network: an operator's, or a peer's.
class RemoteIngest final : public engine::fog::IngestApi, public engine::fog::IngestPeer {
public:
    RemoteIngest(Surroundings world, NodeId caller, SimIngestNode& target)
        : world_(world), caller_(caller), target_(target) {}

    using Summary = engine::fog::IngestSummary;
    using PublicKey = engine::chain::PublicKey;
    Task<Result<Summary>> get_status() override;
    Task<Result<Summary>> activate() override;
    Task<Result<Summary>> retire() override;
    Task<Result<Summary>> unretire() override;
    Task<Result<Summary>> set_pubkey_expiry_window(std::uint64_t blocks) override;
    Task<Result<Summary>> set_peers(std::vector<std::string> peers) override;
    Task<Result<Summary>> new_keys() override;
    Task<Result<Summary>> sync_keys_from_remote(std::string responder_id) override;
    Task<Result<bool>> report_lost_ingress_key(PublicKey key) override;
    Task<Result<std::vector<BlockRange>>> get_missed_block_ranges() override;
    Task<Result<std::vector<engine::fog::IngressKeyRecord>>>
    get_ingress_key_records(BlockIndex start_at_least, bool include_lost, bool include_retired) override;

    const std::string& responder_id() const override;
    Task<Result<Summary>> status() override { return get_status(); }
    Task<Result<Summary>> set_ingress_key(engine::chain::KeyPair key) override;
    Task<Result<engine::chain::KeyPair>> get_ingress_key() override;

private:
    Surroundings world_;
    NodeId caller_;
    SimIngestNode& target_;
};

class SimIngestNode final : public SimNode<engine::IngestNode>, public engine::fog::PeerDirectory {
public:
    SimIngestNode(Surroundings world, const engine::Roster::Service& who, const SimCopy& copy,
                  engine::fog::IngestConfig config);
    /// All ingest nodes of the world, this one included, in order.
    void connect(const std::vector<SimIngestNode*>& all);

    engine::fog::IngestApi& api() override { return *operator_; }
    engine::fog::IngestNode* service() { return service_ ? &*service_ : nullptr; }
    const engine::fog::IngestNode* service() const { return service_ ? &*service_ : nullptr; }
    const std::string& responder_id() const override { return config_.responder_id; }
    engine::fog::IngestMode mode() const override {
        return service_ ? service_->mode() : engine::fog::IngestMode::idle;
    }
    void delete_state_file() override { state_.remove(); }
    void save_state_file() override { state_.save(); }
    void put_back_state_file() override { state_.put_back(); }
    bool may_have_forgotten() const { return state_.may_lack_something(); }
    /// Has just answered a command with OK: judges whether that is so.
    /// @param told  its command, and what was asked for
    void judge_told(engine::check::ToldOperator told, const engine::fog::IngestSummary& answer) const;
    engine::fog::IngestPeer* find(const std::string& responder_id) override;

private:
    void boot() override;
    void shut_down() override { service_.reset(); }
    void about_to_die() override { db_.client_dies(); }

    SimDbClient db_;
    const SimCopy& copy_;
    SimStateFile state_;
    engine::fog::IngestConfig config_;
    std::unique_ptr<RemoteIngest> operator_; // commands come from outside every node
    std::vector<const SimIngestNode*> others_;
    std::vector<std::unique_ptr<RemoteIngest>> peers_;
    std::optional<engine::fog::IngestNode> service_;
};

class SimViewStore final : public SimNode<engine::ViewStoreNode> {
public:
    SimViewStore(Surroundings world, const engine::Roster::Service& who, engine::fog::ViewStoreConfig config);

    /// Asks the service; a declared fault may strike single search keys.
    Task<Result<engine::fog::ViewStoreAnswer>> query(engine::fog::ViewQuery query);
    BlockRange range() const override { return config_.range; }
    BlockCount count() const override { return service_ ? service_->count() : BlockCount{}; }
    bool is_ready() const override { return service_ && service_->is_ready(); }
    void hold(BlockCount at) override;
    void release() override { host_.open_gate(); }

private:
    void boot() override;
    void shut_down() override { service_.reset(); }
    void look_at_published();

    SimDbClient db_;
    engine::Stream fates_;
    engine::fog::ViewStoreConfig config_;
    engine::check::PublishedChecker published_;
    std::optional<engine::fog::ViewStore> service_;
};

class SimImageStore final : public SimNode<engine::ImageStoreNode> {
public:
    SimImageStore(Surroundings world, const engine::Roster::Service& who, const SimCopy& copy,
                  engine::fog::KeyImageStoreConfig config);

    /// Asks the service; a declared fault may strike single key images.
    Task<Result<engine::fog::KeyImageStoreAnswer>> key_images(std::vector<engine::chain::KeyImage> images);
    BlockRange range() const override { return config_.range; }
    BlockCount count() const override {
        return BlockCount{service_ ? service_->processed().end.value : config_.range.start.value};
    }
    void hold(BlockCount at) override;
    void release() override { host_.open_gate(); }

private:
    void boot() override;
    void shut_down() override { service_.reset(); }

    const SimCopy& copy_;
    engine::Stream fates_;
    engine::fog::KeyImageStoreConfig config_;
    std::optional<engine::fog::KeyImageStore> service_;
};

/// A view store as a router reaches it.
class RemoteViewStore final : public engine::fog::ViewStoreApi {
public:
    RemoteViewStore(Surroundings world, NodeId caller, SimViewStore& target)
        : world_(world), caller_(caller), target_(target) {}
    Task<Result<engine::fog::ViewStoreAnswer>> query(engine::fog::ViewQuery query) override;

private:
    Surroundings world_;
    NodeId caller_;
    SimViewStore& target_;
};

class RemoteImageStore final : public engine::fog::KeyImageStoreApi {
public:
    RemoteImageStore(Surroundings world, NodeId caller, SimImageStore& target)
        : world_(world), caller_(caller), target_(target) {}
    Task<Result<engine::fog::KeyImageStoreAnswer>>
    key_images(std::vector<engine::chain::KeyImage> images) override;

private:
    Surroundings world_;
    NodeId caller_;
    SimImageStore& target_;
};

class SimViewRouter final : public SimNode<engine::Node> {
public:
    /// @param stores  shard by shard, replica by replica
    SimViewRouter(Surroundings world, const engine::Roster::Service& who,
                  const std::vector<SimViewStore*>& stores);
    /// Asks the service; a query larger than a message is refused.
    Task<Result<engine::fog::ViewAnswer>> query(engine::fog::ViewQuery query);

private:
    void boot() override;
    void shut_down() override { service_.reset(); }

    std::vector<std::unique_ptr<RemoteViewStore>> links_;
    std::vector<engine::fog::ViewShard> shards_;
    std::optional<engine::fog::ViewRouter> service_;
};

class SimLedgerRouter final : public SimNode<engine::Node> {
public:
    SimLedgerRouter(Surroundings world, const engine::Roster::Service& who, const SimCopy& copy,
                    const std::vector<SimImageStore*>& stores);
    engine::fog::LedgerRouter* api() { return &*service_; }
    /// Ask the service; a declared fault may strike single blocks and outputs, an answer larger than a
    /// message is refused.
    Task<Result<engine::fog::BlocksAnswer>> blocks(std::vector<BlockRange> ranges);
    Task<Result<engine::fog::TxOutStatusAnswer>> tx_outs(std::vector<engine::chain::PublicKey> public_keys);

private:
    void boot() override;
    void shut_down() override { service_.reset(); }

    const SimCopy& copy_;
    engine::Stream fates_;
    std::vector<std::unique_ptr<RemoteImageStore>> links_;
    std::vector<engine::fog::KeyImageShard> shards_;
    std::optional<engine::fog::LedgerRouter> service_;
};

class SimReportServer final : public SimNode<engine::Node> {
public:
    SimReportServer(Surroundings world, const engine::Roster::Service& who)
        : SimNode(world, who), db_(world.db, who.id) {}
    engine::fog::ReportServer* api() { return &*service_; }

private:
    void boot() override { service_.emplace(db_); }
    void shut_down() override { service_.reset(); }

    SimDbClient db_;
    std::optional<engine::fog::ReportServer> service_;
};

/// fog-view, fog-ledger and the report server as a client reaches them.
class RemoteView final : public engine::fog::ViewApi {
public:
    RemoteView(Surroundings world, NodeId caller, SimViewRouter& target)
        : world_(world), caller_(caller), target_(target) {}
    Task<Result<engine::fog::ViewAnswer>> query(engine::fog::ViewQuery query) override;

private:
    Surroundings world_;
    NodeId caller_;
    SimViewRouter& target_;
};

class RemoteLedger final : public engine::fog::LedgerApi {
public:
    RemoteLedger(Surroundings world, NodeId caller, SimLedgerRouter& target)
        : world_(world), caller_(caller), target_(target) {}
    Task<Result<engine::fog::KeyImagesAnswer>>
    key_images(std::vector<engine::chain::KeyImage> images) override;
    Task<Result<engine::fog::BlocksAnswer>> blocks(std::vector<BlockRange> ranges) override;
    Task<Result<engine::fog::OutputsAnswer>> outputs(std::vector<engine::GlobalIndex> indices) override;
    Task<Result<engine::fog::TxOutStatusAnswer>>
    tx_outs(std::vector<engine::chain::PublicKey> public_keys) override;

private:
    Surroundings world_;
    NodeId caller_;
    SimLedgerRouter& target_;
};

} // namespace sim
