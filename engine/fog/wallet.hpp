#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/fog/rng.hpp"
#include "engine/host.hpp"

namespace engine::fog {

__extension__ using Value = unsigned __int128; ///< sum of amounts; 64 bits overflow for huge balances (U11)

/// "My balance was this after so many blocks": what a check reports.
struct BalanceReport {
    BlockCount count;
    std::map<std::uint64_t, Value> by_token;

    /// Smallest units of one token; 0 when there is none.
    Value value(std::uint64_t token_id = 0) const {
        const auto it = by_token.find(token_id);
        return it == by_token.end() ? Value{0} : it->second;
    }
};

/// All that a wallet has been told and has kept.
struct WalletKnowledge {
    struct Output {
        GlobalIndex index;
        BlockIndex block;
        chain::Amount amount;
        std::optional<BlockIndex> spent_at;
        BlockCount not_spent_as_of; ///< when it is not spent
    };
    struct Rng {
        InvocationId invocation;
        std::uint64_t records = 0; ///< how many it has led to: the position that is searched next
        chain::SearchKey next;     ///< and the key of that position
        bool exhausted = false;    ///< it ends there, as far as the wallet was told
    };
    BalanceReport report; ///< what follows from it
    BlockCount highest_processed;
    BlockCount not_spent_as_of; ///< of every unspent output; unbounded: there is none
    UserEventId next_event;
    std::vector<Rng> rngs{};
    std::vector<BlockRange> missed{}; ///< blocks that have still to be fetched
    std::vector<Output> outputs{};    ///< in the order of the chain
};
/// For people.
std::string to_text(const WalletKnowledge& knowledge);

struct WalletConfig {
    std::size_t keys_per_query = 500;
    std::size_t images_per_query = 100;
    std::size_t blocks_per_query = 100;
    unsigned attempts = 4;         ///< of one request: the first and three more
    Duration retry_delay = 20ms;   ///< between attempts
    std::uint32_t rng_version = 0; ///< the newest RNG version this wallet understands
};

/// A balance-checking wallet for one account: everything it knows came from fog-view and fog-ledger.
///
/// Rules
/// 1. A reported pair is exactly true: the count is the smallest of what view promised (H), what the
///    ledger knew of every unspent output (K) and the first block still missing (M); the balance is taken
///    *at* that count (R3).
/// 2. H never shrinks; nor does the reported count while the wallet lives.
/// 3. What one answer says is stored in one step with the event cursor (R5).
/// 4. A missed block leaves the list only when its outputs have been scanned (R4).
/// 5. A view outage is an unchanged count; a key image outage is an error; a lack of blocks is a lower count.
/// 6. One request at a time, strictly in the order view, blocks, key images.
/// @source fog/sample-paykit/src/cached_tx_data, fog/view/protocol/src/polling.rs, without their defects
/// U1-U11
class Wallet {
public:
    /// All references outlive the wallet.
    Wallet(Host& host, chain::AccountKey account, ViewApi& view, LedgerApi& ledger, WalletConfig config = {});

    /// One balance check.  Suspends.
    /// @errors of the key image service (no pair is reported); failed_precondition when an RNG is of a newer
    /// version
    /// @cancel safe at every await: the next check goes on from what was stored
    Task<Result<BalanceReport>> check();

    /// The pair that follows from what is stored, without asking anybody.
    BalanceReport report() const;
    WalletKnowledge knowledge() const;
    /// Counts, completeness and every owned output, for people.
    std::string debug_text() const { return to_text(knowledge()); }

    /// For the sender: did an output land?
    struct Landing {
        enum class Verdict : std::uint8_t { unknown, landed, expired };
        Verdict verdict = Verdict::unknown;
        BlockIndex block; ///< when landed
    };
    /// @param tombstone  first block the output may not appear in
    Task<Result<Landing>> landing(chain::PublicKey output, BlockIndex tombstone);

    BlockCount highest_processed() const { return highest_processed_; }

private:
    struct Owned {
        BlockIndex block;
        chain::Amount amount;
        chain::KeyImage image;
        std::optional<BlockIndex> spent_at;
        BlockCount not_spent_as_of;
    };
    struct Rng {
        InvocationId invocation;
        BufferedRng sequence;
        BlockIndex start;
        std::optional<BlockIndex> last_block; ///< decommissioned: no record after this block
        bool exhausted = false;               ///< decommissioned, and seen to have no more
    };
    /// A set of blocks kept as sorted, disjoint, non-adjacent ranges.
    class BlockSet {
    public:
        void add(BlockRange range);
        bool contains(BlockIndex block) const;
        /// Parts of `range` that are not in the set, ascending.
        std::vector<BlockRange> missing_from(BlockRange range) const;

    private:
        std::vector<BlockRange> ranges_;
    };

    Task<Result<void>> poll_view();
    Result<void> absorb_events(const ViewAnswer& answer);
    Task<> fetch_missed_blocks();
    Task<Result<void>> poll_key_images();
    enum class FoundBy : std::uint8_t { search, scan };
    void own(chain::TxOutRecord record, FoundBy how);
    void settle(BlockCount shown);
    bool counts(const Owned& output, BlockCount count) const;
    std::vector<BlockRange> outstanding() const;
    BlockCount not_spent_limit() const;
    template <class Answer, class Api, class Request>
    Task<Result<Answer>> ask(Api& api, Task<Result<Answer>> (Api::*method)(Request), Request request);

    Host& host_;
    chain::AccountKey account_;
    chain::PrivateKey record_key_; // view private key of the default subaddress
    chain::SubaddressTable subaddresses_;
    ViewApi& view_;
    LedgerApi& ledger_;
    WalletConfig config_;

    std::map<chain::PublicKey, Rng> rngs_;             // by egress key
    std::map<InvocationId, BlockIndex> decommissions_; // last ingested block, also of RNGs not seen yet
    BlockCount highest_processed_;                     // H
    UserEventId next_event_;                           // E
    std::map<GlobalIndex, Owned> owned_;               // that may be in a balance still to be shown
    std::map<GlobalIndex, Owned> settled_;             // spent below a count that was shown
    BlockCount settled_below_;                         // the highest of those counts
    std::vector<BlockRange> announced_missed_;         // as announced, without repeats
    BlockSet scanned_;                                 // missed blocks whose outputs were scanned
    BlockCount last_ledger_count_;                     // of the last answer about key images
};

} // namespace engine::fog
