#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/fog/ports.hpp"

namespace engine::model {

/// What is committed in a recovery database: the rows as they are, not what a writer says that it wrote.
struct RecoveryRows {
    struct Key {
        fog::IngressKeyRecord record;
        /// The schema has room for one row of a key and block; that there is no second one is for the judge
        /// to see.
        std::multimap<BlockIndex, fog::IngestedBlock> blocks;
        bool range_announced = false;
    };
    struct Invocation {
        chain::PublicKey ingress;
        chain::PublicKey egress;
        bool decommissioned = false;
        BlockIndex last_ingested;
        std::int64_t last_active_s = 0; ///< by the wall clock of the node that wrote it
        NodeId writer;                  ///< who opened it, where that is known
    };

    std::map<chain::PublicKey, Key> keys;
    std::vector<Invocation> invocations; ///< id - 1 is the position
    std::vector<fog::UserEvent> events;  ///< in order of id
    std::vector<fog::ReportRow> reports; ///< in order of first publication
};

} // namespace engine::model
