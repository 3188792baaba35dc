#include "sim/strategist.hpp"

#include <algorithm>
#include <utility>

#include "engine/ensure.hpp"
#include "engine/hash.hpp"

namespace sim {
namespace {

using engine::NodeId;

/// Random bits of one run's strategy.
class Bits {
public:
    explicit Bits(std::uint64_t seed) : state_(engine::mix64(seed ^ 0x7374726174656779ULL)) {}
    std::uint64_t next() { return engine::mix64(state_ += 0x9e3779b97f4a7c15ULL); }
    /// 0..bound-1.  @pre bound is not 0
    std::uint64_t below(std::uint64_t bound) { return ((next() >> 32) * bound) >> 32; }

private:
    std::uint64_t state_;
};

template <class T>
T& at_slot(std::vector<T>& values, std::uint32_t slot) {
    if (values.size() <= slot) values.resize(slot + 1);
    return values[slot];
}

// ------------------------------------------------------------------------------------------------ pct

/// Burckhardt et al., A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, 2010.
///
/// Rules
/// 1. Every unit has a random priority; the highest ready one runs.
/// 2. After step k_i, for d-1 steps drawn from the expected number of steps, whoever ran gets priority i,
///    which is below all initial ones.
/// 3. Low units are also slow: the lower, the longer their messages and pauses.  Demoted ones are slowest.
///
/// Tasks come and go by the thousand, and a bound of 1/(n k^(d-1)) over them is worth nothing.  A unit is
/// therefore a node, or a line of calls (a handler goes on with its caller's priority, because the caller
/// waits), as the seed has it; tasks of no node are units of their own.
class Pct final : public Strategist {
public:
    Pct(std::uint32_t depth, std::uint64_t seed, const Foresight& foresight) : bits_(seed) {
        const std::uint64_t octave = bits_.below(6);
        const std::uint64_t steps = foresight.steps != 0 ? foresight.steps : 64ULL << octave;
        by_node_ = bits_.below(2) == 0;
        slow_below_ = 1ULL << (60 + bits_.below(3)); // an eighth, a quarter or half of all units
        if (foresight.task_priorities) unit_is_task_ = true;
        for (std::uint32_t i = 1; i < depth; ++i) changes_.push_back({1 + bits_.below(steps), i});
        std::sort(changes_.rbegin(), changes_.rend());
    }

    void created(std::uint32_t slot, NodeId node, const char*, std::uint32_t creator) override {
        Task& task = at_slot(tasks_, slot);
        task.node = node;
        task.unit = unit_of(node, creator);
    }
    void ended(std::uint32_t) override {}

    std::uint32_t pick(std::span<const std::uint32_t> ready) override {
        std::uint32_t best = 0;
        std::uint64_t highest = 0;
        std::uint32_t equals = 0;
        for (std::uint32_t i = 0; i < ready.size(); ++i) {
            const std::uint64_t priority = units_[tasks_[ready[i]].unit];
            if (i != 0 && priority < highest) continue;
            // Tasks of one unit go in random order: the first of them stays with probability 1/equals.
            if (i != 0 && priority == highest) {
                if (bits_.below(++equals) == 0) best = i;
                continue;
            }
            best = i;
            highest = priority;
            equals = 1;
        }
        return best;
    }

    void ran(std::uint32_t slot, const Footprint&) override {
        ++steps_;
        while (!changes_.empty() && changes_.back().first <= steps_) {
            units_[tasks_[slot].unit] = changes_.back().second;
            changes_.pop_back();
        }
    }

    std::uint32_t delay(std::uint32_t slot) override {
        if (slot == 0) return 0;
        const std::uint64_t priority = units_[tasks_[slot].unit];
        if (priority < initial) return longest_delay;
        const std::uint64_t height = priority - initial;
        if (height >= slow_below_) return 0;
        return static_cast<std::uint32_t>(1 + (slow_below_ - 1 - height) / (slow_below_ / longest_delay + 1));
    }

private:
    static constexpr std::uint64_t initial = 1ULL << 63; // every change point's priority is below
    struct Task {
        NodeId node;
        std::uint32_t unit = 0;
    };

    std::uint32_t new_unit() {
        units_.push_back(initial | bits_.next());
        return static_cast<std::uint32_t>(units_.size() - 1);
    }
    std::uint32_t unit_of(NodeId node, std::uint32_t creator) {
        if (unit_is_task_ || node.value == 0) return new_unit();
        if (!by_node_) {
            const bool is_call =
                creator != 0 && tasks_[creator].node != node && tasks_[creator].node.value != 0;
            return is_call ? tasks_[creator].unit : new_unit();
        }
        std::uint32_t& unit = at_slot(unit_of_node_, node.value);
        if (unit == 0) unit = new_unit() + 1;
        return unit - 1;
    }

    Bits bits_;
    bool by_node_;
    bool unit_is_task_ = false;
    std::uint64_t slow_below_;
    std::uint64_t steps_ = 0;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> changes_; // step and priority, the next one last
    std::vector<Task> tasks_;                                      // by slot
    std::vector<std::uint64_t> units_;                             // priorities
    std::vector<std::uint32_t> unit_of_node_;                      // number + 1
};

// ------------------------------------------------------------------------------------------------ pos

/// Yuan, Yang and Gu, Partial Order Aware Concurrency Sampling, 2018.
///
/// Rules
/// 1. Every pending step has a random priority; the highest ready one runs.
/// 2. Whatever conflicts with the step that ran gets a new one, so that the orders of conflicting steps
///    are drawn afresh each time.
/// 3. What a pending step will touch is taken to be its node's memory and what its task touched last.
/// 4. Messages and pauses of steps that conflict with another pending one are made long more often.
class Pos final : public Strategist {
public:
    explicit Pos(std::uint64_t seed) : bits_(seed) {}

    void created(std::uint32_t slot, NodeId node, const char*, std::uint32_t) override {
        if (home_.size() <= slot) {
            for (auto* column : {&home_, &writes_, &touches_, &priority_}) column->resize(slot + 1);
        }
        home_[slot] = node.value == 0 ? 0 : Footprint::memory(node);
        expect(slot, {0, home_[slot]});
        priority_[slot] = bits_.next();
    }
    void ended(std::uint32_t slot) override { expect(slot, {}); } // what touches nothing is in nobody's way

    std::uint32_t pick(std::span<const std::uint32_t> ready) override {
        std::uint32_t best = 0;
        for (std::uint32_t i = 1; i < ready.size(); ++i)
            if (priority_[ready[i]] > priority_[ready[best]]) best = i;
        return best;
    }

    void ran(std::uint32_t slot, const Footprint& footprint) override {
        Footprint touched = footprint;
        touched.writes |= home_[slot];
        expect(slot, {}); // it is not its own rival
        priority_[slot] = bits_.next();
        const auto slots = static_cast<std::uint32_t>(home_.size());
        for (std::uint32_t other = 1; other < slots; ++other)
            if (conflicts(touched, other)) priority_[other] = bits_.next();
        expect(slot, touched);
    }

    std::uint32_t delay(std::uint32_t slot) override {
        if (slot == 0) return 0;
        const Footprint next{touches_[slot], writes_[slot]};
        bool conflict = false;
        const auto slots = static_cast<std::uint32_t>(home_.size());
        for (std::uint32_t other = 1; other < slots && !conflict; ++other)
            conflict = other != slot && conflicts(next, other);
        if (bits_.below(conflict ? 8 : 32) != 0) return 0;
        return static_cast<std::uint32_t>(1 + bits_.below(longest_delay));
    }

private:
    void expect(std::uint32_t slot, const Footprint& next) {
        writes_[slot] = next.writes;
        touches_[slot] = next.reads | next.writes;
    }
    bool conflicts(const Footprint& touched, std::uint32_t other) const {
        return ((touched.writes & touches_[other]) | (touched.reads & writes_[other])) != 0;
    }

    Bits bits_;
    // By slot; what a task that has ended will touch is nothing.
    std::vector<std::uint64_t> home_;     // its node's memory
    std::vector<std::uint64_t> writes_;   // its next step, as far as can be told
    std::vector<std::uint64_t> touches_;  // the same, and what it reads
    std::vector<std::uint64_t> priority_; // of its next step
};

// ------------------------------------------------------------------------------------------------ urw

/// A random walk in which every task is chosen in proportion to the steps it has left: when those are known,
/// every interleaving is equally likely.  (After Zhao et al., Selectively Uniform Concurrency Testing, 2025.)
///
/// Rules
/// 1. Known numbers of steps are used as they are.  Otherwise a task is expected to make as many as those
///    of its name did on average, and one that has outlived them, or has no example, as many again as it
///    has made.
/// 2. In a uniform interleaving a task with few steps left is anywhere in the run, often late: its
///    messages and pauses are the likelier to be long.
class Urw final : public Strategist {
public:
    Urw(std::uint64_t seed, const Foresight& foresight) : bits_(seed), known_(foresight.steps_of_task) {}

    void created(std::uint32_t slot, NodeId, const char* name, std::uint32_t) override {
        Task& task = at_slot(tasks_, slot);
        task.steps = 0;
        task.known = born_ < known_.size() ? known_[born_] : 0;
        task.kind = known_.empty() ? kind_of(name) : 0;
        ++born_;
    }
    void ended(std::uint32_t slot) override {
        if (!known_.empty()) return;
        Kind& kind = kinds_[tasks_[slot].kind];
        kind.steps += tasks_[slot].steps;
        ++kind.ended;
    }

    std::uint32_t pick(std::span<const std::uint32_t> ready) override {
        std::uint64_t total = 0;
        for (const std::uint32_t slot : ready) total += left(slot);
        std::uint64_t at = bits_.below(total);
        for (std::uint32_t i = 0; i + 1 < ready.size(); ++i) {
            const std::uint64_t weight = left(ready[i]);
            if (at < weight) return i;
            at -= weight;
        }
        return static_cast<std::uint32_t>(ready.size() - 1);
    }

    void ran(std::uint32_t slot, const Footprint&) override {
        const std::uint64_t mine = left(slot);
        ++tasks_[slot].steps;
        usual_ += mine > usual_ ? 1 : 0; // drifts to the median of the steps taken
        usual_ -= mine < usual_ && usual_ > 1 ? 1 : 0;
    }

    std::uint32_t delay(std::uint32_t slot) override {
        if (slot == 0) return 0;
        const std::uint64_t mine = left(slot);
        if (bits_.below(8 * (mine + usual_)) >= usual_) return 0;
        return static_cast<std::uint32_t>(1 + bits_.below(longest_delay));
    }

private:
    struct Task {
        std::uint32_t steps = 0;
        std::uint32_t known = 0;
        std::uint32_t kind = 0;
    };
    struct Kind {
        std::uint64_t name = 0;
        std::uint64_t steps = 0;
        std::uint64_t ended = 0;
    };

    // By content: whether equal literals have one address is up to the compiler.
    std::uint32_t kind_of(const char* name) {
        const std::uint64_t hash = engine::hash_name(name);
        std::uint32_t k = 0;
        while (k < kinds_.size() && kinds_[k].name != hash) ++k;
        if (k == kinds_.size()) kinds_.push_back({hash, 0, 0});
        return k;
    }
    std::uint64_t left(std::uint32_t slot) const {
        const Task& task = tasks_[slot];
        if (!known_.empty()) return task.known > task.steps ? task.known - task.steps : 1;
        const Kind& kind = kinds_[task.kind];
        const std::uint64_t expected = kind.ended == 0 ? 0 : kind.steps / kind.ended;
        if (expected > task.steps) return expected - task.steps;
        return std::max<std::uint64_t>(1, task.steps);
    }

    Bits bits_;
    std::vector<std::uint32_t> known_;
    std::vector<Task> tasks_; // by slot
    std::vector<Kind> kinds_;
    std::uint64_t usual_ = 4; // steps left to the task of a typical step
    std::uint32_t born_ = 0;
};

} // namespace

std::unique_ptr<Strategist> make_strategist(const Strategy& strategy, std::uint64_t seed,
                                            const Foresight& foresight) {
    switch (strategy.kind) {
    case Strategy::Kind::random:
        return nullptr;
    case Strategy::Kind::pct:
        return std::make_unique<Pct>(strategy.depth, seed, foresight);
    case Strategy::Kind::pos:
        return std::make_unique<Pos>(seed);
    case Strategy::Kind::urw:
        return std::make_unique<Urw>(seed, foresight);
    case Strategy::Kind::portfolio:
        break;
    }
    ENSURE(strategy.kind != Strategy::Kind::portfolio);
    return nullptr;
}

} // namespace sim
