#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/check/excuse.hpp"
#include "engine/fault.hpp"
#include "real/proxy/fault_proxy.hpp"

namespace real {

class RealWorld;

/// Faults of the real world: the proxies', the database's and the file system's.
class RealFaults final : public engine::Faults {
public:
    explicit RealFaults(RealWorld& world) : world_(world) {}

    /// @throws engine::UsageError  this world cannot do it
    engine::FaultId begin(engine::Fault fault) override;
    void heal(engine::FaultId fault) override;
    void heal_all() override;
    bool any() const override { return !active_.empty(); }

    /// Why a fault of this kind can be had in no run of this world; empty when it can in some.
    static std::string never(engine::FaultKind kind);
    /// Why it cannot be had in this run; empty when it can.
    std::string missing(engine::FaultKind kind) const;
    /// What a link from one node to another has to suffer.
    LinkWeather weather(engine::NodeId from, engine::NodeId to) const;
    /// Of the link from a node to the database.
    LinkWeather database_weather(engine::NodeId from) const;
    CommitFate next_commit(engine::NodeId from);
    /// What of a fault that began outside of here: an operator's restart of the database.
    void note(engine::Fault fault, engine::Instant since, engine::Instant until) {
        ended_.push_back({fault, since, until});
    }
    /// One that lies on the way of a call, in force or not over for long when the call began; empty: there is
    /// none.
    engine::Cause cause_on(const engine::check::CallPath& path, engine::Instant begun) const;
    /// The same of one that a service may end itself by: it is a fault of that service, or of the database.
    engine::Cause cause_at(engine::NodeId service, engine::Instant begun) const;

private:
    struct Active {
        engine::Fault fault;
        engine::Instant since;
    };
    struct Ended {
        engine::Fault fault;
        engine::Instant since;
        engine::Instant until;
    };
    void apply(const engine::Fault& fault, bool begins);
    engine::Cause find(const std::function<bool(const engine::Fault&)>& counts, engine::Instant begun) const;

    RealWorld& world_;
    std::map<engine::FaultId, Active> active_;
    std::vector<Ended> ended_; // in order
    std::uint32_t next_ = 1;
};

} // namespace real
