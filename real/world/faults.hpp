#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

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
    /// "db_down (the recovery database begins to refuse everybody), ..."
    std::string text() const;

private:
    void apply(const engine::Fault& fault, bool begins);

    RealWorld& world_;
    std::map<engine::FaultId, engine::Fault> active_;
    std::uint32_t next_ = 1;
};

} // namespace real
