#include "engine/fault.hpp"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/cause.hpp"
#include "engine/ensure.hpp"

namespace engine {

using enum FaultKind;

// ---------------------------------------------------------------------------------------------- the table

const std::array<FaultInfo, fault_count>& all_faults() {
    using enum FaultPlace;
    constexpr auto messages = Capability::message_faults;
    constexpr auto commits = Capability::lose_commit_ack;
    constexpr auto inner = Capability::inner_failures;
    constexpr auto replica = Capability::stale_reads;
    constexpr auto files = Capability::state_files;
    static const std::array<FaultInfo, fault_count> table{{
        {partition, "partition", messages, end, 0, 0, "no message passes between the two",
         "messages pass again", "no message passes between {a} and {b} any more"},
        {cut, "cut", messages, end, 0, 0, "no message passes from the one to the other",
         "messages pass again", "no message passes from {a} to {b} any more"},
        {isolate, "isolate", messages, end, 0, 0,
         "no message to or from it; its database stays reachable (a zombie)", "messages pass again",
         "no message passes to or from {a} any more"},
        {slow_link, "slow_link", messages, end, 1, 400, "messages from the one to the other take longer",
         "messages take as long as ever", "messages from {a} to {b} begin to take {n} ms more"},
        {drop_requests, "drop_requests", messages, end, 32, 224,
         "some requests vanish; the caller learns nothing until its timeout", "requests arrive again",
         "{n} of 256 requests from {a} to {b} begin to vanish"},
        {drop_answers, "drop_answers", messages, end, 32, 224,
         "some answers vanish after the server did the work", "answers arrive again",
         "{n} of 256 answers from {b} to {a} begin to vanish"},
        {reset_connections, "reset_connections", messages, end, 32, 224,
         "some calls break at once, before or after the server did the work", "calls do not break",
         "{n} of 256 calls from {a} to {b} begin to break"},
        {db_down, "db_down", commits, nobody, 0, 0, "the recovery database refuses everybody",
         "it answers again", "the recovery database begins to refuse everybody"},
        {db_down_for, "db_down_for", commits, database_user, 0, 0, "the recovery database refuses one node",
         "it answers again", "the recovery database begins to refuse {a}"},
        {lose_commit_ack, "lose_commit_ack", commits, ingest, 1, 3,
         "the next commits are applied but never acknowledged", "what is left of them is forgotten",
         "it is decided that {a} will not hear of its next {commits}"},
        {fail_commit, "fail_commit", commits, ingest, 1, 3,
         "the next commits are rolled back (serialization failure)", "what is left of them is forgotten",
         "it is decided that the next {commits} of {a} will be rolled back"},
        {stale_reads, "stale_reads", replica, database_user, 1, 3000, "reads come from a replica that lags",
         "reads come from the current database",
         "{a} begins to read a replica of the database that is {n} ms behind"},
        {watcher_behind, "watcher_behind", std::nullopt, nobody, 0, 0,
         "a chain copy gets no more block times", "it gets those that it lacks",
         "the chain copy {n} gets no more block times"},
        {disk_full, "disk_full", files, ingest, 0, 0, "the node cannot write its state file",
         "the disk has room again", "{a} cannot write its state file any more"},
        {clock_jump, "clock_jump", Capability::clocks, ingest, 0, 400'000,
         "the node's wall clock is wrong by so many seconds", "the clock is right again",
         "the wall clock of {a} jumps by {n} s"},
        {failed_look_ups, "failed_look_ups", inner, server, 32, 224,
         "some look-ups at a store, or reads of blocks at the ledger router, end in an error",
         "look-ups work again", "{n} of 256 look-ups at {a} begin to end in an error"},
        {flaky_database, "flaky_database", inner, database_user, 32, 224,
         "some database calls fail before anything has happened", "database calls work again",
         "{n} of 256 database calls of {a} begin to fail"},
        {holed_reads, "holed_reads", replica, database_user, 32, 224,
         "some reads of blocks do not show one in the middle", "reads show every block",
         "{n} of 256 reads of blocks by {a} begin to miss one in the middle"},
        {outdated_wallet, "outdated_wallet", Capability::old_wallets, FaultPlace::wallet, 0, 0,
         "RNGs and outputs come to the wallet in a form that it does not know", "the wallet is updated",
         "what {a} is told begins to have a form that it does not know"},
        {lose_commit, "lose_commit", commits, ingest, 1, 3,
         "the next commits never arrive: to the node they end like those that are not acknowledged, but "
         "nothing is applied",
         "what is left of them is forgotten", "it is decided that the next {commits} of {a} will not arrive"},
    }};
    return table;
}

const FaultInfo& fault_info(FaultKind kind) {
    const FaultInfo& info = all_faults().at(static_cast<std::size_t>(kind) - 1);
    ENSURE(info.kind == kind);
    return info;
}

std::optional<FaultKind> fault_named(std::string_view name) {
    for (const FaultInfo& info : all_faults())
        if (name == info.name) return info.kind;
    return std::nullopt;
}

const char* name(FaultKind kind) { return fault_info(kind).name; }

// ---------------------------------------------------------------------------------------- numbers and back

namespace {

// Far beyond every run, and far from where adding a time to another overflows.
constexpr std::uint64_t longest_ms = 1'000'000'000;
constexpr std::int64_t furthest_s = 1'000'000'000'000;

/// Takes the members of a kind out of numbers, in order.
class Reader {
public:
    explicit Reader(const FaultNumbers& from) : from_(from) {}
    void operator()(NodeId& node) { node = nodes_++ == 0 ? from_.a : from_.b; }
    void operator()(faults::Share& share) const {
        share.of_256 = static_cast<std::uint32_t>(std::min<std::uint64_t>(from_.amount, 256));
    }
    void operator()(faults::Commits& commits) const {
        commits.left = std::max<std::uint64_t>(from_.amount, 1);
    }
    void operator()(faults::CopyNumber& copy) const { copy.value = from_.amount; }
    void operator()(std::chrono::milliseconds& time) const {
        time = std::chrono::milliseconds(std::min(from_.amount, longest_ms));
    }
    void operator()(std::chrono::seconds& time) const {
        time = std::chrono::seconds(
            std::clamp(static_cast<std::int64_t>(from_.amount), -furthest_s, furthest_s));
    }

private:
    const FaultNumbers& from_;
    int nodes_ = 0;
};

/// Writes them back.
class Writer {
public:
    explicit Writer(FaultNumbers& to) : to_(to) {}
    void operator()(NodeId node) { (nodes_++ == 0 ? to_.a : to_.b) = node; }
    void operator()(faults::Share share) const { to_.amount = share.of_256; }
    void operator()(faults::Commits commits) const { to_.amount = commits.left; }
    void operator()(faults::CopyNumber copy) const { to_.amount = copy.value; }
    void operator()(std::chrono::milliseconds time) const {
        to_.amount = static_cast<std::uint64_t>(time.count());
    }
    void operator()(std::chrono::seconds time) const {
        to_.amount = static_cast<std::uint64_t>(time.count()); // two's complement
    }

private:
    FaultNumbers& to_;
    int nodes_ = 0;
};

template <class Kind, class Visit>
void each_member(Kind& fault, Visit& visit) {
    std::apply([&](auto... member) { (visit(fault.*member), ...); }, std::remove_const_t<Kind>::members());
}

template <std::size_t i = 0>
Fault::What of_kind(std::size_t index) {
    if constexpr (i + 1 < fault_count)
        if (index != i) return of_kind<i + 1>(index);
    return Fault::What(std::in_place_index<i>);
}

} // namespace

Fault Fault::read(FaultKind kind, FaultNumbers written) {
    What what = of_kind(static_cast<std::size_t>(kind) - 1);
    Reader reader(written);
    std::visit([&](auto& fault) { each_member(fault, reader); }, what);
    return {what, written};
}

FaultNumbers Fault::numbers_of(const What& what) {
    FaultNumbers numbers;
    Writer writer(numbers);
    std::visit([&](const auto& fault) { each_member(fault, writer); }, what);
    return numbers;
}

// ------------------------------------------------------------------------------------------------ causes

namespace {

/// Where a fault strikes: its nodes, in their order.
class PlaceOf {
public:
    explicit PlaceOf(Cause& cause) : cause_(cause) {}
    void operator()(NodeId node) {
        if (nodes_++ == 0) {
            cause_.to = node;
        } else {
            cause_.place = Cause::Place::link;
            cause_.from = std::exchange(cause_.to, node);
        }
    }
    void operator()(const auto&) const {}

private:
    Cause& cause_;
    int nodes_ = 0;
};

bool is_of_the_database(FaultKind kind) {
    switch (kind) {
    case db_down:
    case db_down_for:
    case lose_commit_ack:
    case fail_commit:
    case lose_commit:
    case stale_reads:
    case flaky_database:
    case holed_reads:
        return true;
    default:
        return false;
    }
}

} // namespace

Cause cause_of(const Fault& fault, Instant since, Instant until) {
    Cause cause;
    cause.what = Cause::What::fault;
    cause.fault = fault.kind();
    cause.since = since;
    cause.until = until;
    PlaceOf place(cause);
    std::visit([&](const auto& what) { each_member(what, place); }, fault.what());
    if (is_of_the_database(fault.kind())) {
        cause.place = Cause::Place::database;
        cause.from = std::exchange(cause.to, NodeId{});
    }
    return cause;
}

const char* name(const Cause& cause) {
    switch (cause.what) {
    case Cause::What::nothing:
        return "nothing";
    case Cause::What::fault:
        return name(cause.fault);
    case Cause::What::down:
        return "down";
    case Cause::What::ended:
        return "ended";
    case Cause::What::paused:
        return "paused";
    case Cause::What::started:
        return "started";
    case Cause::What::answered:
        return "answered";
    }
    return "?";
}

// ------------------------------------------------------------------------------------------------- words

namespace {

/// Gathers what a sentence names.
class Arguments {
public:
    explicit Arguments(const FaultNames& names) : names_(names) {}
    void operator()(NodeId node) { give(nodes_++ == 0 ? "a" : "b", names_.node(node)); }
    void operator()(faults::Share share) { give("n", fmt::to_string(share.of_256)); }
    void operator()(faults::Commits commits) {
        give("commits", fmt::format("{} commit{}", commits.left, commits.left == 1 ? "" : "s"));
    }
    void operator()(faults::CopyNumber copy) { give("n", names_.copy(copy)); }
    void operator()(std::chrono::milliseconds time) { give("n", fmt::to_string(time.count())); }
    void operator()(std::chrono::seconds time) { give("n", fmt::to_string(time.count())); }

    std::string filled(const char* sentence) const { return fmt::vformat(sentence, store_); }

private:
    void give(const char* name, const std::string& value) { store_.push_back(fmt::arg(name, value)); }

    const FaultNames& names_;
    fmt::dynamic_format_arg_store<fmt::format_context> store_;
    int nodes_ = 0;
};

} // namespace

std::string in_words(const Fault& fault, const FaultNames& names) {
    Arguments arguments(names);
    std::visit([&](const auto& what) { each_member(what, arguments); }, fault.what());
    return arguments.filled(fault_info(fault.kind()).sentence);
}

} // namespace engine
