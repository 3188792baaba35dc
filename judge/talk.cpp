#include "judge/talk.hpp"

#include <fmt/format.h>

#include <set>

#include "engine/scenario.hpp"
#include "engine/tell/words.hpp"
#include "sim/run.hpp"

namespace judge {

using engine::Task;
using engine::World;
using namespace std::chrono_literals;

namespace {

/// What the first wallet has shown.
struct Shown {
    std::uint64_t height = 0;
    std::uint64_t first_count = 0;
    std::optional<engine::fog::BalanceReport> last{};
    int failed = 0;
    std::string why{};
    std::string debug{};
};

constexpr std::uint64_t coin = 4096;

Task<> pay_and_look(World& world, Shown* shown, Bridge* bridge) {
    engine::IngestNode& ingest = world.ingest(0);
    const auto active = co_await ingest.api().activate();
    ENSURE(bool(active));
    engine::BlockPlan plan;
    engine::Credit credit;
    credit.amount = coin;
    plan.credits.push_back(credit);
    const engine::AppendedBlock block = co_await world.chain().append(std::move(plan));
    (void)block;
    const engine::BlockCount height = co_await engine::settle(world);
    shown->height = height.value;
    engine::Wallet& wallet = world.new_wallet(engine::AccountId{0});
    for (int i = 0; i < engine::closing_polls; ++i) {
        const auto report = co_await wallet.poll();
        if (!report) {
            ++shown->failed;
            shown->why = wallet.debug_text();
            continue;
        }
        shown->last = *report;
        if (i == 0) shown->first_count = report->count.value;
        if (i > 0 && report->count >= height) break;
    }
    shown->debug = bridge->debug(0);
}

} // namespace

Talk converse(Bridge& bridge) {
    Talk talk;
    if (const std::string why = bridge.reset(); !why.empty()) {
        if (why.starts_with("UNAVAILABLE") || why.starts_with("UNKNOWN")) {
            talk.bad.push_back(
                fmt::format("nobody answers there ({}): is the wallet's program running, and does "
                            "it serve remote_wallet.proto on this address without TLS?",
                            why));
            return talk;
        }
        talk.odd.push_back(
            fmt::format("your wallet does not answer Reset ({}): it must forget all its wallets", why));
    }
    Shown shown;
    engine::Scenario story;
    story.name = "a first talk";
    story.story = [&shown, &bridge](World& world) { return pay_and_look(world, &shown, &bridge); };
    story.topology.accounts = 1;
    story.closes = false;
    sim::Options options;
    options.topology = story.topology;
    options.crypto = &engine::chain::ristretto_crypto();
    sim::RunResult result;
    {
        const sim::ForeignWalletsInstalled installed(bridge);
        result = sim::run(story, options);
    }
    std::uint64_t asked = 0;
    std::uint64_t good = 0;
    std::string refusals;
    std::string greetings;
    for (const Answered& one : bridge.answered()) {
        asked += one.times;
        if (one.status == "OK") {
            if (one.method.find("/Auth") == std::string::npos)
                good += one.times;
            else
                greetings += fmt::format("{}{} answered OK {} times", greetings.empty() ? "" : ", ",
                                         one.method.substr(1), one.times);
            continue;
        }
        refusals += fmt::format("{}{} {} times by {}", refusals.empty() ? "" : ", ", one.status, one.times,
                                one.method.substr(1));
    }
    if (!result.violations.empty() && !shown.last)
        talk.bad.push_back("your wallet's balance check fails though nothing is wrong with fog: see below");
    if (asked == 0)
        talk.bad.push_back(
            "your wallet has contacted nobody: it must ask fog-view and fog-ledger at the fog_uri "
            "of FreshBalanceCheck, which is insecure-fog://localhost:PORT");
    else if (good == 0 && !refusals.empty())
        talk.bad.push_back(fmt::format("your wallet was refused whatever it asked for: {}", refusals));
    else if (good == 0)
        talk.bad.push_back(fmt::format(
            "your wallet opens sessions with fog and then asks for nothing ({}): does it refuse the "
            "evidence (SGX_MODE=SW wanted, and the signer that it expects: --enclave-key, "
            "--enclave-css; or --attestation clear)?",
            greetings));
    else if (!refusals.empty())
        talk.odd.push_back(fmt::format("your wallet was refused some of what it asked for: {}", refusals));
    if (shown.last && shown.last->count.value == 0)
        talk.bad.push_back(
            fmt::format("the block count is missing: your wallet reports 0 where the chain has {} "
                        "blocks; block_count says how many blocks its balance is true for",
                        shown.height));
    else if (shown.last && shown.last->count.value < shown.height)
        talk.odd.push_back(fmt::format("your wallet stays at block count {} where the chain has {} blocks",
                                       shown.last->count.value, shown.height));
    if (shown.debug.starts_with("Debug failed"))
        talk.odd.push_back(fmt::format("your wallet does not answer Debug ({}); it is asked for words when "
                                       "something is wrong",
                                       shown.debug));
    // A wallet that always fails says so each time it is asked.
    std::set<std::string> said;
    for (const engine::check::Violation& violation : result.violations)
        if (const std::string text = engine::tell::in_words(violation); said.insert(text).second)
            (talk.bad.empty() && shown.last ? talk.odd : talk.bad).push_back(text);
    if (talk.bad.empty() && shown.last)
        talk.good.push_back(
            fmt::format("your wallet answers: {} picoMOB at block count {}, after {} requests to fog",
                        static_cast<std::uint64_t>(shown.last->value()), shown.last->count.value, asked));
    return talk;
}

} // namespace judge
