#include "scenarios/lag/plan.hpp"

namespace scenarios::lag {

using namespace engine;

namespace {

// How often each action is drawn.  The tame ones come first, so that lowering a choice makes a plan simpler.
struct Weight {
    Action action;
    std::uint32_t weight;
};
constexpr Weight weights[] = {
    {Action::block, 24},      {Action::poll, 20},          {Action::join, 5},
    {Action::advance, 8},     {Action::hold, 5},           {Action::release, 5},
    {Action::wait, 6},        {Action::activate, 5},       {Action::retire, 3},
    {Action::report_lost, 3}, {Action::new_keys, 2},       {Action::unretire, 1},
    {Action::sync_keys, 2},   {Action::restart_wallet, 2}, {Action::kill_wallet, 2},
    {Action::crash, 4},       {Action::start, 5},          {Action::pause, 3},
    {Action::resume, 3},      {Action::fault, 5},          {Action::heal, 2},
    {Action::lose_state, 1},  {Action::save_state, 1},     {Action::put_back_state, 1},
    {Action::clean_up, 1},
};

constexpr FaultKind faults[] = {
    FaultKind::slow_link,         FaultKind::partition,   FaultKind::cut,         FaultKind::drop_requests,
    FaultKind::drop_answers,      FaultKind::isolate,     FaultKind::db_down_for, FaultKind::db_down,
    FaultKind::lose_commit_ack,   FaultKind::fail_commit, FaultKind::stale_reads, FaultKind::watcher_behind,
    FaultKind::reset_connections, FaultKind::disk_full,   FaultKind::clock_jump,  FaultKind::failed_look_ups,
};

/// One of the weighted entries that pass; the last resort when none does.
template <class Entries, class Passes>
Action draw_action(Draw& draw, const Entries& entries, Passes passes) {
    std::uint32_t total = 0;
    for (const Weight& w : entries)
        if (passes(w.action)) total += w.weight;
    if (total == 0) return Action::wait;
    std::uint32_t at = draw.below(total);
    for (const Weight& w : entries) {
        if (!passes(w.action)) continue;
        if (at < w.weight) return w.action;
        at -= w.weight;
    }
    return Action::wait;
}

std::uint64_t draw_fault_amount(Draw& draw, FaultKind kind) {
    switch (kind) {
    case FaultKind::slow_link:
        return 1 + draw.below(400);
    case FaultKind::drop_requests:
    case FaultKind::drop_answers:
    case FaultKind::reset_connections:
    case FaultKind::failed_look_ups:
        return 32 + draw.below(224);
    case FaultKind::lose_commit_ack:
    case FaultKind::fail_commit:
        return 1 + draw.below(3);
    case FaultKind::stale_reads:
        return 1 + draw.below(3000);
    case FaultKind::clock_jump:
        return static_cast<std::uint64_t>(-static_cast<std::int64_t>(draw.below(400'000)));
    default:
        return 0;
    }
}

} // namespace

Plan generate(Draw& draw, const PlanShape& shape) {
    Plan plan;
    Topology& t = plan.topology;
    t.accounts = draw.between(1, shape.accounts_max);
    t.ingest_nodes = draw.between(1, shape.ingest_max);
    t.view_shards = draw.between(1, shape.shards_max);
    t.view_replicas = draw.between(1, shape.replicas_max);
    t.image_shards = draw.between(1, shape.shards_max);
    t.image_replicas = draw.between(1, shape.replicas_max);
    t.shard_blocks = 1 + draw.below(4);
    t.own_copies = draw.below(2) == 1;
    t.pubkey_expiry_window = 1 + draw.below(6);
    const bool small_batches = draw.below(4) == 3;
    if (small_batches) t.batch_blocks = 1 + draw.below(3);
    const bool small_chunks = draw.below(4) == 3;
    if (small_chunks) {
        t.chunk_outputs = 1 + draw.below(3);
        t.user_capacity = 8 + draw.below(8);
    }
    plan.wallets_per_account = 1 + draw.below(2);
    const bool small_requests = draw.below(4) == 3;
    if (small_requests) t.wallet_keys = t.wallet_images = t.wallet_blocks = 1 + draw.below(3);

    // Somebody scans from the start in most plans.
    if (draw.below(8) != 7) {
        PlannedStep activate;
        activate.action = Action::activate;
        plan.steps.push_back(activate);
    }
    std::vector<FaultKind> kinds;
    for (const FaultKind kind : faults)
        if (shape.has(kind)) kinds.push_back(kind);
    const std::uint32_t steps = draw.between(shape.steps_min, shape.steps_max);
    std::uint64_t next_amount = 1; // distinct powers of two: a wrong sum names the missing coin
    for (std::uint32_t s = 0; s < steps; ++s) {
        PlannedStep step;
        step.action = draw_action(draw, weights, [&](Action a) { return shape.has(a); });
        step.node = draw.below(64);
        step.other = draw.below(64);
        switch (step.action) {
        case Action::block: {
            const std::uint32_t credits = draw.below(4);
            for (std::uint32_t c = 0; c < credits; ++c) {
                PlannedCredit credit;
                credit.account = draw.below(t.accounts);
                credit.amount = next_amount;
                credit.change = draw.below(4) == 3;
                step.credits.push_back(credit);
                next_amount = next_amount >= (1ULL << 62) ? 1 : next_amount * 2;
            }
            const std::uint32_t spends = draw.below(3);
            for (std::uint32_t i = 0; i < spends; ++i) step.spends.push_back(draw.below(64));
            break;
        }
        case Action::advance:
            step.amount = 1 + draw.below(3);
            break;
        case Action::wait:
            step.amount = 50 + draw.below(2000);
            break;
        case Action::clean_up:
            step.amount = 1 + draw.below(200'000);
            break;
        case Action::fault:
            if (kinds.empty()) {
                step.action = Action::wait;
                break;
            }
            step.fault = kinds[draw.below(static_cast<std::uint32_t>(kinds.size()))];
            step.amount = draw_fault_amount(draw, step.fault);
            break;
        default:
            break;
        }
        plan.steps.push_back(std::move(step));
    }
    return plan;
}

PlanShape swarm_shape(Draw& draw) {
    PlanShape shape;
    constexpr Action always[] = {Action::block, Action::poll, Action::activate, Action::wait};
    for (unsigned a = 0; a < action_count; ++a)
        if (draw.below(2) == 0) shape.actions &= ~(std::uint64_t{1} << a);
    for (const Action action : always) shape.actions |= std::uint64_t{1} << static_cast<unsigned>(action);
    for (const FaultKind kind : faults)
        if (draw.below(2) == 0) shape.faults &= ~(std::uint64_t{1} << static_cast<unsigned>(kind));
    shape.accounts_max = draw.between(1, shape.accounts_max);
    shape.ingest_max = draw.between(1, shape.ingest_max);
    shape.shards_max = draw.between(1, shape.shards_max);
    shape.replicas_max = draw.between(1, shape.replicas_max);
    return shape;
}

Plan generate(engine::StorySeed seed) {
    Choices choices(seed.seed);
    StreamDraw draw(Stream(choices, Domain::plan, 0, 0));
    if (!seed.swarm) return generate(draw);
    StreamDraw shape_draw(Stream(choices, Domain::plan, 0, 1));
    const PlanShape shape = swarm_shape(shape_draw);
    return generate(draw, shape);
}

} // namespace scenarios::lag
