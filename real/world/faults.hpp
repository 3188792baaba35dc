#pragma once

#include "engine/fault_table.hpp"
#include "engine/world/roster.hpp"
#include "real/proxy/fault_proxy.hpp"

// What the fault proxies do about the faults that are in force.

namespace real {

/// What a link from one node to another has to suffer.
LinkWeather link_weather(const engine::FaultTable& faults, const engine::Roster& roster, engine::NodeId from,
                         engine::NodeId to);
/// Of the link from a node to the database.
LinkWeather database_weather(const engine::FaultTable& faults, engine::NodeId from);

} // namespace real
