#pragma once

#include <string>

#include "engine/fault_table.hpp"

namespace engine {

class WorldBody;

/// The faults of a world, whatever it is made of: what it cannot have is refused, what is in force is kept in
/// the table, and each is undone.  How a fault strikes is the devices' business: they read the table, and
/// WorldBody::on_fault tells them of each beginning and end.
class WorldFaults final : public Faults {
public:
    /// @param world, table  outlive this
    WorldFaults(WorldBody& world, FaultTable& table) : world_(world), table_(table) {}

    /// @throws UsageError  this world, or this run of it, cannot do it
    FaultId begin(Fault fault) override;
    void heal(FaultId fault) override;
    void heal_all() override;
    bool any() const override { return !table_.empty(); }

    FaultTable& table() { return table_; }
    const FaultTable& table() const { return table_; }

private:
    WorldBody& world_;
    FaultTable& table_;
};

} // namespace engine
