#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/fog/ports.hpp"

namespace engine::model {

/// What has been committed to the recovery database, as the judge of answers sees it.  Facts are only ever
/// added.
class RecoveryModel {
public:
    struct Place {
        BlockIndex block;
        std::shared_ptr<const chain::Bytes> payload;
    };
    struct Invocation {
        InvocationId id;
        UserEventId announced;
        std::vector<BlockIndex> blocks; ///< those with rows committed
    };
    struct Missed {
        BlockRange range;
        UserEventId announced;
    };

    void key_added(const chain::PublicKey& key) { blocks_of_[key]; }
    void event_added(const fog::UserEvent& event);
    void block_added(const chain::PublicKey& key, InvocationId invocation, const fog::IngestedBlock& block);

    const Place* place_of(const chain::SearchKey& key) const {
        const auto it = places_.find(key);
        return it == places_.end() ? nullptr : &it->second;
    }
    const std::vector<fog::UserEvent>& events() const { return events_; }
    const std::vector<Invocation>& invocations() const { return invocations_; }
    const std::vector<Missed>& missed() const { return missed_; }
    bool knows_key(const chain::PublicKey& key) const { return blocks_of_.contains(key); }
    bool has_scanned(const chain::PublicKey& key, BlockIndex block) const;
    bool is_missed(BlockIndex block) const;

private:
    struct KeyHash {
        std::size_t operator()(const chain::SearchKey& key) const noexcept;
    };
    std::unordered_map<chain::SearchKey, Place, KeyHash> places_;
    std::vector<fog::UserEvent> events_; // in order of commit
    std::vector<Invocation> invocations_;
    std::vector<Missed> missed_;
    std::map<chain::PublicKey, std::vector<BlockIndex>> blocks_of_;
};

} // namespace engine::model
