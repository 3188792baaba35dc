#include "tools/fogsim/timeline_lanes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/tell/words.hpp"

namespace tools::fogsim {

using engine::Event;
using engine::EventKind;
using engine::FaultKind;
using engine::Instant;
using engine::NodeId;
using engine::tell::Note;
using scenarios::lag::Action;
namespace tell = engine::tell;

namespace {

constexpr const char* database_name = "recovery database";

std::string spaced(std::string text) {
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

void end_span(Lane& lane, std::string_view style, Instant at) {
    for (Span& span : lane.spans)
        if (!span.to && span.style == style) span.to = at;
}

void close_poll(Lane& lane, std::optional<Instant> at) {
    if (lane.open_poll && at) lane.spans[*lane.open_poll].to = at;
    lane.open_poll.reset();
}

} // namespace

Lanes::Lanes(const sim::RunResult& run, const scenarios::lag::Plan* plan)
    : run_(run), plan_(plan), names_{run.node_names, run.copy_names}, roster_(run.topology) {
    make_lanes();
    for (const Event& event : run_.events) take(event);
    for (const Note& note : run_.notes) take(note);
    for (Lane& lane : lanes_) close_poll(lane, std::nullopt);
    // No lane for the database unless something is in it.
    Lane& database = lanes_[nodes_.front()];
    if (database.spans.empty() && database.marks.empty()) database.height = 0;
}

void Lanes::make_lanes() {
    add_lane("steps", 24, false);
    tip_ = add_lane("chain", 44, true);
    for (const std::string& name : run_.copy_names) copies_.push_back(add_lane("copy " + name, 44, true));
    nodes_.assign(run_.node_names.size(), 0);
    std::vector<std::size_t> wallets;
    for (std::size_t n = 1; n < run_.node_names.size(); ++n) {
        const NodeId node{static_cast<std::uint32_t>(n)};
        const engine::Roster::Service* service = roster_.find(node);
        if (service == nullptr) {
            wallets.push_back(n);
            continue;
        }
        const bool counts = kind_info(service->kind).has_height();
        nodes_[n] = add_lane(service->name, counts ? 44 : 24, counts);
    }
    for (const engine::Roster::Service* service : roster_.in_plans()) {
        if (service->id.value >= nodes_.size()) continue; // nothing was heard of it
        const std::size_t lane = nodes_[service->id.value];
        const engine::NodeKindInfo& kind = kind_info(service->kind);
        if (kind.is_commanded) ingest_.push_back(lane);
        if (kind.is_store) stores_.push_back(lane);
        services_.push_back(lane);
    }
    nodes_.at(0) = add_lane(database_name, 24, false); // what has no node of its own happens there
    for (const std::size_t n : wallets) {
        nodes_[n] = add_lane(run_.node_names[n], 44, true);
        lanes_[nodes_[n]].is_wallet = true;
        wallets_.push_back(nodes_[n]);
    }
}

std::size_t Lanes::add_lane(std::string name, std::uint64_t height, bool counts) {
    lanes_.push_back({std::move(name), height, counts});
    return lanes_.size() - 1;
}

std::string Lanes::name_of(std::uint32_t node) const { return names_.of(engine::NodeId{node}); }

// -------------------------------------------------------------------------------------------- events

void Lanes::take(const Event& e) {
    end_ = std::max(end_, e.at);
    switch (e.kind) {
    case EventKind::block_appended:
        highest_ = std::max(highest_, e.a + 1);
        lanes_[tip_].levels.push_back({e.at, e.a + 1});
        break;
    case EventKind::copy_advanced:
        if (e.object < copies_.size()) lanes_[copies_[e.object]].levels.push_back({e.at, e.a});
        break;
    case EventKind::view_published:
    case EventKind::images_published:
    case EventKind::reported:
        lane_of(e.node).levels.push_back({e.at, e.a});
        break;
    case EventKind::ingested:
        lane_of(e.node).levels.push_back({e.at, e.a + 1});
        break;
    case EventKind::ingest_mode:
        end_span(lane_of(e.node), "active", e.at);
        if (e.a == 1) lane_of(e.node).spans.push_back({e.at, {}, "active", "active: it scans blocks"});
        break;
    case EventKind::node_started:
        end_span(lane_of(e.node), "down", e.at);
        break;
    case EventKind::node_stopped:
        end_span(lane_of(e.node), "active", e.at);
        end_span(lane_of(e.node), "paused", e.at);
        lane_of(e.node).levels.push_back({e.at, std::nullopt});
        lane_of(e.node).spans.push_back({e.at, {}, "down", "down", "down"});
        break;
    case EventKind::node_paused:
        end_span(lane_of(e.node), "paused", e.at);
        lane_of(e.node).spans.push_back({e.at, {}, "paused", "paused", "paused"});
        break;
    case EventKind::node_resumed:
        end_span(lane_of(e.node), "paused", e.at);
        break;
    case EventKind::fault_began:
        begin_fault(e);
        break;
    case EventKind::fault_ended:
        end_fault(e.object, e.at);
        break;
    case EventKind::db_committed:
        use_up(FaultKind::lose_commit_ack, e);
        break;
    case EventKind::db_failed:
        if (e.a == static_cast<std::uint64_t>(engine::Code::internal)) use_up(FaultKind::fail_commit, e);
        if (e.a == static_cast<std::uint64_t>(engine::Code::unknown)) use_up(FaultKind::lose_commit, e);
        lane_of(e.node).marks.push_back({e.at, "lost", "a write to the recovery database fails"});
        break;
    case EventKind::lost:
        lane_of(e.node).marks.push_back(
            {e.at, "lost",
             fmt::format("{} to {} is lost", e.b == 0 ? "a request" : "an answer", name_of(e.object))});
        break;
    case EventKind::request:
        begin_poll(e);
        break;
    case EventKind::wallet_polled:
        close_poll(lane_of(e.node), e.at);
        break;
    case EventKind::resumed:
    case EventKind::delivered:
    case EventKind::answered:
    case EventKind::checked:
    case EventKind::step:
        break;
    }
}

void Lanes::begin_fault(const Event& e) {
    const auto kind = static_cast<FaultKind>(e.a);
    std::size_t lane = number_of(e.node);
    if (kind == FaultKind::watcher_behind && e.b < copies_.size()) lane = copies_[e.b];
    if (kind == FaultKind::db_down) lane = nodes_.front();
    lanes_[lane].spans.push_back({e.at,
                                  {},
                                  "fault",
                                  fmt::format("fault: {}", engine::fault_info(kind).effect),
                                  spaced(engine::name(kind))});
    faults_[e.object] = {kind, e.node, e.b, lane, lanes_[lane].spans.size() - 1};
}

void Lanes::end_fault(std::uint32_t id, Instant at) {
    const auto found = faults_.find(id);
    if (found == faults_.end()) return;
    lanes_[found->second.lane].spans[found->second.span].to = at;
    faults_.erase(found);
}

// These faults strike so many times and are over then, without an event of their own.
void Lanes::use_up(FaultKind kind, const Event& e) {
    for (auto& [id, fault] : faults_) {
        if (fault.kind != kind || fault.node != e.node) continue;
        if (fault.left > 1)
            --fault.left;
        else
            end_fault(id, e.at);
        return;
    }
}

void Lanes::begin_poll(const Event& e) {
    if (!roster_.is_wallet(e.node)) return;
    Lane& lane = lane_of(e.node);
    if (lane.open_poll) return;
    lane.open_poll = lane.spans.size();
    lane.spans.push_back({e.at, {}, "poll", "a balance check"});
}

// -------------------------------------------------------------------------------------------- notes

void Lanes::take(const Note& note) {
    const std::string when = fmt::format("{} ms: ", note.at.ms());
    if (const auto* step = note.as<tell::Step>()) {
        take_step(*step, note);
    } else if (const auto* block = note.as<tell::Appended>()) {
        lanes_[tip_].marks.push_back({note.at, "block", when + "the chain gets " + tell::in_words(*block)});
    } else if (note.is_answer()) {
        lane_of(note.node).marks.push_back(
            {note.at, "told", when + "hears: " + tell::answer_in_words(note, names_)});
    } else if (const auto* landing = note.as<tell::Landing>()) {
        lane_of(note.node).marks.push_back({note.at, "told", when + tell::in_words(*landing)});
    } else if (const auto* reported = note.as<tell::Reported>()) {
        const bool shown = std::holds_alternative<tell::Shown>(reported->result);
        lane_of(note.node).marks.push_back(
            {note.at, shown ? "shown" : "nothing", when + tell::in_words(*reported), tell::label(*reported)});
        last_report_ = &note;
    }
}

void Lanes::take_step(const tell::Step& step, const Note& note) {
    const std::string title = fmt::format("step {}, {} ms: {}", step.number, note.at.ms(), step.text);
    lanes_.front().marks.push_back({note.at, "step", title, std::to_string(step.number)});
    const bool planned = plan_ != nullptr && step.number > 0 && step.number <= plan_->steps.size();
    if (!planned) return;
    if (const auto lane = place_of(plan_->steps[step.number - 1]))
        lanes_[*lane].marks.push_back({note.at, "act", title});
}

// The lane of what a step acts on, numbered as plans do it.
std::optional<std::size_t> Lanes::place_of(const scenarios::lag::PlannedStep& step) const {
    const auto pick = [&](const std::vector<std::size_t>& of) -> std::optional<std::size_t> {
        if (of.empty()) return std::nullopt;
        return of[step.node % of.size()];
    };
    switch (step.action) {
    case Action::advance:
    case Action::hold:
    case Action::release:
        return pick(copies_);
    case Action::hold_store:
    case Action::release_store:
        return pick(stores_);
    case Action::activate:
    case Action::retire:
    case Action::unretire:
    case Action::new_keys:
    case Action::sync_keys:
    case Action::report_lost:
    case Action::set_window:
    case Action::make_peers:
    case Action::lose_state:
    case Action::save_state:
    case Action::put_back_state:
        return pick(ingest_);
    case Action::crash:
    case Action::start:
    case Action::pause:
    case Action::resume:
        return pick(services_);
    case Action::poll:
    case Action::restart_wallet:
    case Action::kill_wallet:
    case Action::landing:
    case Action::inquire: { // wallets that never called anybody have no lane
        const std::size_t all = plan_->topology.accounts * plan_->wallets_per_account;
        const std::size_t wallet = all == 0 ? 0 : step.node % all;
        if (wallet < wallets_.size()) return wallets_[wallet];
        return std::nullopt;
    }
    default:
        return std::nullopt;
    }
}

} // namespace tools::fogsim
