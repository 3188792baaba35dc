#include "search/story.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "search/decisions.hpp"

namespace search {

using engine::FaultKind;
using scenarios::lag::Action;
using scenarios::lag::Boundary;
using scenarios::lag::Plan;
using scenarios::lag::PlannedStep;
using sim::Note;

namespace {

constexpr std::size_t most_sentences = 80;

// The names of a world's parts, in the order in which plans number them.
struct Names {
    std::vector<std::string> ingest;
    std::vector<std::string> stores; ///< view, then key image stores
    std::vector<std::string> copies;
    std::vector<std::string> nodes;
    std::vector<std::string> wallets;

    explicit Names(const Plan& plan) {
        const engine::Topology& t = plan.topology;
        for (std::uint32_t i = 0; i < t.ingest_nodes; ++i) ingest.push_back(fmt::format("ingest{}", i));
        std::vector<std::string> images;
        for (std::uint32_t s = 0; s < t.view_shards; ++s)
            for (std::uint32_t r = 0; r < t.view_replicas; ++r)
                stores.push_back(fmt::format("view{}.{}", s, r));
        for (std::uint32_t s = 0; s < t.image_shards; ++s)
            for (std::uint32_t r = 0; r < t.image_replicas; ++r)
                images.push_back(fmt::format("images{}.{}", s, r));
        stores.insert(stores.end(), images.begin(), images.end());
        if (t.own_copies) {
            copies = ingest;
            copies.insert(copies.end(), images.begin(), images.end());
            copies.push_back("ledger");
        } else {
            copies = {"ingest", "ledger"};
        }
        nodes = ingest;
        nodes.insert(nodes.end(), stores.begin(), stores.end());
        nodes.insert(nodes.end(), {"view_router", "ledger_router", "report_server"});
        for (std::uint32_t w = 0; w < t.accounts * plan.wallets_per_account; ++w)
            wallets.push_back(fmt::format("wallet {} of account {}", w, w / plan.wallets_per_account));
    }
};

const std::string& pick(const std::vector<std::string>& names, std::uint64_t number) {
    return names.at(number % names.size());
}

std::string boundary_text(Boundary at) {
    if (at == Boundary::none) return {};
    std::string text = scenarios::lag::name(at);
    std::replace(text.begin(), text.end(), '_', ' ');
    return fmt::format(", after empty blocks up to the {}", text);
}

std::string counted(std::uint64_t number, const char* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

// What holds from that step on.
std::string fault_text(const Plan& plan, const PlannedStep& step) {
    const Names names(plan);
    std::vector<std::string> ends = names.nodes;
    ends.insert(ends.end(), names.wallets.begin(), names.wallets.end());
    const std::string& a = pick(ends, step.node);
    const std::string& b = pick(ends, step.other);
    const std::uint64_t n = step.amount;
    const std::uint64_t at_least_once = std::max<std::uint64_t>(n, 1);
    switch (step.fault) {
    case FaultKind::partition:
        return fmt::format("no message passes between {} and {} any more", a, b);
    case FaultKind::cut:
        return fmt::format("no message passes from {} to {} any more", a, b);
    case FaultKind::isolate:
        return fmt::format("no message passes to or from {} any more", a);
    case FaultKind::slow_link:
        return fmt::format("messages from {} to {} begin to take {} ms more", a, b, n);
    case FaultKind::drop_requests:
        return fmt::format("{} of 256 requests from {} to {} begin to vanish", n, a, b);
    case FaultKind::drop_answers:
        return fmt::format("{} of 256 answers from {} to {} begin to vanish", n, b, a);
    case FaultKind::reset_connections:
        return fmt::format("{} of 256 calls from {} to {} begin to break", n, a, b);
    case FaultKind::db_down:
        return "the recovery database begins to refuse everybody";
    case FaultKind::db_down_for:
        return fmt::format("the recovery database begins to refuse {}", a);
    case FaultKind::lose_commit_ack:
        return fmt::format("it is decided that {} will not hear of its next {}", a,
                           counted(at_least_once, "commit"));
    case FaultKind::lose_commit:
        return fmt::format("it is decided that the next {} of {} will not arrive",
                           counted(at_least_once, "commit"), a);
    case FaultKind::fail_commit:
        return fmt::format("it is decided that the next {} of {} will be rolled back",
                           counted(at_least_once, "commit"), a);
    case FaultKind::stale_reads:
        return fmt::format("{} begins to read a replica of the database that is {} ms behind", a, n);
    case FaultKind::watcher_behind:
        return fmt::format("the chain copy {} gets no more block times", pick(names.copies, n));
    case FaultKind::disk_full:
        return fmt::format("{} cannot write its state file any more", a);
    case FaultKind::clock_jump:
        return fmt::format("the wall clock of {} jumps by {} s", a, static_cast<std::int64_t>(n));
    case FaultKind::failed_look_ups:
        return fmt::format("{} of 256 look-ups at {} begin to end in an error", n, a);
    case FaultKind::flaky_database:
        return fmt::format("{} of 256 database calls of {} begin to fail", n, a);
    case FaultKind::holed_reads:
        return fmt::format("{} of 256 reads of blocks by {} begin to miss one in the middle", n, a);
    case FaultKind::outdated_wallet:
        return fmt::format("what {} is told begins to have a form that it does not know", a);
    }
    return engine::name(step.fault);
}

} // namespace

std::string in_words(const Plan& plan, const PlannedStep& step) {
    const Names names(plan);
    const std::string& node = pick(names.nodes, step.node);
    const std::string& ingest = pick(names.ingest, step.node);
    const std::string& other = pick(names.ingest, step.other);
    const std::string& wallet = pick(names.wallets, step.node);
    const std::string& copy = pick(names.copies, step.node);
    const std::string& store = pick(names.stores, step.node);
    switch (step.action) {
    case Action::block:
        return "a block is appended" + boundary_text(step.at);
    case Action::advance:
        return fmt::format("the chain copy {} moves on by {}", copy, counted(step.amount, "block"));
    case Action::hold:
        return fmt::format("the chain copy {} stays where it is", copy);
    case Action::release:
        return fmt::format("the chain copy {} follows the tip again", copy);
    case Action::poll:
        return fmt::format("{} begins a balance check", wallet);
    case Action::join:
        return "all running balance checks come to an end";
    case Action::restart_wallet:
        return fmt::format("{} is restarted and has forgotten everything", wallet);
    case Action::kill_wallet:
        return fmt::format("{} begins a balance check and dies in it", wallet);
    case Action::activate:
        return fmt::format("the operator activates {}", ingest);
    case Action::retire:
        return fmt::format("the operator retires the key of {}", ingest);
    case Action::unretire:
        return fmt::format("the operator takes back the retirement of the key of {}", ingest);
    case Action::new_keys:
        return fmt::format("the operator gives {} new keys", ingest);
    case Action::sync_keys:
        return fmt::format("the operator has {} take over the key of {}", ingest, other);
    case Action::report_lost:
        return fmt::format("the operator reports the key of {} lost, through {}", other, ingest);
    case Action::crash:
        return fmt::format("{} crashes", node);
    case Action::start:
        return fmt::format("{} is started", node);
    case Action::pause:
        return fmt::format("{} is stopped in its tracks", node);
    case Action::resume:
        return fmt::format("{} goes on", node);
    case Action::lose_state:
        return fmt::format("the state file of {} is lost", ingest);
    case Action::save_state:
        return fmt::format("somebody keeps a copy of the state file of {}", ingest);
    case Action::put_back_state:
        return fmt::format("the kept state file of {} is put back", ingest);
    case Action::fault:
        return fault_text(plan, step);
    case Action::heal:
        return "every fault is healed";
    case Action::end_fault:
        return "one of the faults ends";
    case Action::clean_up:
        return fmt::format("invocations older than {} s are cleaned up", step.amount);
    case Action::wait:
        return fmt::format("{} ms go by", step.amount);
    case Action::settle:
        return fmt::format("everything that can catches up, for {} ms at most", step.amount);
    case Action::hold_store:
        return fmt::format("{} loads no further than {} above what it has", store,
                           counted(step.amount, "block"));
    case Action::release_store:
        return fmt::format("{} loads on", store);
    case Action::set_window:
        return fmt::format("{} publishes its key for {} ahead", ingest, counted(step.amount, "block"));
    case Action::make_peers:
        return fmt::format("{} hears that all ingest nodes are its peers", ingest);
    case Action::prepare:
        return "a sender builds a payment";
    case Action::submit:
        return "a prepared payment goes into a block" + boundary_text(step.at);
    case Action::landing:
        return fmt::format("{} asks what became of a payment", wallet);
    }
    return scenarios::lag::name(step.action);
}

std::string in_words(const engine::Topology& t) {
    std::string text =
        fmt::format("{}, {}, {} of {}, {} of {}, {}", counted(t.accounts, "account"),
                    counted(t.ingest_nodes, "ingest node"), counted(t.view_shards, "view shard"),
                    counted(t.view_replicas, "replica"), counted(t.image_shards, "key image shard"),
                    counted(t.image_replicas, "replica"),
                    t.own_copies ? "a chain copy for each service"
                                 : "one chain copy for ingest and one "
                                   "for the ledger");
    if (t.view_shards > 1 || t.image_shards > 1)
        text += fmt::format(", shards of {}", counted(t.shard_blocks, "block"));
    const engine::Topology usual;
    if (t.pubkey_expiry_window != usual.pubkey_expiry_window)
        text += fmt::format(", keys good for {}", counted(t.pubkey_expiry_window, "block"));
    if (t.user_capacity != usual.user_capacity)
        text += fmt::format(", {} users an egress key", t.user_capacity);
    if (t.chunk_outputs != usual.chunk_outputs) text += fmt::format(", {} outputs a chunk", t.chunk_outputs);
    if (t.batch_blocks != usual.batch_blocks) text += fmt::format(", {} blocks a batch", t.batch_blocks);
    return text;
}

namespace {

/// A sentence of the story, and what it can be left out for.
struct Sentence {
    std::string text;
    bool is_answer = false; ///< what a wallet was told or has shown
    engine::NodeId node{};
};

// "tip 3, copy ingest 2, view0.0 down": every item is a name and where it is.
std::vector<std::string> items_of(const std::string& heights) {
    std::vector<std::string> items;
    for (std::size_t at = 0; at < heights.size();) {
        const std::size_t end = std::min(heights.find(", ", at), heights.size());
        items.push_back(heights.substr(at, end - at));
        at = end + 2;
    }
    return items;
}

/// Says where everything is: all of it once, then what has moved.
class Heights {
public:
    /// @return empty when nothing has moved
    std::string sentence(const std::string& heights) {
        const std::vector<std::string> now = items_of(heights);
        const bool first = before_.empty();
        std::string text;
        for (std::size_t i = 0; i < now.size(); ++i) {
            if (!first && i < before_.size() && before_[i] == now[i]) continue;
            text += (text.empty() ? "" : ", ") + now[i];
        }
        before_ = now;
        if (text.empty()) return text;
        return fmt::format("{}: {}.", first ? "Block counts are at first" : "Block counts are now", text);
    }

private:
    std::vector<std::string> before_;
};

/// Says what the chain gets; blocks that pay and spend nothing are told together.
class Blocks {
public:
    void add(const Note& note, std::vector<Sentence>& told) {
        const bool plain = note.text.find(':') == std::string::npos && note.text.starts_with("block ");
        if (!plain) {
            told.push_back({fmt::format("The chain gets {}.", note.text)});
            many_ = false;
            return;
        }
        const std::string number = note.text.substr(6);
        if (many_ && sentence_ + 1 == told.size()) {
            told.back().text = fmt::format(
                "The chain gets blocks {} to {}, all without anything of an account.", first_, number);
            return;
        }
        told.push_back({fmt::format("The chain gets block {}, without anything of an account.", number)});
        first_ = number;
        sentence_ = told.size() - 1;
        many_ = true;
    }

private:
    std::string first_;
    std::size_t sentence_ = 0;
    bool many_ = false; ///< the next one may join the sentence
};

// Whether there is anything to undo when a plan has been told.
bool leaves_something(const Plan& plan) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [](const PlannedStep& step) {
        return step.action == Action::hold || step.action == Action::hold_store ||
               step.action == Action::pause || step.action == Action::fault;
    });
}

// The wallet whose number is wrong: who the judge explains, else who has shown something last.
engine::NodeId wallet_in_question(const std::vector<Note>& notes) {
    for (auto note = notes.rbegin(); note != notes.rend(); ++note)
        if (note->kind == Note::Kind::why || note->kind == Note::Kind::report) return note->node;
    return {};
}

// Long runs are mostly polls that go well: those of other wallets are left out first, then the oldest.
std::vector<std::string> shortened(std::vector<Sentence> told, engine::NodeId in_question) {
    std::size_t too_many = told.size() > most_sentences ? told.size() - most_sentences : 0;
    std::vector<bool> out(told.size(), false);
    for (const bool others : {true, false})
        for (std::size_t i = 0; i < told.size() && too_many > 0; ++i) {
            if (!told[i].is_answer || out[i] || (others && told[i].node == in_question)) continue;
            out[i] = true;
            --too_many;
        }
    std::vector<std::string> sentences;
    std::size_t left_out = 0;
    for (std::size_t i = 0; i <= told.size(); ++i) {
        if (i < told.size() && out[i]) {
            ++left_out;
            continue;
        }
        if (left_out > 0)
            sentences.push_back(fmt::format("({} answers and balances are left out.)", left_out));
        left_out = 0;
        if (i < told.size()) sentences.push_back(std::move(told[i].text));
    }
    return sentences;
}

} // namespace

std::vector<std::string> story_of(const Case& what, const sim::RunResult& result) {
    std::vector<Sentence> told;
    Heights heights;
    Blocks blocks;
    const auto name_of = [&](engine::NodeId node) -> std::string {
        std::string name =
            node.value < result.node_names.size() ? result.node_names[node.value] : std::string("somebody");
        if (name.starts_with('w')) name[0] = 'W'; // it begins a sentence
        return name;
    };
    const std::size_t planned = what.plan ? what.plan->steps.size() : 0;
    for (const Note& note : result.notes) {
        switch (note.kind) {
        case Note::Kind::step:
            told.push_back({note.number <= planned && note.number > 0
                                ? fmt::format("At {} ms {}.", note.at.ms(),
                                              in_words(*what.plan, what.plan->steps[note.number - 1]))
                                : fmt::format("At {} ms: {}.", note.at.ms(), note.text)});
            if (note.number == planned && planned > 0 && leaves_something(*what.plan))
                told.push_back(
                    {"With that the plan ends: whatever is held or broken is released and healed."});
            break;
        case Note::Kind::heights:
            if (std::string text = heights.sentence(note.text); !text.empty())
                told.push_back({std::move(text)});
            break;
        case Note::Kind::chain:
            blocks.add(note, told);
            break;
        case Note::Kind::told:
            told.push_back(
                {fmt::format("{}, at {} ms, hears: {}.", name_of(note.node), note.at.ms(), note.text), true,
                 note.node});
            break;
        case Note::Kind::report:
            told.push_back({fmt::format("{}, at {} ms, {}.", name_of(note.node), note.at.ms(), note.text),
                            true, note.node});
            break;
        case Note::Kind::why:
            told.push_back({note.text + "."});
            break;
        }
    }
    std::vector<std::string> sentences = shortened(std::move(told), wallet_in_question(result.notes));
    if (std::string decisions = decisions_in_words(what, result); !decisions.empty())
        sentences.push_back(std::move(decisions));
    for (const engine::check::Violation& violation : result.violations)
        sentences.push_back(fmt::format("At {} ms check {} fails: {}.", violation.at.ms(),
                                        name(violation.check), violation.text));
    return sentences;
}

} // namespace search
