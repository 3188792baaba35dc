#include <algorithm>

#include "scenarios/lag/phrases.hpp"

namespace scenarios::lag {

using namespace engine;

namespace {

// How often each action is drawn on its own.  The tame ones come first, so that lowering a choice makes a
// plan simpler.
struct Weight {
    Action action;
    std::uint32_t weight;
};
constexpr Weight weights[] = {
    {Action::block, 24},         {Action::poll, 20},       {Action::settle, 4},
    {Action::join, 3},           {Action::advance, 6},     {Action::hold, 5},
    {Action::release, 4},        {Action::hold_store, 5},  {Action::release_store, 4},
    {Action::wait, 5},           {Action::activate, 5},    {Action::retire, 3},
    {Action::report_lost, 3},    {Action::new_keys, 2},    {Action::unretire, 1},
    {Action::sync_keys, 2},      {Action::make_peers, 1},  {Action::set_window, 1},
    {Action::restart_wallet, 2}, {Action::kill_wallet, 2}, {Action::prepare, 3},
    {Action::submit, 3},         {Action::landing, 3},     {Action::crash, 4},
    {Action::start, 5},          {Action::pause, 3},       {Action::resume, 3},
    {Action::fault, 6},          {Action::end_fault, 3},   {Action::heal, 1},
    {Action::lose_state, 1},     {Action::save_state, 1},  {Action::put_back_state, 1},
    {Action::clean_up, 1},
};

/// Makes one plan of single steps and phrases.  Two lanes are interleaved, so that one phrase happens in the
/// middle of another.  What is rare comes at the end, and decided by another source.
class Maker : PhraseWriter {
public:
    Maker(SwitchedDraw& draw, Draw& more, const PlanShape& shape)
        : PhraseWriter(draw, shape), source_(draw), more_(more) {}

    Plan make() {
        draw_topology();
        const std::uint32_t wanted = draw_length();
        const bool anybody_scans = draw_.below(8) != 7;
        const std::uint32_t scanner = ingest();
        active_ = scanner;
        late_after_ = draw_.chance(1, 3) && topology().accounts > 1 ? wanted / 2 : 0;
        std::uint32_t written = 0;
        while (written < wanted) {
            lane_ = draw_.chance(1, 4) ? 1 : 0;
            const std::size_t before = lanes_[lane_].size();
            if (draw_.chance(3, 8))
                phrase();
            else
                single();
            written += std::max<std::uint32_t>(1, static_cast<std::uint32_t>(lanes_[lane_].size() - before));
            steps_so_far_ = written;
        }
        if (anybody_scans) {
            PlannedStep first;
            first.action = Action::activate;
            first.node = scanner;
            plan_.steps.push_back(first);
        }
        interleave();
        source_.take_from(more_);
        rare_ending();
        return std::move(plan_);
    }

private:
    void rare_ending() {
        if (!draw_.chance(3, 8)) return;
        lanes_ = {};
        lane_ = 0;
        steps_so_far_ = late_after_;
        rare_phrase();
        for (PlannedStep& step : lanes_[0]) plan_.steps.push_back(std::move(step));
    }

    std::uint32_t draw_length() {
        // The phrase a plan ends with goes on beyond the length, by about so much.
        constexpr std::uint32_t rest_of_a_phrase = 4;
        const std::uint32_t wanted = draw_.between(shape_.steps_min, shape_.steps_max);
        const std::uint32_t usual = wanted > rest_of_a_phrase ? wanted - rest_of_a_phrase : 1;
        if (draw_.chance(1, 16)) return 3 * usual;
        return usual;
    }

    void single() {
        std::uint32_t total = 0;
        for (const Weight& w : weights)
            if (shape_.has(w.action)) total += w.weight;
        std::uint32_t at = draw_.below(total);
        Action action = Action::block;
        for (const Weight& w : weights) {
            if (!shape_.has(w.action)) continue;
            action = w.action;
            if (at < w.weight) break;
            at -= w.weight;
        }
        switch (action) {
        case Action::block:
            if (draw_.chance(1, 6))
                block(credits_of_a_block, 2, static_cast<Boundary>(1 + draw_.below(boundary_count - 1)));
            else
                block(credits_of_a_block, 2);
            break;
        case Action::poll:
        case Action::restart_wallet:
        case Action::kill_wallet:
            add(action, wallet());
            break;
        case Action::landing: {
            const std::uint32_t w = wallet();
            add(action, w, 0, draw_.below(std::max(1U, prepared_)));
            break;
        }
        case Action::prepare:
            prepare(draw_.below(5));
            break;
        case Action::submit:
            submit(draw_.chance(1, 2) ? Boundary::before_tombstone : Boundary::none);
            break;
        case Action::advance: {
            const std::uint32_t copy = draw_.below(copies());
            add(action, copy, 1 + draw_.below(3));
            break;
        }
        case Action::hold:
        case Action::release:
            add(action, draw_.below(copies()));
            break;
        case Action::hold_store: {
            const std::uint32_t store = draw_.below(stores());
            add(action, store, draw_.below(3));
            break;
        }
        case Action::release_store:
            add(action, draw_.below(stores()));
            break;
        case Action::wait:
            add(action, 0, 50 + draw_.below(2000));
            break;
        case Action::settle:
            add(action, 0, 3000);
            break;
        case Action::clean_up:
            add(action, 0, 1 + draw_.below(200'000));
            break;
        case Action::activate:
        case Action::retire:
        case Action::unretire:
        case Action::new_keys:
            command(action);
            break;
        case Action::set_window: {
            const std::uint32_t n = ingest();
            add(action, n, draw_.below(8));
            break;
        }
        case Action::sync_keys:
        case Action::report_lost: {
            const std::uint32_t n = ingest();
            const std::uint32_t m = draw_.chance(1, 2) ? other_ingest(n) : n;
            const std::uint32_t waits = beside();
            add(action, n, waits, m);
            break;
        }
        case Action::crash:
        case Action::start:
        case Action::pause:
        case Action::resume:
            add(action, draw_.below(services()));
            break;
        case Action::fault:
            any_fault();
            break;
        case Action::end_fault:
            add(action, draw_.below(4));
            break;
        default:
            add(action, ingest());
            break;
        }
    }

    SwitchedDraw& source_;
    Draw& more_;
};

/// Actions that every draw of a shape has always had; what came later is drawn after everything else.
constexpr unsigned first_actions = static_cast<unsigned>(Action::landing) + 1;

} // namespace

Plan generate(Draw& draw, Draw& more, const PlanShape& shape) {
    SwitchedDraw source(draw);
    return Maker(source, more, shape).make();
}

PlanShape swarm_shape(Draw& draw) {
    PlanShape shape;
    constexpr Action always[] = {Action::block, Action::poll, Action::activate, Action::wait};
    for (unsigned a = 0; a < first_actions; ++a)
        if (draw.below(2) == 0) shape.actions &= ~(std::uint64_t{1} << a);
    for (const Action action : always) shape.actions |= std::uint64_t{1} << static_cast<unsigned>(action);
    for (unsigned kind = 1; kind <= static_cast<unsigned>(last_fault_kind); ++kind)
        if (draw.below(2) == 0) shape.faults &= ~(std::uint64_t{1} << kind);
    shape.accounts_max = draw.between(1, shape.accounts_max);
    shape.ingest_max = draw.between(1, shape.ingest_max);
    shape.shards_max = draw.between(1, shape.shards_max);
    shape.replicas_max = draw.between(1, shape.replicas_max);
    for (unsigned a = first_actions; a < action_count; ++a)
        if (draw.below(2) == 0) shape.actions &= ~(std::uint64_t{1} << a);
    return shape;
}

Plan generate(engine::StorySeed seed) {
    Choices choices(seed.seed);
    StreamDraw draw(Stream(choices, Domain::plan, 0, 0));
    StreamDraw more(Stream(choices, Domain::plan, 0, 2));
    if (!seed.swarm) return generate(draw, more);
    StreamDraw shape_draw(Stream(choices, Domain::plan, 0, 1));
    const PlanShape shape = swarm_shape(shape_draw);
    return generate(draw, more, shape);
}

} // namespace scenarios::lag
