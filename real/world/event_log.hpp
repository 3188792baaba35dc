#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/fog/wallet.hpp"
#include "engine/model/chain_model.hpp"

// What happened in a run on real processes, one JSON object a line (docs/fogreal.md): facts, not opinions, so
// that another program can judge them (real/world/log_acceptance.hpp).

namespace real {

/// Writes the event log.
///
/// Rules
/// 1. Lines are numbered without a gap, from 0 on, and reach the file one by one: a harness that is
///    killed leaves whole lines.
/// 2. A fact is written before anybody can see its effect: a block before it is copied, a copy's count
///    before the copy is written.
class EventLog {
public:
    /// What the time of a line is taken from.
    using Clock = std::function<engine::Instant()>;

    /// @throws engine::BrokenSurroundings  the file cannot be made
    EventLog(std::filesystem::path path, Clock clock);
    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;

    const std::filesystem::path& path() const { return path_; }

    void run(const std::string& scenario, std::uint64_t seed, const std::vector<std::string>& ingest_copies);
    void step(const std::string& text);
    void block(const engine::fog::LedgerBlock& block, const std::vector<engine::model::Coin>& coins);
    void copy(const std::string& name, engine::BlockCount count);
    void node_started(const std::string& name, unsigned life);
    void node_ended(const std::string& name, const std::string& how);
    void fault(bool begins, std::uint32_t id, const std::string& text);
    /// A look at a store; written when it shows something new.
    /// @param copy  name of the chain copy that a key image store reads; empty for a view store
    void store(const std::string& name, unsigned life, engine::BlockRange range, const std::string& copy,
               engine::BlockCount count);
    void hint(const engine::chain::PublicKey& key, engine::BlockIndex expiry);
    void report(std::uint32_t wallet, engine::model::AccountId account,
                const engine::fog::BalanceReport& report);
    void final_report(std::uint32_t wallet, engine::model::AccountId account,
                      const engine::fog::BalanceReport& report);
    void landing(const engine::chain::PublicKey& output, engine::BlockIndex tombstone,
                 const engine::fog::Wallet::Landing& landing);
    /// How many lines store() has written about view stores.
    std::uint64_t view_counts() const { return view_counts_; }
    // What the recovery database holds: what is new, at each look.
    void key(const engine::fog::IngressKeyRecord& record);
    void event(const engine::fog::UserEvent& event);
    void scanned(const engine::chain::PublicKey& key, const engine::fog::IngestedBlock& block);
    /// A look at the database has ended: what it found stands before this line, and everything that a view
    /// store was seen to promise before the look began must be among it.
    /// @param views  view_counts() when the look began
    void looked(std::uint64_t views);
    /// @param database  why its content is not in the log; empty when it is
    void end(const std::string& database);

private:
    struct Line;
    void write(Line line);
    void balance(const char* event, std::uint32_t wallet, engine::model::AccountId account,
                 const engine::fog::BalanceReport& report);

    std::filesystem::path path_;
    Clock clock_;
    std::ofstream out_;
    std::uint64_t lines_ = 0;
    std::uint64_t view_counts_ = 0;
    std::map<std::string, std::pair<unsigned, engine::BlockCount>> seen_; // by store
};

} // namespace real
