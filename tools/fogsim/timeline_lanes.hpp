#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tell/words.hpp"
#include "engine/world/roster.hpp"
#include "scenarios/lag/plan.hpp"
#include "sim/run.hpp"

namespace tools::fogsim {

/// A block count from a moment on; nothing: there is none (the process is down).
struct Level {
    engine::Instant at;
    std::optional<std::uint64_t> count;
};

struct Mark {
    engine::Instant at;
    const char* style; ///< also its shape
    std::string title;
    std::string label{};
};

struct Span {
    engine::Instant from;
    std::optional<engine::Instant> to; ///< nothing: until the end
    const char* style;
    std::string title;
    std::string label{};
};

struct Lane {
    std::string name;
    std::uint64_t height = 24;
    bool has_counts = false;
    bool is_wallet = false; ///< its marks say the numbers
    std::vector<Level> levels{};
    std::vector<Span> spans{};
    std::vector<Mark> marks{};
    std::optional<std::size_t> open_poll{}; ///< among the spans
    std::uint64_t top = 0;                  ///< where it is drawn
};

/// What happened in a run, sorted by where: the chain, each chain copy, each process, each wallet.
class Lanes {
public:
    /// @param run   with its events; must outlive this
    /// @param plan  that was told, or null; must outlive this
    Lanes(const sim::RunResult& run, const scenarios::lag::Plan* plan);

    /// From top to bottom.  A lane of height 0 has nothing in it and is not shown.
    std::vector<Lane>& all() { return lanes_; }
    const std::vector<Lane>& all() const { return lanes_; }
    const Lane& chain() const { return lanes_[tip_]; }
    const Lane& of(engine::NodeId node) const { return lanes_[number_of(node)]; }
    engine::Instant end() const { return end_; }
    std::uint64_t highest_count() const { return highest_; }
    /// What a wallet has shown last, or that it could not; null: nothing ever.
    const engine::tell::Note* last_report() const { return last_report_; }

private:
    /// A fault that has not ended.
    struct FaultInForce {
        engine::FaultKind kind;
        engine::NodeId node;
        std::uint64_t left; ///< times it strikes before it is over
        std::size_t lane;
        std::size_t span;
    };

    void make_lanes();
    std::size_t add_lane(std::string name, std::uint64_t height, bool counts);
    std::size_t number_of(engine::NodeId node) const {
        return node.value < nodes_.size() ? nodes_[node.value] : nodes_.front();
    }
    Lane& lane_of(engine::NodeId node) { return lanes_[number_of(node)]; }
    std::string name_of(std::uint32_t node) const;
    void take(const engine::Event& event);
    void begin_fault(const engine::Event& event);
    void end_fault(std::uint32_t id, engine::Instant at);
    void use_up(engine::FaultKind kind, const engine::Event& event);
    void begin_poll(const engine::Event& event);
    void take(const engine::tell::Note& note);
    void take_step(const engine::tell::Step& step, const engine::tell::Note& note);
    std::optional<std::size_t> place_of(const scenarios::lag::PlannedStep& step) const;

    const sim::RunResult& run_;
    const scenarios::lag::Plan* plan_;
    engine::tell::Names names_;
    engine::Roster roster_;
    std::vector<Lane> lanes_;
    std::size_t tip_ = 0;
    std::vector<std::size_t> copies_; // lanes, by number of the copy
    std::vector<std::size_t> nodes_;  // lanes, by number of the node
    std::vector<std::size_t> ingest_; // lanes, in the order in which plans number them
    std::vector<std::size_t> stores_;
    std::vector<std::size_t> services_;
    std::vector<std::size_t> wallets_;
    std::map<std::uint32_t, FaultInForce> faults_;
    const engine::tell::Note* last_report_ = nullptr;
    engine::Instant end_{};
    std::uint64_t highest_ = 0;
};

} // namespace tools::fogsim
