#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/model/recovery_rows.hpp"

namespace engine::model {

/// A rule of the recovery database's contract that a commit has broken.
struct BrokenRule {
    enum class Kind : std::uint8_t {
        none,
        key_starts_behind,           ///< a key starts at `block`, although `known` is there
        unretires_behind,            ///< a key with expiry `block`, although `known` is there
        stores_twice,                ///< `block`, for one key
        stores_of_lost_key,          ///< `block`
        stores_of_closed_invocation, ///< `block`
        start_moved,                 ///< of a key, from `block` to `known`
        promise_taken_back,          ///< a key was good until `block`, and is until `known`
        lost_forgotten,
        scan_forgotten, ///< of `block`
        key_forgotten,
        event_forgotten,
        told_beyond_promise, ///< senders hear `block`, the key's row says `known`
        first_is_not_start,  ///< `block` is a key's first, `known` its start
        hole,                ///< `block` of a key, whose block `known` is not there
        search_key_twice,    ///< in `block` and in `known`
    };
    Kind kind = Kind::none;
    BlockIndex block{};
    BlockIndex known{};
    explicit operator bool() const { return kind != Kind::none; }
    friend bool operator==(const BrokenRule&, const BrokenRule&) = default;
};

/// What has been committed to the recovery database, as the judge of answers sees it.  Facts are only ever
/// added.
///
/// It finds them by itself: it looks at the committed rows and compares them with what it has seen.  Nobody
/// who writes tells it anything, so a writer that is wrong about what it wrote deceives only itself.
class RecoveryModel {
public:
    struct Place {
        BlockIndex block;
        std::shared_ptr<const chain::Bytes> payload;
    };
    struct Invocation {
        InvocationId id;
        UserEventId announced;
        std::vector<BlockIndex> blocks; ///< those with rows committed that its key had promised
        fog::RngRecord rng{};           ///< as it was announced
    };
    struct Scanned {
        BlockIndex block;
        std::size_t rows;
        chain::PublicKey key{};
        fog::IngestedBlock stored{};
    };
    struct Missed {
        BlockRange range;
        UserEventId announced;
    };

    /// Takes what is new in the rows.  Called after each commit where that can be had; several commits at
    /// once hide only the order among them.
    void look(const RecoveryRows& rows);

    // What a look finds, one by one; also for a log, which has them so.
    void key_added(const chain::PublicKey& key) { blocks_of_[key]; }
    void key_started(const chain::PublicKey& key, BlockIndex start);
    /// Senders may use the key in blocks before `expiry`.  Only those are owed: a retired key's node stores
    /// the block at the expiry as well, should it come, but view does not wait for it.
    void key_promised(const chain::PublicKey& key, BlockIndex expiry);
    void key_unretired(BlockIndex expiry);
    void key_lost(const chain::PublicKey& key) { lost_.insert(key); }
    void event_added(const fog::UserEvent& event);
    void block_added(const chain::PublicKey& key, InvocationId invocation, const fog::IngestedBlock& block);
    /// The same of a block whose records are not known.
    void block_known(const chain::PublicKey& key, InvocationId invocation, BlockIndex block);

    /// The first one that a commit has broken.
    const BrokenRule& broken_rule() const { return broken_rule_; }

    const Place* place_of(const chain::SearchKey& key) const {
        const auto it = places_.find(key);
        return it == places_.end() ? nullptr : &it->second;
    }
    const std::vector<fog::UserEvent>& events() const { return events_; }
    const std::vector<Invocation>& invocations() const { return invocations_; }
    /// Blocks with the number of their rows, in order of commit.
    const std::vector<Scanned>& scanned() const { return scanned_; }
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
    std::vector<Scanned> scanned_;
    std::vector<Missed> missed_;
    void break_rule(BrokenRule rule) {
        if (!broken_rule_) broken_rule_ = rule;
    }

    /// What a key's row promises once it promises for good: it is lost for ever, it begins where it began,
    /// and the block up to which senders may use it never comes nearer.
    void compare(const fog::IngressKeyRecord& before, const fog::IngressKeyRecord& now);
    void judge_sequence(const RecoveryRows::Key& row);
    void take_keys(const RecoveryRows& rows);
    void take_blocks(const RecoveryRows& rows);

    std::map<chain::PublicKey, fog::IngressKeyRecord> seen_; // rows, when they were looked at last
    std::set<UserEventId> events_seen_;
    std::map<chain::PublicKey, std::set<std::pair<BlockIndex, InvocationId>>> blocks_of_;
    std::map<chain::PublicKey, BlockIndex> expiry_;
    std::set<chain::PublicKey> lost_;
    std::set<InvocationId> closed_;
    std::optional<BlockIndex> highest_block_;
    BrokenRule broken_rule_;
};

} // namespace engine::model
