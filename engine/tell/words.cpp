#include "engine/tell/words.hpp"

#include <fmt/format.h>

#include "engine/stream_site.hpp"

namespace engine::tell {

std::string Names::of(NodeId node) const {
    return node.value != 0 && node.value < nodes.size() ? nodes[node.value] : std::string("the scenario");
}

std::string Names::copy(std::uint64_t number) const {
    return number < copies.size() ? copies[number] : std::to_string(number);
}

FaultNames Names::of_faults() const {
    FaultNames names;
    names.node = [this](NodeId node) { return of(node); };
    names.copy = [this](faults::CopyNumber number) { return copy(number.value); };
    return names;
}

std::string counted(std::uint64_t number, const char* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string in_words(const chain::Amount& amount) {
    if (amount.token_id == 0) return fmt::format("{}", amount.value);
    return fmt::format("{} of token {}", amount.value, amount.token_id);
}

std::string in_words(const Topology& t) {
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
    const Topology usual;
    if (t.pubkey_expiry_window != usual.pubkey_expiry_window)
        text += fmt::format(", keys good for {}", counted(t.pubkey_expiry_window, "block"));
    if (t.user_capacity != usual.user_capacity)
        text += fmt::format(", {} users an egress key", t.user_capacity);
    if (t.chunk_outputs != usual.chunk_outputs) text += fmt::format(", {} outputs a chunk", t.chunk_outputs);
    if (t.batch_blocks != usual.batch_blocks) text += fmt::format(", {} blocks a batch", t.batch_blocks);
    return text;
}

const char* in_words(YieldPoint point) {
    switch (point) {
    case YieldPoint::view_query_counted:
        return "it has read its block count for an answer";
    case YieldPoint::view_query_events:
        return "it has read its count and the user events for an answer";
    case YieldPoint::view_query_looked_up:
        return "it has read its count, the user events and the records for an answer";
    case YieldPoint::view_fetched_key:
        return "it has read the blocks of one ingress key";
    case YieldPoint::view_loaded_keys:
        return "it has read the list of ingress keys";
    case YieldPoint::view_inserted:
        return "it has loaded records that its block count does not include yet";
    case YieldPoint::images_inserted:
        return "it has loaded key images that its block count does not include yet";
    case YieldPoint::images_query_begun:
        return "it begins to answer about key images";
    case YieldPoint::images_query_counted:
        return "it has read its block count for an answer about key images";
    case YieldPoint::ingest_chunk:
        return "its enclave has taken a chunk of outputs";
    case YieldPoint::ingest_before_invocation:
        return "it is about to open an invocation";
    case YieldPoint::ingest_after_invocation:
        return "it has opened an invocation";
    case YieldPoint::ingest_before_block:
        return "it is about to store a block";
    case YieldPoint::ingest_after_block:
        return "it has stored a block";
    case YieldPoint::ingest_published:
        return "it has published its report";
    case YieldPoint::ingest_activating:
        return "it has asked its peers and not yet become active";
    case YieldPoint::router_collected:
        return "it has the answers of all shards and not yet merged them";
    case YieldPoint::ledger_counted:
        return "it has read its block count for an answer";
    case YieldPoint::wallet_between_requests:
        return "it is between two requests";
    }
    return name(point);
}

// ------------------------------------------------------------------------------------------------ answers

namespace {

std::string words_of(const NoAnswer& failure) {
    return fmt::format("no answer ({}{})", name(failure.code), failure.by_fault ? ", by a fault" : "");
}

std::string words_of(const ViewAnswered& a) {
    std::string text = fmt::format("block count {}", a.count.value);
    if (a.found + a.not_found.size() > 0) text += fmt::format(", {} found", a.found);
    if (a.rngs > 0) text += fmt::format(", RNG records {}", a.rngs);
    if (a.ended_rngs > 0) text += fmt::format(", ended RNGs {}", a.ended_rngs);
    for (const BlockRange& range : a.missed)
        text += fmt::format(", missed blocks {}..{}", range.start.value, range.end.value - 1);
    return text;
}

std::string words_of(const ImagesAnswered& a) {
    std::string text = fmt::format("block count {}", a.count.value);
    for (const BlockIndex block : a.spent_in) text += fmt::format(", one spent in block {}", block.value);
    return text;
}

std::string words_of(const BlocksAnswered& a) {
    std::string text = fmt::format("block count {}", a.count.value);
    for (const BlockIndex block : a.blocks) text += fmt::format(", block {}", block.value);
    return text;
}

std::string words_of(const StatusAnswered& a) {
    std::string text = fmt::format("block count {}", a.count.value);
    for (const StatusAnswered::Output& output : a.outputs) switch (output.code) {
        case fog::TxOutStatus::Code::found:
            text += fmt::format(", it is in block {}", output.block.value);
            break;
        case fog::TxOutStatus::Code::not_found:
            text += ", it is not there";
            break;
        case fog::TxOutStatus::Code::malformed:
            text += ", it is no output";
            break;
        case fog::TxOutStatus::Code::database_error:
            text += ", an error in the place of an answer";
            break;
        }
    return text;
}

template <class... Kinds>
std::string words_of(const std::variant<Kinds...>& answer) {
    return std::visit([](const auto& a) { return words_of(a); }, answer);
}

} // namespace

std::string answer_in_words(const Note& note, const Names& names) {
    if (const auto* view = note.as<AskedView>()) {
        const std::string asked = view->keys == 0
                                      ? fmt::format("for news since event {}", view->events_after.value)
                                      : fmt::format("for {}", counted(view->keys, "search key"));
        return fmt::format("{} answers {}: {}", names.of(view->server), asked, words_of(view->answer));
    }
    if (const auto* images = note.as<AskedImages>())
        return fmt::format("{} answers about {}: {}", names.of(images->server),
                           counted(images->outputs, "output"), words_of(images->answer));
    if (const auto* blocks = note.as<AskedBlocks>())
        return fmt::format("{} is asked for missed blocks: {}", names.of(blocks->server),
                           words_of(blocks->answer));
    if (const auto* status = note.as<AskedStatus>())
        return fmt::format("{} is asked whether a payment has landed: {}", names.of(status->server),
                           words_of(status->answer));
    return {};
}

std::string in_words(const Reported& reported) {
    if (const auto* shown = std::get_if<Shown>(&reported.result))
        return fmt::format("shows {} at block count {}", check::to_text(shown->balance), shown->count.value);
    return fmt::format("cannot tell its balance: {}", name(std::get<NoAnswer>(reported.result).code));
}

std::string label(const Reported& reported) {
    const auto* shown = std::get_if<Shown>(&reported.result);
    return shown == nullptr ? "?"
                            : fmt::format("{} @ {}", check::to_text(shown->balance), shown->count.value);
}

std::string in_words(const Landing& landing) {
    using Verdict = fog::Wallet::Landing::Verdict;
    switch (landing.verdict.verdict) {
    case Verdict::landed:
        return fmt::format("takes its payment for landed in block {}", landing.verdict.block.value);
    case Verdict::expired:
        return fmt::format("takes its payment, good for blocks below {}, for expired",
                           landing.tombstone.value);
    case Verdict::unknown:
        break;
    }
    return "cannot say yet what became of its payment";
}

// -------------------------------------------------------------------------------------------- the chain

std::string in_words(const Appended& block) {
    std::string text = fmt::format("block {}", block.block.value);
    if (block.block.value == 0)
        return text +
               fmt::format(": {} from before fog, which nobody scans", counted(block.outputs, "output"));
    const char* join = ": ";
    for (const Coin& coin : block.paid) {
        text += fmt::format("{}account {} gets {}", join, coin.account.value, in_words(coin.amount));
        join = ", ";
    }
    for (const Coin& coin : block.spent) {
        text += fmt::format("{}account {} spends the {} of block {}", join, coin.account.value,
                            in_words(coin.amount), coin.block.value);
        join = ", ";
    }
    return text;
}

std::string in_words(const Heights& now, const Heights* before, const Names& names) {
    std::string text;
    const auto add = [&](const std::string& item) { text += (text.empty() ? "" : ", ") + item; };
    if (before == nullptr || before->tip != now.tip) add(fmt::format("tip {}", now.tip.value));
    for (std::size_t i = 0; i < now.copies.size(); ++i)
        if (before == nullptr || before->copies.at(i) != now.copies[i])
            add(fmt::format("copy {} {}", names.copy(i), now.copies[i].value));
    for (std::size_t i = 0; i < now.stores.size(); ++i) {
        const Heights::Store& store = now.stores[i];
        if (before != nullptr && before->stores.at(i) == store) continue;
        add(store.count ? fmt::format("{} {}", names.of(store.node), store.count->value)
                        : fmt::format("{} down", names.of(store.node)));
    }
    return text;
}

// -------------------------------------------------------------------------------------------------- why

namespace {

std::string coin_text(const Coin& coin) {
    std::string text = fmt::format("the {} of block {}", coin.amount.value, coin.block.value);
    if (coin.amount.token_id != 0) text += fmt::format(" (token {})", coin.amount.token_id);
    return text;
}

class Why {
public:
    Why(const std::vector<Note>& notes, const Names& names) : notes_(notes), names_(names) {}

    std::string operator()(const Missing& m) const {
        return fmt::format("Missing: {}. The wallet has never seen it; {}{}", coin_text(m.coin),
                           whereabouts(m), heard(m.heard));
    }
    std::string operator()(const CountedThoughSpent& c) const {
        return fmt::format("Counted though spent: {}, which block {} spends. The wallet knows it {}{}",
                           coin_text(c.coin), c.spent_in.value,
                           c.known_spent_in
                               ? fmt::format("spent in block {}", c.known_spent_in->value)
                               : fmt::format("unspent as of block count {}", c.unspent_as_of.value),
                           heard(c.heard));
    }
    std::string operator()(const TakenOff& t) const {
        return fmt::format("Taken off though not spent: {}. The wallet has it as spent in block {}{}",
                           coin_text(t.coin), t.known_spent_in.value, heard(t.heard));
    }
    std::string operator()(const Misplaced& m) const {
        return fmt::format("Misplaced: {}. The wallet has it in block {}", coin_text(m.coin),
                           m.known_block.value);
    }
    std::string operator()(const KnowsBeyond& k) const {
        if (k.spent_in)
            return fmt::format("The wallet also knows that block {} spends {}: that block is not included in "
                               "block count {}",
                               k.spent_in->value, coin_text(k.coin), k.count.value);
        return fmt::format("The wallet also knows {}, which block count {} does not include",
                           coin_text(k.coin), k.count.value);
    }
    std::string operator()(const TrueElsewhere& t) const {
        return fmt::format("{} is the true balance at block count {}, not at {}", check::to_text(t.shown),
                           t.there.value, t.claimed.value);
    }
    std::string operator()(const WrongSum&) const {
        return "What the wallet knows of its outputs is right; it is the sum that is not";
    }
    std::string operator()(const auto&) const { return {}; }

private:
    // Says of fog-view what follows, and no more.
    std::string whereabouts(const Missing& m) const {
        switch (m.where) {
        case Missing::Where::nowhere:
            return "nobody has scanned that block for it, nor reported it missed";
        case Missing::Where::missed_block:
            return "that block is reported missed, so only the ledger can show it";
        case Missing::Where::database:
            break;
        }
        const std::string there = "its record is in the database";
        switch (m.search) {
        case Missing::Search::no_rng:
            return m.rngs == 0
                       ? there + ", but the wallet has been told of no RNG yet"
                       : there + fmt::format(", but the wallet is at no place of the {} that it has been "
                                             "told of from which it would find it",
                                             counted(m.rngs, "RNG"));
        case Missing::Search::told_too_low:
            return there +
                   fmt::format(", but when the wallet asked for its search key{} the answer was true for "
                               "{} only",
                               m.asked ? when(m.asked) : std::string(","), count_of(m.asked));
        case Missing::Search::told_wrongly:
            return there +
                   fmt::format(", and yet the wallet was told{} that there is none under its search key, as "
                               "of {}, which includes the block: that answer is wrong",
                               when(m.asked), count_of(m.asked));
        case Missing::Search::never_told:
            return there + ", but the wallet has had no answer about its search key";
        }
        return there;
    }

    std::string when(const Heard& at) const {
        return at ? fmt::format(", at {} ms,", notes_.at(*at).at.ms()) : std::string();
    }
    std::string count_of(const Heard& at) const {
        if (at)
            if (const auto* view = notes_.at(*at).as<AskedView>())
                if (const auto* answer = std::get_if<ViewAnswered>(&view->answer))
                    return fmt::format("block count {}", answer->count.value);
        return "some block count";
    }
    std::string heard(const Heard& last) const {
        if (!last) return {};
        const Note& note = notes_.at(*last);
        return fmt::format("; the last it heard, at {} ms: {}", note.at.ms(), answer_in_words(note, names_));
    }

    const std::vector<Note>& notes_;
    const Names& names_;
};

} // namespace

std::string why_in_words(const Note& note, const std::vector<Note>& notes, const Names& names) {
    return std::visit(Why(notes, names), note.fact);
}

// ------------------------------------------------------------------------------------------------ decisions

namespace {

const Decided* decided(const FixedChoice& d, const std::vector<Note>& notes) {
    for (const Note& note : notes)
        if (const auto* what = note.as<Decided>();
            what && what->stream == d.stream && what->ordinal == d.ordinal)
            return what;
    return nullptr;
}

std::string hold_in_words(const FixedChoice& d, const Decided* what, const std::string& node) {
    if (what == nullptr) return fmt::format("{} is held, at its yield point {}", node, d.ordinal + 1);
    return fmt::format("{} is held when {}", node, in_words(std::get<YieldPoint>(what->about)));
}

std::string strike_in_words(const FixedChoice& d, const Decided* what, const std::string& node) {
    using Strike = Decided::Strike;
    if (what == nullptr)
        return fmt::format("something befalls {} at the database, at choice {}", node, d.ordinal + 1);
    switch (std::get<Strike>(what->about)) {
    case Strike::database_call:
        return fmt::format("a fault strikes a database call of {}", node);
    case Strike::hole:
        return fmt::format("a read of {} does not show a block", node);
    case Strike::commit_outlives_node:
        return fmt::format("a commit of {} that was under way when it died arrives all the same", node);
    }
    return {};
}

} // namespace

std::string in_words(const FixedChoice& d, const std::vector<Note>& notes, const Names& names) {
    const std::uint64_t number = d.ordinal + 1;
    const std::string node = names.of(NodeId{d.stream.actor});
    const std::optional<StreamSite> site = site_of(d.stream);
    if (!site) return fmt::format("the scenario's own decision {} is {} of {}", number, d.value, d.bound);
    switch (*site) {
    case StreamSite::ready_task:
        return fmt::format("where {} tasks are ready, at choice {}, number {} goes first", d.bound, number,
                           d.value + 1);
    case StreamSite::resting_poll:
        return fmt::format("a resting poll is just under way when something happens, at choice {}", number);
    case StreamSite::message_delay:
        return fmt::format("message {} of {} is late", number, node);
    case StreamSite::message_fate:
        return fmt::format("a fault strikes message {} of {}", number, node);
    case StreamSite::block_delay:
        return fmt::format("block {} comes {} ms late to the chain copy {}", number, d.value,
                           names.copy(d.stream.actor));
    case StreamSite::database_delay:
        return fmt::format("database call {} of {} is late", number, node);
    case StreamSite::commit_hold:
        return fmt::format("commit {} of {} is held before anybody sees it", number, node);
    case StreamSite::replica_read:
        return fmt::format("read {} of {} comes from the replica that lags", number, node);
    case StreamSite::process_hold:
        return hold_in_words(d, decided(d, notes), node);
    case StreamSite::weather: {
        constexpr const char* what[] = {"how often processes are held", "how often messages are late",
                                        "how long processes are held"};
        return fmt::format("the weather is not the usual: {}", what[d.ordinal % 3]);
    }
    case StreamSite::node_bytes:
    case StreamSite::account_bytes:
        return fmt::format("generated data {} of {} is {}", number, d.stream.actor, d.value);
    case StreamSite::replica_pick:
        return fmt::format("{} asks replica {} of {}, at choice {}", node, d.value + 1, d.bound, number);
    case StreamSite::wallet_death:
        return fmt::format("death {} of {} comes after {} us", number, node, d.value);
    case StreamSite::look_up_fate:
        return fmt::format("a fault strikes look-up {} at {}", number, node);
    case StreamSite::database_fate:
        return strike_in_words(d, decided(d, notes), node);
    }
    return name(d.stream.domain);
}

} // namespace engine::tell
