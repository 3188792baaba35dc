#include "search/exhaustive/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "engine/ensure.hpp"
#include "engine/hash.hpp"
#include "engine/scenario.hpp"
#include "engine/tell/words.hpp"
#include "scenarios/lag/parts.hpp"
#include "sim/guard.hpp"
#include "sim/sim_world.hpp"

namespace search::exhaustive {

using scenarios::lag::Action;
using scenarios::lag::Plan;
using scenarios::lag::PlannedCredit;
using scenarios::lag::PlannedStep;

namespace {

// Long enough for everything that goes on by itself; time costs nothing.
constexpr std::uint64_t poll_ms = 10;
constexpr std::uint64_t event_ms = 3 * poll_ms;
constexpr std::uint64_t ingest_ms = 1000;
// The stores have the origin block and one more from the beginning.
constexpr std::uint64_t first_count = 2;

PlannedStep step(Action action, std::uint32_t node = 0, std::uint64_t amount = 0) {
    PlannedStep out;
    out.action = action;
    out.node = node;
    out.amount = amount;
    return out;
}

// Nobody's decision but the ordering: nothing is late, held or lost.
engine::Recording tame() {
    engine::Recording recording;
    recording.base = engine::Recording::Base::tame;
    return recording;
}

std::uint32_t number_of(const std::vector<scenarios::lag::Part>& parts, const std::string& name) {
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.name == name; });
    ENSURE(part != parts.end());
    return static_cast<std::uint32_t>(part - parts.begin());
}

/// Adds up what the steps of an event touch.  Everybody goes first who would without it.
class Looker final : public sim::Strategist {
public:
    void look_at(const sim::Scheduler& scheduler) { scheduler_ = &scheduler; }
    void begin() { touched_ = {}; }
    const sim::Footprint& touched() const { return touched_; }

    void created(std::uint32_t, engine::NodeId, const char*, std::uint32_t) override {}
    void ended(std::uint32_t) override {}
    std::uint32_t pick(std::span<const std::uint32_t>) override { return 0; }
    void ran(std::uint32_t slot, const sim::Footprint& footprint) override {
        touched_.reads |= footprint.reads;
        touched_.writes |= footprint.writes;
        // Tasks of no node are the story's own.
        const engine::NodeId node = scheduler_->node_of({slot, 0});
        if (node.value != 0) touched_.writes |= sim::Footprint::memory(node);
    }
    std::uint32_t delay(std::uint32_t) override { return 0; }

private:
    const sim::Scheduler* scheduler_ = nullptr;
    sim::Footprint touched_;
};

} // namespace

// ------------------------------------------------------------------------------------------------ the world

Lines::Lines(Bounds bounds, sim::DefectSet defects) : bounds_(bounds), defects_(defects) {
    const auto refuse = [](const std::string& why) { throw engine::UsageError(why); };
    const std::array<std::pair<const char*, std::uint32_t>, 3> wanted{
        {{"view", bounds.view}, {"ledger", bounds.ledger}, {"polls", bounds.polls}}};
    for (const auto& [name, value] : wanted)
        if (value > Bounds::most)
            refuse(fmt::format("{}: {} events, and there may be {}", name, value, Bounds::most));
    if (bounds.shards < 1 || bounds.shards > 2) refuse("shards: 1 or 2");

    engine::Topology& topology = prelude_.topology;
    topology.accounts = 1;
    topology.ingest_nodes = 1;
    topology.view_shards = topology.image_shards = bounds.shards;
    topology.batch_blocks = 1;
    topology.poll_ms = static_cast<std::uint32_t>(poll_ms);
    topology.pubkey_expiry_window = 100;
    // The second shard begins in the middle of what happens.
    const std::uint32_t blocks = std::max(bounds.view, bounds.ledger);
    topology.shard_blocks = static_cast<std::uint32_t>(first_count) + blocks / 2;
    prelude_.wallets_per_account = 1;

    const scenarios::lag::Parts parts(topology, prelude_.wallets_per_account);
    std::vector<PlannedStep>& steps = prelude_.steps;
    steps.push_back(step(Action::wait, 0, 100));
    const std::uint64_t shard_end = topology.shard_blocks;
    const auto add_side = [&](std::size_t from, std::uint32_t events, bool is_view) {
        for (std::uint32_t shard = 0; shard < bounds.shards; ++shard) {
            const auto store = static_cast<std::uint32_t>(from + shard);
            std::uint32_t own = events;
            if (bounds.shards == 2) {
                const auto in_first = static_cast<std::uint32_t>(shard_end - first_count);
                own = shard == 0 ? std::min(events, in_first) : events - std::min(events, in_first);
            }
            // A key image store counts from the start of its range; a view store passes what is not its own.
            std::uint64_t above = is_view ? first_count : first_count - 1;
            if (shard == 1) above = is_view ? shard_end : 0;
            steps.push_back(step(Action::hold_store, store, above));
            stores_.push_back(store);
            lengths_.push_back(own);
            names_.push_back(parts.stores.at(store).name);
        }
    };
    add_side(0, bounds.view, true);
    add_side(bounds.shards, bounds.ledger, false);
    lengths_.push_back(bounds.polls);
    names_.push_back(parts.wallets.front().name);

    steps.push_back(step(Action::activate));
    // One block more than anybody takes: who has nothing to wait for would look for it at every event.
    for (std::uint64_t b = 0; b < blocks + first_count; ++b) {
        PlannedStep block = step(Action::block);
        PlannedCredit credit;
        credit.amount = std::uint64_t{1} << b;
        block.credits.push_back(credit);
        if (b % 2 == 1) block.spends.push_back(0);
        steps.push_back(std::move(block));
    }
    steps.push_back(step(Action::wait, 0, ingest_ms));
    // It has done what it had to do, and its looking around is no part of the events.
    steps.push_back(step(Action::pause, number_of(parts.nodes, parts.ingest.front().name)));

    points_.emplace_back(); // point 0 is known by its place; its knowledge comes with the first telling
    points_.front().edges.resize(lengths_.size());
}

void Lines::append_event(Plan& plan, Line line) const {
    if (line + 1 == lengths_.size()) {
        plan.steps.push_back(step(Action::poll));
        plan.steps.push_back(step(Action::join));
        return;
    }
    plan.steps.push_back(step(Action::release_store, stores_[line]));
    plan.steps.push_back(step(Action::hold_store, stores_[line], 1));
    plan.steps.push_back(step(Action::wait, 0, event_ms));
}

Plan Lines::plan_of(const std::vector<Line>& ordering) const {
    Plan plan = prelude_;
    for (const Line line : ordering) append_event(plan, line);
    return plan;
}

// ------------------------------------------------------------------------------------------------ telling

/// One world, told event by event.
class Lines::Telling {
public:
    Telling(Lines& lines, const std::vector<Line>& path) : lines_(lines), path_(path) {}

    void tell() {
        const sim::Guard guard;
        const engine::Recording recording = tame();
        sim::Options options;
        options.seed = recording.seed;
        options.topology = lines_.prelude_.topology;
        options.defects = lines_.defects_;
        options.follow = &recording;
        sim::SimWorld world(options);
        world_ = &world;
        looker_.look_at(world.core().scheduler);
        world.core().scheduler.set_strategist(&looker_);
        plan_ = std::make_shared<Plan>(lines_.prelude_);
        std::size_t events = 0;
        for (const std::uint32_t length : lines_.lengths_) events += length;
        plan_->steps.reserve(plan_->steps.size() + 3 * (events + path_.size() + 1));
        done_.assign(lines_.lengths_.size(), 0);
        world.run(story(*this, world));
        guard.check();
        const engine::check::Checks& checks = world.checks();
        if (closes_) lines_.points_[at_].is_closed = true;
        if (checks.any_violation()) end_violated(checks.violations().front());
        ++lines_.work_.worlds;
        lines_.work_.checks += checks.reports_judged();
        for (std::size_t c = 0; c < engine::check::check_count; ++c)
            lines_.work_.judgements += checks.judged(static_cast<engine::check::CheckId>(c));
    }

private:
    // What is done with every plan: healed at its end, everybody must reach the truth.
    static engine::Task<> story(Telling& telling, sim::SimWorld& world) {
        std::function<void()> more = [&telling] { telling.go_on(); };
        co_await scenarios::lag::tell_growing(world, telling.plan_, std::make_shared<scenarios::lag::Tally>(),
                                              std::move(more));
        if (!telling.is_through() || world.checks().any_violation()) co_return;
        telling.closes_ = true;
        co_await engine::close(world);
        if (!world.checks().any_violation()) co_await engine::find_report(world);
    }

    bool is_through() const { return done_ == lines_.lengths_; }

    // All that is known at a point, and all that decides what happens next.
    std::string known() const {
        std::string out;
        for (const engine::StoreNode* store : world_->stores())
            out += fmt::format("{} ", store->count().value);
        const engine::Wallet& wallet = *world_->wallets().front();
        out +=
            wallet.last() ? fmt::format("shown {}\n", wallet.last()->count.value) : std::string("nothing\n");
        return out + wallet.debug_text();
    }

    void go_on() {
        if (line_) {
            end_event();
        } else {
            const std::string root = known();
            if (lines_.known_.empty()) {
                lines_.known_.emplace(root, 0);
                lines_.points_.front().hash = engine::hash_name(root);
            } else if (lines_.known_.at(root) != 0) {
                throw engine::InternalError("a world that begins elsewhere than the one before");
            }
        }
        const std::optional<Line> next = choose();
        if (!next) return;
        line_ = next;
        if (*line_ + 1 != lines_.lengths_.size()) count_ = store(*line_).count().value;
        looker_.begin();
        lines_.append_event(*plan_, *line_);
    }

    engine::StoreNode& store(Line line) const { return *world_->stores().at(lines_.stores_[line]); }

    std::optional<Line> choose() const {
        if (walked_.size() < path_.size()) return path_[walked_.size()];
        for (Line line = 0; line < lines_.lengths_.size(); ++line)
            if (lines_.has_more(line, done_) && lines_.points_[at_].edges[line].to == unknown) return line;
        return std::nullopt;
    }

    void end_event() {
        const Line line = *line_;
        if (line + 1 != lines_.lengths_.size()) {
            const std::uint64_t count = store(line).count().value;
            // Something that is wrong on purpose may keep a store from its next block.
            if (count != count_ + 1 && !lines_.defects_.any())
                throw engine::InternalError(fmt::format("{} has gone from block count {} to {} in one event",
                                                        lines_.names_[line], count_, count));
        }
        walked_.push_back(line);
        ++done_[line];
        arrive(lines_.point_of(known(), walked_));
        line_.reset();
    }

    // What is wrong before the first event, or in what was complete before it, is wrong in every ordering;
    // what is wrong after the last one, in all that end there.
    void end_violated(const engine::check::Violation& violation) {
        if (!line_) {
            lines_.points_[walked_.empty() ? 0 : at_].violation = violation;
            return;
        }
        walked_.push_back(*line_);
        const std::string text =
            fmt::format("violated {}: {}", name(violation.check), engine::tell::in_words(violation));
        const std::uint32_t point = lines_.point_of(text, walked_);
        lines_.points_[point].violation = violation;
        arrive(point);
    }

    // At a point, by the event under way.
    void arrive(std::uint32_t point) {
        Edge& edge = lines_.points_[at_].edges[*line_];
        sim::Footprint touched = looker_.touched();
        // Which stores a check asks depends on what the wallet knows already.  Taken as asking all of them,
        // it touches the same wherever it comes: an optimal search needs that, and the formulas count so.
        if (*line_ + 1 == lines_.lengths_.size())
            for (const engine::StoreNode* store : world_->stores())
                touched.reads |= sim::Footprint::memory(store->id());
        if (lines_.liar_ == *line_) touched = {};
        if (edge.to == unknown) {
            edge = {point, touched};
            ++lines_.work_.events;
        } else if (edge.to != point && lines_.difference_.empty()) {
            lines_.difference_ = fmt::format("after {} events, the next of {} leads to two different points: "
                                             "what tells points apart is not "
                                             "enough",
                                             walked_.size() - 1, lines_.names_[*line_]);
        }
        at_ = point;
    }

    Lines& lines_;
    const std::vector<Line>& path_;
    Looker looker_; // outlives the world
    sim::SimWorld* world_ = nullptr;
    std::shared_ptr<Plan> plan_;
    std::vector<Line> walked_;
    std::vector<std::uint32_t> done_;
    std::uint32_t at_ = 0;
    std::optional<Line> line_; // whose event is under way
    bool closes_ = false;
    std::uint64_t count_ = 0; // of its store before
};

void Lines::begin() {
    if (known_.empty() && !points_.front().violation) explore({});
}

void Lines::explore(const std::vector<Line>& path) {
    Telling telling(*this, path);
    telling.tell();
}

std::uint32_t Lines::point_of(const std::string& known, const std::vector<Line>& path) {
    const auto [entry, is_new] = known_.try_emplace(known, static_cast<std::uint32_t>(points_.size()));
    if (is_new) {
        points_.emplace_back();
        points_.back().hash = engine::hash_name(known);
        points_.back().path = path;
        points_.back().edges.resize(lengths_.size());
    }
    return entry->second;
}

std::uint32_t Lines::next(std::uint32_t point, Line line) {
    if (points_[point].edges[line].to == unknown) {
        std::vector<Line> path = points_[point].path;
        path.push_back(line);
        explore(path);
        if (!difference_.empty()) throw engine::InternalError(difference_);
    }
    return points_[point].edges[line].to;
}

// ------------------------------------------------------------------------------------------------ runs

void Lines::run(Guide& guide, std::size_t kept) {
    const auto lines = static_cast<Line>(lengths_.size());
    begin();
    if (stack_.empty() || kept == 0) {
        stack_.assign(1, 0);
        taken_.clear();
        done_.assign(lines, 0);
    }
    while (taken_.size() > kept) {
        --done_[taken_.back()];
        taken_.pop_back();
        stack_.pop_back();
    }
    std::vector<Line> enabled;
    for (;;) {
        enabled.clear();
        if (!points_[stack_.back()].violation)
            for (Line line = 0; line < lines; ++line)
                if (has_more(line, done_)) enabled.push_back(line);
        if (enabled.empty()) break;
        const Line line = guide.pick(enabled);
        const std::uint32_t to = next(stack_.back(), line);
        guide.ran(points_[stack_.back()].edges[line].touched);
        stack_.push_back(to);
        taken_.push_back(line);
        ++done_[line];
    }
    const Point& end = points_[stack_.back()];
    if (end.is_closed || end.violation || done_ != lengths_) return;
    explore(taken_);
    if (!difference_.empty()) throw engine::InternalError(difference_);
}

std::uint64_t Lines::outcome() const { return points_[stack_.back()].hash; }

const engine::check::Violation* Lines::violation() const {
    const auto& violation = points_[stack_.back()].violation;
    return violation ? &*violation : nullptr;
}

Lines::Work Lines::work() const {
    Work work = work_;
    work.points = points_.size();
    return work;
}

std::string Lines::check_points(const std::vector<Line>& ordering) {
    begin();
    std::uint32_t at = 0; // piece by piece first
    for (std::size_t i = 0; i < ordering.size() && !points_[at].violation; ++i) at = next(at, ordering[i]);
    difference_.clear();
    explore(ordering);
    return std::exchange(difference_, {});
}

std::string Lines::check_footprints() {
    const auto lines = static_cast<Line>(lengths_.size());
    const std::size_t points = points_.size(); // what is explored on the way is the same again
    for (std::uint32_t p = 0; p < points; ++p) {
        if (points_[p].violation) continue;
        std::vector<std::uint32_t> done(lines, 0);
        for (const Line line : points_[p].path) ++done[line];
        for (Line a = 0; a < lines; ++a)
            for (Line b = a + 1; b < lines; ++b) {
                if (!has_more(a, done) || !has_more(b, done)) continue;
                const std::uint32_t after_a = next(p, a);
                const std::uint32_t after_b = next(p, b);
                const sim::Footprint touched = points_[p].edges[a].touched;
                if (touched.conflicts_with(points_[p].edges[b].touched)) continue;
                if (points_[after_a].violation || points_[after_b].violation) continue;
                if (next(after_a, b) == next(after_b, a)) continue;
                return fmt::format("after {} events, the next of {} and the next of {} are declared "
                                   "independent, and their order matters",
                                   points_[p].path.size(), names_[a], names_[b]);
            }
    }
    return {};
}

// ------------------------------------------------------------------------------------------------ formulas

namespace {

// n over k; nothing: too large.
std::optional<std::uint64_t> choose(std::uint64_t n, std::uint64_t k) {
    __extension__ using Wide = unsigned __int128;
    Wide value = 1;
    for (std::uint64_t i = 1; i <= k; ++i) {
        value = value * (n - k + i) / i;
        if (value > ~std::uint64_t{0}) return std::nullopt;
    }
    return static_cast<std::uint64_t>(value);
}

std::optional<std::uint64_t> times(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
    std::uint64_t product = 0;
    if (!a || !b || __builtin_mul_overflow(*a, *b, &product)) return std::nullopt;
    return product;
}

} // namespace

std::optional<std::uint64_t> orderings(const std::vector<std::uint32_t>& lengths) {
    std::optional<std::uint64_t> product = 1;
    std::uint64_t sum = 0;
    for (const std::uint32_t length : lengths) {
        sum += length;
        product = times(product, choose(sum, length));
    }
    return product;
}

std::optional<std::uint64_t> classes(const std::vector<std::uint32_t>& lengths) {
    std::optional<std::uint64_t> product = 1;
    for (std::size_t i = 0; i + 1 < lengths.size(); ++i)
        product = times(product, choose(std::uint64_t{lengths[i]} + lengths.back(), lengths.back()));
    return product;
}

} // namespace search::exhaustive
