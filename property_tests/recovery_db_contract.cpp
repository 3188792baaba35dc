#include "property_tests/recovery_db_contract.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include <algorithm>

#include "property_tests/property.hpp"
#include "property_tests/recovery_db_calls.hpp"

namespace property_tests {

using engine::Task;
using engine::fog::DbPosition;

namespace {

// ------------------------------------------------------------------------------------------------ generators

std::uint32_t any_below(std::uint32_t bound) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint32_t>(0, bound));
}

// Half of all calls speak of what exists; the others try what does not.
template <class Knows>
std::uint32_t known_or_any(std::uint32_t bound, Knows knows) {
    std::vector<std::uint32_t> known;
    for (std::uint32_t n = 0; n < bound; ++n)
        if (knows(n)) known.push_back(n);
    if (known.empty() || any_below(4) == 3) return any_below(bound);
    return known[any_below(static_cast<std::uint32_t>(known.size()))];
}

// Blocks and writes that lead to them are what states are made of.
constexpr std::pair<DbCallKind, std::uint32_t> weights[] = {
    {DbCallKind::add_block, 12},
    {DbCallKind::new_ingress_key, 4},
    {DbCallKind::new_ingest_invocation, 6},
    {DbCallKind::set_report, 4},
    {DbCallKind::retire_ingress_key, 6},
    {DbCallKind::report_lost_ingress_key, 2},
    {DbCallKind::decommission_ingest_invocation, 2},
    {DbCallKind::ingress_key, 1},
    {DbCallKind::ingress_keys, 2},
    {DbCallKind::highest_known_block, 1},
    {DbCallKind::expired_invocations, 1},
    {DbCallKind::reports, 1},
    {DbCallKind::user_events, 3},
    {DbCallKind::missed_block_ranges, 1},
    {DbCallKind::blocks, 3},
};

// Where blocks, expiries and starts meet.
std::uint64_t around_the_tip(const DbModel& model) {
    if (any_below(4) == 3) return any_below(10);
    const std::uint64_t next = model.highest() ? *model.highest() + 1 : 1;
    const std::uint32_t off = any_below(4);
    return off == 3 ? next - 1 : next + off;
}

DbCall draw_call(const DbModel& model) {
    std::uint32_t total = 0;
    for (const auto& [kind, weight] : weights) total += weight;
    std::uint32_t at = any_below(total);
    DbCall call;
    for (const auto& [kind, weight] : weights) {
        call.kind = kind;
        if (at < weight) break;
        at -= weight;
    }
    const auto key = [&] {
        return known_or_any(db_keys, [&](std::uint32_t n) { return model.knows_key(n); });
    };
    const auto invocation = [&] {
        return known_or_any(db_egress_keys, [&](std::uint32_t n) { return model.knows_invocation(n); });
    };
    switch (call.kind) {
    case DbCallKind::new_ingress_key:
        call.key = any_below(db_keys);
        call.block = any_below(8);
        break;
    case DbCallKind::ingress_key:
    case DbCallKind::report_lost_ingress_key:
        call.key = key();
        break;
    case DbCallKind::retire_ingress_key:
        call.key = key();
        call.amount = any_below(2);
        break;
    case DbCallKind::new_ingest_invocation:
        call.key = key();
        call.egress = any_below(db_egress_keys);
        call.block = any_below(8);
        if (any_below(2) == 1) call.previous = invocation();
        break;
    case DbCallKind::decommission_ingest_invocation:
        call.egress = invocation();
        break;
    case DbCallKind::add_block:
        call.egress = invocation();
        call.block = around_the_tip(model);
        call.amount = any_below(4);
        break;
    case DbCallKind::set_report:
        call.key = key();
        call.block = around_the_tip(model);
        call.amount = any_below(2);
        break;
    case DbCallKind::expired_invocations:
        call.amount = any_below(2);
        break;
    case DbCallKind::user_events:
        call.amount = any_below(static_cast<std::uint32_t>(model.events()) + 1);
        break;
    case DbCallKind::blocks:
        call.key = key();
        call.block = any_below(10);
        call.amount = 1 + any_below(5);
        break;
    default:
        break;
    }
    return call;
}

// Event numbers speak of events that exist: there is no cursor behind the last one.
bool makes_sense(const DbModel& model, const DbCall& call) {
    return call.kind != DbCallKind::user_events || call.amount <= model.events();
}

// ------------------------------------------------------------------------------------------------ one by one

/// The database under test with what the test has learned of it.
struct Judged {
    explicit Judged(std::unique_ptr<DbUnderTest> database) : db(std::move(database)) {}

    std::string call(const DbCall& wanted, std::size_t client) {
        const auto clients = db->clients();
        std::string answer;
        std::optional<DbPosition> as_of;
        std::vector<Task<>> tasks;
        tasks.push_back(perform(*clients[client % clients.size()], wanted, &names, &answer, &as_of));
        db->run(std::move(tasks));
        if (as_of) see(*as_of, answer);
        return answer;
    }
    /// Reads where the database is.
    DbPosition position() {
        DbCall keys;
        keys.kind = DbCallKind::ingress_keys;
        const std::string answer = call(keys, 0);
        RC_ASSERT(answer.starts_with("ok"));
        return last_position;
    }
    void learn() {
        std::string complaint;
        std::vector<Task<>> tasks;
        tasks.push_back(learn_events(*db->clients()[0], &names, &complaint));
        db->run(std::move(tasks));
        RC_ASSERT(complaint == "");
    }
    void see(DbPosition position, std::string& answer) {
        if (position < last_position) answer += " (the database's position went back)";
        last_position = std::max(last_position, position);
    }

    std::unique_ptr<DbUnderTest> db;
    DbNames names;
    DbPosition last_position;
};

class CallCommand final : public rc::state::Command<DbModel, Judged> {
public:
    explicit CallCommand(const DbModel& model) : call_(draw_call(model)), client_(any_below(2)) {}

    void checkPreconditions(const DbModel& model) const override { RC_PRE(makes_sense(model, call_)); }
    void apply(DbModel& model) const override { (void)model.perform(call_); }
    void run(const DbModel& model, Judged& judged) const override {
        DbModel after = model;
        const std::string expected = after.perform(call_);
        const DbPosition before = judged.position();
        const std::string answer = judged.call(call_, client_);
        RC_ASSERT(answer == expected);
        const DbPosition now = judged.position();
        if (after.changes() != model.changes()) RC_ASSERT(now > before);
        judged.learn();
        RC_ASSERT(judged.names.events.size() == after.events());
    }
    void show(std::ostream& os) const override { os << "client " << client_ << ": " << describe(call_); }

private:
    DbCall call_;
    std::size_t client_;
};

// ------------------------------------------------------------------------------------------------ at once

struct Round {
    std::vector<DbCall> calls;
};

std::ostream& operator<<(std::ostream& os, const Round& round) {
    for (const DbCall& call : round.calls)
        os << (&call == round.calls.data() ? "" : " || ") << describe(call);
    return os << "\n";
}

// What one round may leave behind: the model after every order of the calls that explains the answers.
std::vector<DbModel> explanations(const std::vector<DbModel>& before, const Round& round,
                                  const std::vector<std::string>& answers) {
    std::vector<DbModel> after;
    for (const DbModel& model : before) {
        std::vector<std::size_t> order(round.calls.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        do {
            DbModel tried = model;
            bool fits = true;
            for (const std::size_t i : order) fits = fits && tried.perform(round.calls[i]) == answers[i];
            if (fits && std::find(after.begin(), after.end(), tried) == after.end()) after.push_back(tried);
        } while (std::next_permutation(order.begin(), order.end()));
    }
    return after;
}

void concurrent_rounds(const DbFactory& factory) {
    const std::uint64_t seed = any_below(1'000'000);
    Judged judged(factory(seed));
    std::vector<DbModel> models(1);
    // Keys and invocations to fight for.
    const std::uint32_t contested = any_below(db_keys);
    for (std::uint32_t key = 0; key < contested; ++key) {
        DbCall calls[3];
        calls[0].kind = DbCallKind::new_ingress_key;
        calls[1].kind = DbCallKind::set_report;
        calls[1].block = 1 + any_below(6);
        calls[2].kind = DbCallKind::new_ingest_invocation;
        calls[2].egress = key;
        for (DbCall& call : calls) {
            call.key = key;
            const std::string expected = models.front().perform(call);
            RC_ASSERT(judged.call(call, 0) == expected);
        }
    }
    judged.learn();
    const std::uint32_t rounds = any_below(12);
    for (std::uint32_t r = 0; r < rounds; ++r) {
        Round round;
        const std::uint32_t width = 1 + any_below(3);
        while (round.calls.size() < width) {
            DbCall call = draw_call(models.front());
            // Names what others of the round are just creating, in words of its own.
            if (call.kind == DbCallKind::expired_invocations) call.kind = DbCallKind::reports;
            // Reads up to an event that may not be there in every explanation.
            if (call.kind == DbCallKind::user_events) call.amount = 0;
            round.calls.push_back(call);
        }
        RC_LOG() << "round " << r << ": " << round;
        const auto clients = judged.db->clients();
        std::vector<std::string> answers(width);
        std::vector<std::optional<DbPosition>> positions(width);
        std::vector<Task<>> tasks;
        for (std::size_t i = 0; i < width; ++i)
            tasks.push_back(perform(*clients[i % clients.size()], round.calls[i], &judged.names, &answers[i],
                                    &positions[i]));
        judged.db->run(std::move(tasks));
        for (const std::string& answer : answers) RC_LOG() << "  " << answer << "\n";
        models = explanations(models, round, answers);
        RC_ASSERT(!models.empty());
        for (std::size_t i = 0; i < width; ++i)
            if (positions[i]) judged.see(*positions[i], answers[i]);
        judged.learn();
        const bool events_fit = std::any_of(models.begin(), models.end(), [&](const DbModel& m) {
            return m.events() == judged.names.events.size();
        });
        RC_ASSERT(events_fit);
    }
    // What is stored in the end is what one of the explanations says.
    for (DbCallKind kind : {DbCallKind::ingress_keys, DbCallKind::user_events, DbCallKind::reports,
                            DbCallKind::expired_invocations}) {
        DbCall call;
        call.kind = kind;
        call.amount = kind == DbCallKind::expired_invocations ? 1 : 0;
        const std::string answer = judged.call(call, 1);
        std::erase_if(models, [&](DbModel& m) { return m.perform(call) != answer; });
        RC_LOG() << describe(call) << ": " << answer << "\n";
        RC_ASSERT(!models.empty());
    }
}

} // namespace

void check_db_commands(const DbFactory& factory, int usual_runs) {
    check_property("recovery database: commands", usual_runs, [&factory] {
        const std::uint64_t seed = any_below(1'000'000);
        Judged judged(factory(seed));
        const auto next = [](const DbModel& model) {
            return rc::gen::exec([model] {
                return std::shared_ptr<const rc::state::Command<DbModel, Judged>>(
                    std::make_shared<CallCommand>(model));
            });
        };
        rc::state::check(DbModel{}, judged, next);
    });
}

void check_db_concurrency(const DbFactory& factory, int usual_runs) {
    check_property("recovery database: concurrent commands", usual_runs,
                   [&factory] { concurrent_rounds(factory); });
}

void check_db_agreement(const DbFactory& first, const DbFactory& second, int usual_runs) {
    check_property("recovery database: two implementations agree", usual_runs, [&first, &second] {
        Judged one(first(1));
        Judged two(second(1));
        DbModel model;
        const std::uint32_t length = any_below(60);
        for (std::uint32_t i = 0; i < length; ++i) {
            const DbCall call = draw_call(model);
            if (!makes_sense(model, call)) continue;
            (void)model.perform(call);
            RC_LOG() << describe(call) << "\n";
            const std::uint32_t client = any_below(2);
            const std::string of_one = one.call(call, client);
            const std::string of_two = two.call(call, client);
            RC_ASSERT(of_one == of_two);
            one.learn();
            two.learn();
        }
    });
}

} // namespace property_tests
