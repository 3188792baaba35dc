#include "scenarios/lag/plan_writer.hpp"

namespace scenarios::lag {

using namespace engine;

namespace {

constexpr FaultKind link_faults[] = {
    FaultKind::slow_link,    FaultKind::partition,         FaultKind::cut,     FaultKind::drop_requests,
    FaultKind::drop_answers, FaultKind::reset_connections, FaultKind::isolate,
};
constexpr FaultKind other_faults[] = {FaultKind::watcher_behind, FaultKind::disk_full, FaultKind::clock_jump};

} // namespace

void PlanWriter::draw_topology() {
    Topology& t = plan_.topology;
    t.accounts = draw_.between(1, shape_.accounts_max);
    t.ingest_nodes = draw_.between(1, shape_.ingest_max);
    t.view_shards = draw_.between(1, shape_.shards_max);
    t.view_replicas = draw_.between(1, shape_.replicas_max);
    t.image_shards = draw_.between(1, shape_.shards_max);
    t.image_replicas = draw_.between(1, shape_.replicas_max);
    t.shard_blocks = 1 + draw_.below(4);
    t.own_copies = draw_.below(2) == 1;
    t.pubkey_expiry_window = 1 + draw_.below(6);
    if (draw_.chance(3, 8)) t.batch_blocks = 1 + draw_.below(3);
    if (draw_.chance(1, 4)) {
        t.chunk_outputs = 1 + draw_.below(3);
        // An egress key must have room for one block; with little more it is replaced in mid block.
        t.user_capacity = credits_of_a_block + draw_.below(3);
    }
    if (draw_.chance(1, 4)) {
        t.wallet_images = 1 + draw_.below(3);
        t.wallet_keys = 1 + draw_.below(4);
        t.wallet_blocks = 1 + draw_.below(3);
    }
    plan_.wallets_per_account = 1 + draw_.below(2);
    // Two large coins are more than 64 bits hold.
    large_amounts_ = draw_.chance(1, 16);
    two_tokens_ = draw_.chance(1, 4);
}

PlannedStep* PlanWriter::add(PlannedStep step) {
    if (!shape_.has(step.action)) return nullptr;
    lanes_[lane_].push_back(std::move(step));
    return &lanes_[lane_].back();
}

PlannedStep* PlanWriter::add(Action action, std::uint32_t node, std::uint64_t amount, std::uint32_t other) {
    PlannedStep step;
    step.action = action;
    step.node = node;
    step.other = other;
    step.amount = amount;
    return add(std::move(step));
}

PlannedCredit PlanWriter::coin() {
    PlannedCredit credit;
    credit.account = draw_.below(topology().accounts);
    // The last account owns nothing until late.
    if (steps_so_far_ < late_after_ && credit.account + 1 == topology().accounts) credit.account = 0;
    // Distinct powers of two: a wrong sum names the missing coin.
    credit.amount = next_amount_;
    if (large_amounts_) credit.amount |= std::uint64_t{1} << 63;
    next_amount_ = next_amount_ == std::uint64_t{1} << 62 ? 1 : next_amount_ * 2;
    const std::uint32_t where = draw_.below(8);
    if (where == 6) credit.subaddress = 1;
    if (where == 7) credit.change = true;
    if (two_tokens_ && draw_.chance(1, 3)) credit.token = 1;
    return credit;
}

void PlanWriter::block(std::uint32_t credits_max, std::uint32_t spends_max, Boundary at) {
    PlannedStep step;
    step.action = Action::block;
    step.at = at;
    const std::uint32_t credits = draw_.below(credits_max + 1);
    for (std::uint32_t c = 0; c < credits; ++c) step.credits.push_back(coin());
    const std::uint32_t spends = draw_.below(spends_max + 1);
    for (std::uint32_t s = 0; s < spends; ++s) step.spends.push_back(draw_.below(8));
    add(std::move(step));
}

void PlanWriter::prepare(std::uint64_t blocks) {
    PlannedStep step;
    step.action = Action::prepare;
    step.amount = blocks;
    step.credits.push_back(coin());
    step.credits.back().change = false;
    step.credits.back().subaddress = 0;
    step.credits.back().token = 0;
    add(std::move(step));
    ++prepared_;
}

void PlanWriter::pause() {
    switch (draw_.below(4)) {
    case 0:
        break;
    case 1:
        add(Action::settle, 0, 3000);
        break;
    case 2:
        add(Action::wait, 0, 20 + draw_.below(400));
        break;
    default:
        add(Action::wait, 0, 300 + draw_.below(3000));
        break;
    }
}

void PlanWriter::fault(FaultKind kind, std::uint32_t a, std::uint32_t b) {
    if (!shape_.has(kind)) return;
    const std::uint64_t amount = fault_amount(kind);
    PlannedStep* step = add(Action::fault, a, amount, b);
    if (step != nullptr) step->fault = kind;
}

void PlanWriter::watcher_stays_behind(std::uint32_t copy) {
    if (!shape_.has(FaultKind::watcher_behind)) return;
    PlannedStep* step = add(Action::fault, 0, copy);
    if (step != nullptr) step->fault = FaultKind::watcher_behind;
}

std::uint64_t PlanWriter::fault_amount(FaultKind kind) {
    if (kind == FaultKind::watcher_behind) return draw_.below(copies());
    const engine::FaultInfo& info = engine::fault_info(kind);
    if (info.usual_count == 0) return 0;
    const std::uint64_t amount = info.usual_first + draw_.below(info.usual_count);
    return kind == FaultKind::clock_jump ? std::uint64_t{0} - amount : amount; // back: late, not early
}

std::pair<std::uint32_t, std::uint32_t> PlanWriter::link() {
    std::pair<std::uint32_t, std::uint32_t> ends;
    switch (draw_.below(5)) {
    case 0: // a wallet's own
        ends = {services() + wallet(), draw_.chance(1, 2) ? ledger_router() : view_router()};
        break;
    case 1:
        ends = {view_router(), any(NodeKind::view_store)};
        break;
    case 2:
        ends = {ledger_router(), any(NodeKind::image_store)};
        break;
    case 3: {
        const std::uint32_t n = ingest();
        ends = {n, other_ingest(n)};
        break;
    }
    default:
        ends = {draw_.below(services() + wallets()), draw_.below(services() + wallets())};
        break;
    }
    if (draw_.chance(1, 2)) std::swap(ends.first, ends.second);
    return ends;
}

void PlanWriter::any_fault() {
    switch (draw_.below(5)) {
    case 0:
    case 1: {
        const auto [a, b] = link();
        fault(one_of(link_faults), a, b);
        break;
    }
    case 2: {
        const FaultKind kind = one_of(database_faults);
        // Whoever talks to the database.
        fault(kind, any(draw_.chance(1, 2) ? NodeKind::view_store : NodeKind::ingest));
        break;
    }
    case 3:
        look_ups_fail();
        break;
    default: {
        if (draw_.chance(1, 4)) {
            fault(FaultKind::outdated_wallet, services() + wallet());
            break;
        }
        const FaultKind kind = one_of(other_faults);
        fault(kind, ingest());
        break;
    }
    }
}

void PlanWriter::look_ups_fail() {
    const std::uint32_t where = draw_.below(stores() + 1);
    const bool router = where == stores();
    fault(FaultKind::failed_look_ups, router ? ledger_router() : first_store() + where);
}

PlanWriter::Struck PlanWriter::somebody_else_fails() {
    Struck struck;
    if (!draw_.chance(1, 3)) return struck;
    struck.store = first_store() + draw_.below(stores());
    if (draw_.chance(1, 2)) {
        struck.trouble = Trouble::store_down;
        add(Action::crash, struck.store);
    } else {
        struck.trouble = Trouble::fault;
        any_fault();
    }
    return struck;
}

void PlanWriter::interleave() {
    std::size_t at[2] = {0, 0};
    for (;;) {
        const std::size_t left[2] = {lanes_[0].size() - at[0], lanes_[1].size() - at[1]};
        if (left[0] + left[1] == 0) return;
        // In proportion to what is left, so that neither lane comes as a block at the end.
        const auto total = static_cast<std::uint32_t>(left[0] + left[1]);
        std::size_t lane = 0;
        if (left[0] == 0 || (left[1] != 0 && draw_.below(total) >= left[0])) lane = 1;
        plan_.steps.push_back(std::move(lanes_[lane][at[lane]++]));
    }
}

} // namespace scenarios::lag
