#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/chain/crypto.hpp"
#include "engine/check/finding.hpp"
#include "engine/model/chain_model.hpp"
#include "engine/model/recovery_model.hpp"

namespace engine::check {

/// Judges what is stored of each block, before anybody asks for it: `response`.  It holds the keys of every
/// account, so that it knows which record must stand under which search key.
///
/// Rules
/// 1. The records of an account under one invocation are numbers 0..n-1 of the RNG, n the outputs so far with
///    a hint to the invocation's key: none left out, none twice, none ahead.
/// 2. A record opens to its output, with the place and the time of the block.
/// 3. A block is stored with its time and with the number of outputs up to it.
/// 4. An invocation begins with the block from which its RNG was announced.
class RecordChecker {
public:
    /// What an account's owner needs to find and open its records.
    struct Owner {
        chain::PrivateKey record_key; ///< view private key of the default subaddress
    };

    /// @param chain, recovery  outlive the checker
    RecordChecker(const model::ChainModel& chain, const model::RecoveryModel& recovery)
        : chain_(chain), recovery_(recovery) {}
    /// Without owners rules 1 and 2 are left alone.
    /// @param crypto  outlives the checker
    /// @param owners  by number of the account
    void know_owners(const chain::Crypto& crypto, std::vector<Owner> owners) {
        crypto_ = &crypto;
        owners_ = std::move(owners);
    }

    /// Judges what has been stored since the last call.
    /// @return the first thing wrong
    std::optional<Finding> look();
    /// How many records of accounts have been judged.
    std::uint64_t judged() const { return judged_; }

private:
    static constexpr std::size_t looked_ahead = 3;
    /// One account under one invocation.
    struct Sequence {
        chain::SharedSecret secret;
        std::uint64_t next = 0;
        std::array<chain::SearchKey, looked_ahead> ahead; ///< numbers next, next + 1, ...
        std::optional<chain::SearchKey> last;             ///< number next - 1
    };
    struct Invocation {
        fog::RngRecord rng;
        bool has_blocks = false;
        std::map<model::AccountId, Sequence> sequences;
    };

    std::optional<Finding> judge(const model::RecoveryModel::Scanned& scanned);
    std::optional<Finding> judge_rows(const model::RecoveryModel::Scanned& scanned, Invocation& invocation);
    Sequence* sequence_of(Invocation& invocation, model::AccountId account);
    void advance(Sequence& sequence);

    const model::ChainModel& chain_;
    const model::RecoveryModel& recovery_;
    const chain::Crypto* crypto_ = nullptr;
    std::vector<Owner> owners_;
    std::size_t looked_ = 0;      // of the scanned blocks
    std::size_t invocations_ = 0; // of those announced, taken over below
    std::map<InvocationId, Invocation> by_id_;
    std::uint64_t judged_ = 0;
};

} // namespace engine::check
