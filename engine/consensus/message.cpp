#include "engine/consensus/message.hpp"

#include <algorithm>
#include <set>

#include "engine/chain/quorum_digest.hpp"
#include "engine/ensure.hpp"

namespace engine::consensus {
namespace {

bool is_set(const Values& values) {
    return std::ranges::adjacent_find(values, std::greater_equal<>{}) == values.end();
}
bool holds(const Values& set, const Value& value) { return std::ranges::binary_search(set, value); }

std::optional<std::string> fault_of(const Nominate& nominate) {
    if (!is_set(nominate.voted) || !is_set(nominate.accepted)) return "nominated values are no sorted set";
    for (const Value& value : nominate.voted)
        if (holds(nominate.accepted, value)) return "a value is both voted for and accepted";
    return std::nullopt;
}

std::optional<std::string> fault_of(const Prepare& prepare) {
    if (prepare.ballot.counter == 0) return "ballot counter 0";
    if (prepare.prepared && *prepare.prepared > prepare.ballot) return "prepared is above the ballot";
    if (prepare.prepared_prime && !prepare.prepared) return "prepared' without prepared";
    if (prepare.prepared_prime && (*prepare.prepared_prime >= *prepare.prepared ||
                                   is_compatible(*prepare.prepared_prime, *prepare.prepared)))
        return "prepared' is not below prepared, or has its values";
    if (prepare.commit_counter > prepare.high_counter) return "commit counter is above the high one";
    if (prepare.high_counter > prepare.ballot.counter) return "high counter is above the ballot's";
    return std::nullopt;
}

std::optional<std::string> fault_of(const NominatePrepare& both) {
    const std::optional<std::string> fault = fault_of(both.nominate);
    return fault ? fault : fault_of(both.prepare);
}

std::optional<std::string> fault_of(const Commit& commit) {
    if (commit.commit_counter == 0) return "commit counter 0";
    if (commit.commit_counter > commit.high_counter) return "commit counter is above the high one";
    if (commit.high_counter > commit.ballot.counter) return "high counter is above the ballot's";
    return std::nullopt;
}

std::optional<std::string> fault_of(const Externalize& externalize) {
    if (externalize.commit.counter == 0) return "commit counter 0";
    if (externalize.commit.counter > externalize.high_counter) return "commit counter is above the high one";
    return std::nullopt;
}

bool is_accepted_up_to(const Ballot& ballot, const std::optional<Ballot>& prepared) {
    return prepared && is_below_and_compatible(ballot, *prepared);
}

void append_digest(chain::DigestTranscript& to, std::string_view context, const Value& value,
                   const ValueContents& contents) {
    to.variant(context, "ConsensusValue", static_cast<std::uint32_t>(value.kind));
    switch (value.kind) {
    case Value::Kind::transaction: {
        const chain::DigestAggregate hash(to, "TxHash", "TxHash");
        to.bytes("0", value.hash.view());
        return;
    }
    case Value::Kind::mint_config: {
        if (!contents.mint_config) return to.bytes("MintConfigTx", value.hash.view());
        const chain::MintConfigTx* const content = contents.mint_config(value.hash);
        ENSURE(content != nullptr);
        append_digest(to, "MintConfigTx", *content);
        return;
    }
    case Value::Kind::mint: {
        if (!contents.mint) return to.bytes("MintTx", value.hash.view());
        const chain::MintTx* const content = contents.mint(value.hash);
        ENSURE(content != nullptr);
        append_digest(to, "MintTx", *content);
        return;
    }
    }
}

void append_field(chain::DigestTranscript& to, std::string_view context, const Values& values,
                  const ValueContents& contents) {
    if (values.empty()) return;
    to.sequence(context, values.size());
    for (const Value& value : values) append_digest(to, "", value, contents);
}

void append_digest(chain::DigestTranscript& to, std::string_view context, const Ballot& ballot,
                   const ValueContents& contents) {
    const chain::DigestAggregate aggregate(to, context, "Ballot");
    to.integer("N", ballot.counter);
    append_field(to, "X", ballot.values, contents);
}

void append_digest(chain::DigestTranscript& to, std::string_view context, const Nominate& nominate,
                   const ValueContents& contents) {
    const chain::DigestAggregate aggregate(to, context, "NominatePayload");
    append_field(to, "X", nominate.voted, contents);
    append_field(to, "Y", nominate.accepted, contents);
}

void append_digest(chain::DigestTranscript& to, std::string_view context, const Prepare& prepare,
                   const ValueContents& contents) {
    const chain::DigestAggregate aggregate(to, context, "PreparePayload");
    append_digest(to, "B", prepare.ballot, contents);
    if (prepare.prepared) append_digest(to, "P", *prepare.prepared, contents);
    if (prepare.prepared_prime) append_digest(to, "PP", *prepare.prepared_prime, contents);
    to.integer("CN", prepare.commit_counter);
    to.integer("HN", prepare.high_counter);
}

void append_topic(chain::DigestTranscript& to, std::string_view context, const Topic& topic,
                  const ValueContents& contents) {
    to.variant(context, "Topic", static_cast<std::uint32_t>(topic.index()));
    if (const auto* nominate = std::get_if<Nominate>(&topic)) {
        append_digest(to, "Nominate", *nominate, contents);
    } else if (const auto* both = std::get_if<NominatePrepare>(&topic)) {
        const chain::DigestAggregate aggregate(to, "NominatePrepare", "");
        append_digest(to, "0", both->nominate, contents);
        append_digest(to, "1", both->prepare, contents);
    } else if (const auto* prepare = std::get_if<Prepare>(&topic)) {
        append_digest(to, "Prepare", *prepare, contents);
    } else if (const auto* commit = std::get_if<Commit>(&topic)) {
        const chain::DigestAggregate aggregate(to, "Commit", "CommitPayload");
        append_digest(to, "B", commit->ballot, contents);
        to.integer("PN", commit->prepared_counter);
        to.integer("CN", commit->commit_counter);
        to.integer("HN", commit->high_counter);
    } else if (const auto* externalize = std::get_if<Externalize>(&topic)) {
        const chain::DigestAggregate aggregate(to, "Externalize", "ExternalizePayload");
        append_digest(to, "C", externalize->commit, contents);
        to.integer("HN", externalize->high_counter);
    }
}

void append_message(chain::DigestTranscript& to, std::string_view context, const Message& message,
                    const ValueContents& contents) {
    const chain::DigestAggregate aggregate(to, context, "Msg");
    chain::append_digest(to, "sender_id", message.sender);
    to.integer("slot_index", message.slot);
    chain::append_digest(to, "quorum_set", *message.quorum_set);
    append_topic(to, "topic", message.topic, contents);
}

} // namespace

std::strong_ordering operator<=>(const Nominate& a, const Nominate& b) {
    if (const auto order = a.accepted.size() <=> b.accepted.size(); order != 0) return order;
    if (const auto order = a.accepted <=> b.accepted; order != 0) return order;
    if (const auto order = a.voted.size() <=> b.voted.size(); order != 0) return order;
    return a.voted <=> b.voted;
}

std::strong_ordering operator<=>(const Prepare& a, const Prepare& b) {
    if (const auto order = a.ballot <=> b.ballot; order != 0) return order;
    if (const auto order = a.prepared <=> b.prepared; order != 0) return order;
    if (const auto order = a.prepared_prime <=> b.prepared_prime; order != 0) return order;
    return a.high_counter <=> b.high_counter;
}

std::strong_ordering operator<=>(const NominatePrepare& a, const NominatePrepare& b) {
    if (const auto order = a.prepare <=> b.prepare; order != 0) return order;
    return a.nominate <=> b.nominate;
}

std::strong_ordering operator<=>(const Commit& a, const Commit& b) {
    if (const auto order = a.ballot <=> b.ballot; order != 0) return order;
    if (const auto order = a.prepared_counter <=> b.prepared_counter; order != 0) return order;
    return a.high_counter <=> b.high_counter;
}

std::strong_ordering operator<=>(const Externalize& a, const Externalize& b) {
    return a.high_counter <=> b.high_counter;
}

std::strong_ordering compare(const Topic& a, const Topic& b) {
    if (a.index() != b.index()) return a.index() <=> b.index();
    return std::visit(
        [&](const auto& left) -> std::strong_ordering {
            return left <=> std::get<std::decay_t<decltype(left)>>(b);
        },
        a);
}

bool operator==(const Message& a, const Message& b) {
    return a.sender.public_key == b.sender.public_key && a.slot == b.slot && *a.quorum_set == *b.quorum_set &&
           a.topic == b.topic;
}

std::optional<std::string> fault_of(const Message& message) {
    if (message.quorum_set == nullptr || !is_valid(*message.quorum_set)) return "the quorum set is invalid";
    return std::visit([](const auto& topic) { return fault_of(topic); }, message.topic);
}

Values values_of(const Topic& topic) {
    std::set<Value> out;
    const auto add = [&out](const Values& values) { out.insert(values.begin(), values.end()); };
    if (const Nominate* nominate = nominate_of(topic)) {
        add(nominate->voted);
        add(nominate->accepted);
    }
    for (const Ballot& ballot : ballots_of(topic)) add(ballot.values);
    return {out.begin(), out.end()};
}

const Nominate* nominate_of(const Topic& topic) {
    if (const auto* nominate = std::get_if<Nominate>(&topic)) return nominate;
    if (const auto* both = std::get_if<NominatePrepare>(&topic)) return &both->nominate;
    return nullptr;
}

const Prepare* prepare_of(const Topic& topic) {
    if (const auto* prepare = std::get_if<Prepare>(&topic)) return prepare;
    if (const auto* both = std::get_if<NominatePrepare>(&topic)) return &both->prepare;
    return nullptr;
}

std::uint32_t ballot_counter_of(const Topic& topic) {
    if (const Prepare* prepare = prepare_of(topic)) return prepare->ballot.counter;
    if (const auto* commit = std::get_if<Commit>(&topic)) return commit->ballot.counter;
    return std::holds_alternative<Externalize>(topic) ? infinite : 0;
}

std::vector<Ballot> ballots_of(const Topic& topic) {
    std::vector<Ballot> out;
    if (const Prepare* prepare = prepare_of(topic)) {
        out.push_back(prepare->ballot);
        if (prepare->prepared) out.push_back(*prepare->prepared);
        if (prepare->prepared_prime) out.push_back(*prepare->prepared_prime);
    } else if (const auto* commit = std::get_if<Commit>(&topic)) {
        out.push_back({infinite, commit->ballot.values});
        if (commit->prepared_counter != 0) out.push_back({commit->prepared_counter, commit->ballot.values});
        out.push_back({commit->high_counter, commit->ballot.values});
    } else if (const auto* externalize = std::get_if<Externalize>(&topic)) {
        out.push_back({infinite, externalize->commit.values});
        out.push_back({externalize->high_counter, externalize->commit.values});
    }
    return out;
}

bool votes_nominated(const Topic& topic, const Value& value) {
    const Nominate* const nominate = nominate_of(topic);
    return nominate != nullptr && (holds(nominate->voted, value) || holds(nominate->accepted, value));
}

bool accepts_nominated(const Topic& topic, const Value& value) {
    const Nominate* const nominate = nominate_of(topic);
    return nominate != nullptr && holds(nominate->accepted, value);
}

bool votes_prepared(const Topic& topic, const Ballot& ballot) {
    if (const Prepare* prepare = prepare_of(topic))
        return is_below_and_compatible(ballot, prepare->ballot) || accepts_prepared(topic, ballot);
    if (const auto* commit = std::get_if<Commit>(&topic)) return is_compatible(ballot, commit->ballot);
    return accepts_prepared(topic, ballot);
}

bool accepts_prepared(const Topic& topic, const Ballot& ballot) {
    if (const Prepare* prepare = prepare_of(topic))
        return is_accepted_up_to(ballot, prepare->prepared) ||
               is_accepted_up_to(ballot, prepare->prepared_prime);
    if (const auto* commit = std::get_if<Commit>(&topic))
        return is_compatible(ballot, commit->ballot) && ballot.counter <= commit->prepared_counter;
    if (const auto* externalize = std::get_if<Externalize>(&topic))
        return is_compatible(ballot, externalize->commit);
    return false;
}

bool votes_committed(const Topic& topic, const Values& values, Range range) {
    if (const Prepare* prepare = prepare_of(topic))
        return prepare->commit_counter != 0 && prepare->ballot.values == values &&
               prepare->commit_counter <= range.low && range.high <= prepare->high_counter;
    if (const auto* commit = std::get_if<Commit>(&topic))
        return commit->ballot.values == values && commit->commit_counter <= range.low;
    return accepts_committed(topic, values, range);
}

bool accepts_committed(const Topic& topic, const Values& values, Range range) {
    if (const auto* commit = std::get_if<Commit>(&topic))
        return commit->ballot.values == values && commit->commit_counter <= range.low &&
               range.high <= commit->high_counter;
    if (const auto* externalize = std::get_if<Externalize>(&topic))
        return externalize->commit.values == values && externalize->commit.counter <= range.low;
    return false;
}

chain::Hash32 digest(const Message& message, const ValueContents& contents, std::string_view context) {
    chain::DigestTranscript transcript;
    append_message(transcript, context, message, contents);
    return transcript.digest32();
}

chain::Hash32 signed_digest(const Message& message, const chain::BlockId& previous,
                            const ValueContents& contents) {
    chain::DigestTranscript transcript("peer-message");
    append_message(transcript, "scp_msg", message, contents);
    transcript.bytes("prev_block_id", previous.view());
    return transcript.digest32();
}

} // namespace engine::consensus
