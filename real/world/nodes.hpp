#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/world.hpp"
#include "real/grpc/admin.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/ingest.hpp"
#include "real/process/supervisor.hpp"
#include "real/world/answered.hpp"
#include "real/world/deployment.hpp"
#include "real/world/event_log.hpp"
#include "real/world/told_ingest.hpp"
#include "real/world/waits.hpp"

namespace real {

using engine::BlockCount;
using engine::BlockRange;

/// What the nodes need of their world.
struct Surroundings {
    Supervisor& supervisor;
    grpc::ClientRuntime& runtime;
    EventLog& log;
    Waits& waits;
    std::function<void(std::string)> hear; ///< an answer to an operator, in words
};

/// A value of a metrics page: `<name>{op="<op>"} 12`.
/// @return nothing when the page does not have it
std::optional<std::int64_t> metric(const std::string& page, std::string_view name, std::string_view op);

/// A service in a process of its own, and what its admin port says of it.
///
/// Rules
/// 1. What was observed of an earlier life is forgotten when the process ends.
/// 2. A process that stands still, or does not answer, keeps its last observation.
class ServiceProcess {
public:
    ServiceProcess(Surroundings world, const engine::Roster::Service& who, Launch launch, std::uint16_t port,
                   std::uint16_t admin);
    virtual ~ServiceProcess();
    ServiceProcess(const ServiceProcess&) = delete;
    ServiceProcess& operator=(const ServiceProcess&) = delete;

    engine::NodeId id() const { return id_; }
    engine::NodeKind kind() const { return kind_; }
    Child& child() { return child_; }
    const Child& child() const { return child_; }
    bool up() const { return child_.is_running(); }
    /// What was done on purpose to this very process, or its files, that may make a call fail which began
    /// then; empty: nothing.
    engine::Cause cause(engine::Instant begun) const;

    /// Starts it without waiting.
    void launch();
    /// Suspends until it listens or has ended, at most for `limit`.
    Task<> until_listening(engine::Duration limit);
    Task<> start_it();
    Task<> stop_it();
    Task<> crash_it();
    void pause_it();
    void resume_it();

    /// Asks the admin port once.
    Task<> observe();

protected:
    virtual void on_page(const std::string& page) = 0;
    virtual void forget() = 0;
    void touch();
    EventLog& log() { return world_.log; }

private:
    Surroundings world_;
    engine::NodeId id_;
    engine::NodeKind kind_;
    Child& child_;
    std::uint16_t port_;
    grpc::Channel admin_channel_;
    grpc::AdminClient admin_;
    std::optional<engine::Instant> touched_; // when anything was done to it last; nothing: never
};

/// The verbs of a node over a service process.
template <class Interface>
class RealNode : public Interface, public ServiceProcess {
public:
    RealNode(Surroundings world, const engine::Roster::Service& who, Launch launch, std::uint16_t port,
             std::uint16_t admin)
        : ServiceProcess(std::move(world), who, std::move(launch), port, admin) {}

    engine::NodeId id() const override { return ServiceProcess::id(); }
    engine::NodeKind kind() const override { return ServiceProcess::kind(); }
    const std::string& name() const override { return child().name(); }
    bool is_up() const override { return up(); }
    Task<> start() override { return start_it(); }
    Task<> stop() override { return stop_it(); }
    Task<> crash() override { return crash_it(); }
    void pause() override { pause_it(); }
    void resume() override { resume_it(); }
};

/// A store's loading cannot be stopped from outside: its chain copy or its whole process can.
/// @throws engine::UsageError
[[noreturn]] void cannot_hold();

class RealIngestNode final : public RealNode<engine::IngestNode> {
public:
    RealIngestNode(Surroundings world, const engine::Roster::Service& who, const Deployment& d,
                   const ServicePlace& place);

    engine::fog::IngestApi& api() override { return told_; }
    const std::string& responder_id() const override { return responder_id_; }
    engine::fog::IngestMode mode() const override { return mode_; }
    /// It was seen active and then idle in one life, and nobody has judged that yet.
    bool has_given_up() const { return has_given_up_; }
    void giving_up_is_judged() { has_given_up_ = false; }
    void delete_state_file() override;
    void save_state_file() override;
    void put_back_state_file() override;

private:
    void on_page(const std::string& page) override;
    void forget() override {
        mode_ = engine::fog::IngestMode::idle;
        has_given_up_ = false;
    }

    bool has_given_up_ = false;
    std::string responder_id_;
    std::filesystem::path state_file_;
    grpc::Channel channel_;
    grpc::IngestClient client_;
    ToldIngest told_;
    engine::fog::IngestMode mode_ = engine::fog::IngestMode::idle;
};

class RealViewStore final : public RealNode<engine::ViewStoreNode> {
public:
    RealViewStore(Surroundings world, const engine::Roster::Service& who, const Deployment& d,
                  const ServicePlace& place);
    BlockRange range() const override { return range_; }
    BlockCount count() const override { return count_; }
    void hold(BlockCount) override { cannot_hold(); }
    void release() override {}
    bool is_ready() const override { return ready_; }

private:
    void on_page(const std::string& page) override;
    void forget() override;

    BlockRange range_;
    BlockCount count_;
    bool ready_ = false;
};

class RealImageStore final : public RealNode<engine::ImageStoreNode> {
public:
    RealImageStore(Surroundings world, const engine::Roster::Service& who, const Deployment& d,
                   const ServicePlace& place);
    BlockRange range() const override { return range_; }
    BlockCount count() const override { return count_; }
    void hold(BlockCount) override { cannot_hold(); }
    void release() override {}

private:
    void on_page(const std::string& page) override;
    void forget() override { count_ = BlockCount{range_.start.value}; }

    BlockRange range_;
    std::string copy_;
    BlockCount count_;
};

/// A router or the report server: nothing about it is waited for.
class RealPlainNode final : public RealNode<engine::Node> {
public:
    using RealNode::RealNode;
    /// What it has answered in this life, as seen last.
    const Answered& answered() const { return answered_; }

private:
    void on_page(const std::string& page) override { answered_ = Answered::on(page); }
    void forget() override { answered_ = {}; }

    Answered answered_;
};

} // namespace real
