#include "tools/fogreal/runner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "engine/ensure.hpp"
#include "engine/tell/words.hpp"
#include "engine/world/roster.hpp"
#include "real/process/interruption.hpp"
#include "real/process/room.hpp"
#include "real/process/work_directory.hpp"
#include "tools/program.hpp"

namespace tools::fogreal {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

fs::path own_folder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::string describe_wallet(const Arguments& arguments) {
    if (!arguments.remote_wallet.empty()) return arguments.remote_wallet;
    const fs::path own = "sample_paykit_remote_wallet";
    return arguments.clients.empty() ? own : arguments.clients / own;
}

std::string describe_programs(const Arguments& arguments) {
    return arguments.mobilecoin.empty() ? "stand-ins" : arguments.mobilecoin;
}

real::RealOptions options_of(const Telling& telling, const Arguments& arguments) {
    real::RealOptions options;
    options.programs = programs_of(arguments);
    options.upstream = !arguments.mobilecoin.empty();
    options.topology = telling.topology;
    options.story = telling.name;
    options.seed = arguments.seed;
    options.postgres_url = arguments.postgres;
    options.front = arguments.front == "none" ? real::Front::none : real::Front::nginx;
    options.clear_text = arguments.attestation == "clear";
    options.enclave_key = arguments.enclave_key;
    options.enclave_css = arguments.enclave_css;
    options.clients = arguments.clients;
    options.fixed_ports = arguments.fixed_ports;
    options.proxies = telling.proxies;
    options.own_wallet = !arguments.skip_own_wallet && arguments.remote_wallet.empty();
    options.remote_wallet = arguments.remote_wallet;
    options.fog_uri = arguments.fog_uri;
    options.follow_ups = !arguments.skip_followups;
    return options;
}

struct Run {
    const Telling& telling;
    const Arguments& arguments;
    real::IoLoop& loop;
    real::RealWorld& world;
    Result& result;
    engine::Instant begun;
    bool started = false;
    bool interrupted = false;
};

engine::Task<> start(Run* run) {
    co_await run->world.start();
    run->started = true;
}

// Waits for an end of any kind that is not the story's own.
engine::Task<bool> watch_clock(Run* run) {
    const std::uint64_t limit = run->arguments.time_limit;
    const engine::Instant due =
        limit == 0 ? engine::Instant::never() : run->begun + std::chrono::seconds(limit);
    while (!real::Interruption::requested() && run->loop.now() < due)
        co_await engine::sleep_until(run->loop.now() + 20ms, "an interruption");
    run->interrupted = real::Interruption::requested();
    run->result.interrupted = run->interrupted;
    if (!run->interrupted)
        run->result.broken =
            fmt::format("not done within {} s; it waits for {}", limit, run->world.what_is_waited_for());
    co_return false;
}

engine::Task<> tell(Run* run) {
    engine::Task<> story = run->telling.story(run->world);
    const bool ended = co_await run->world.run(std::move(story), &run->interrupted);
    if (!ended && run->world.checks().violations().empty()) run->result.interrupted = true;
}

engine::Task<bool> start_and_tell(Run* run) {
    co_await start(run);
    co_await tell(run);
    co_return true;
}

engine::Task<> whole(Run* run) {
    engine::Task<bool> told = start_and_tell(run);
    engine::Task<bool> out_of_time = watch_clock(run);
    (void)co_await engine::race(run->loop, engine::NodeId{}, std::move(told), std::move(out_of_time));
}

engine::Task<> end_log(Run* run) {
    const std::string unread = co_await run->world.end_log();
    if (run->started && !unread.empty() && run->result.broken.empty())
        run->result.broken = "what the recovery database holds at the end could not be read: " + unread;
}

/// What the model says of the log.  A run that held must be one the model allows.
void judge_log(Result& result, const fs::path& log) {
    result.log = real::accept_log(log);
    if (result.log.accepted() || !result.violations.empty()) return;
    engine::check::Violation violation;
    violation.check = engine::check::CheckId::response;
    violation.what = engine::check::findings::LogRefused{result.log.refused, result.log.why};
    result.violations.push_back(std::move(violation));
}

engine::Task<> stop(Run* run) { co_await run->world.stop(); }

/// The watchdog removes a work directory, with the keys in it, when we are killed.
class GuardedDirectory {
public:
    GuardedDirectory(real::Watchdog& watchdog, const fs::path& path) : watchdog_(watchdog), path_(path) {
        is_guarded_ = try_to([&] { watchdog_.add_directory(path_); });
    }
    ~GuardedDirectory() { forget(); }
    GuardedDirectory(const GuardedDirectory&) = delete;
    GuardedDirectory& operator=(const GuardedDirectory&) = delete;
    void forget() {
        if (std::exchange(is_guarded_, false)) try_to([&] { watchdog_.forget_directory(path_); });
    }

private:
    // It may have died, or the path may be too long for it: the next run clears the directory away then.
    template <class Fn>
    static bool try_to(Fn fn) {
        try {
            fn();
            return true;
        } catch (const std::system_error&) {
            return false;
        }
    }
    real::Watchdog& watchdog_;
    const fs::path path_;
    bool is_guarded_ = false;
};

/// Whether anybody serves remote_wallet.proto there, before anything is started for it.
engine::Task<> ask_remote_wallet(real::IoLoop* loop, const std::string* target) {
    real::grpc::ClientRuntime runtime(*loop);
    real::grpc::ChannelOptions options(*target);
    options.deadline = 10s;
    options.wait_for_ready = true; // it may just be starting
    options.reconnect_min = 100ms;
    options.reconnect_max = 500ms;
    real::grpc::Channel channel(runtime, options);
    real::grpc::RemoteWalletClient wallet(channel);
    const real::grpc::Outcome<void> answer = co_await wallet.reset();
    if (answer) co_return;
    const auto code = answer.error().code;
    if (code == real::grpc::StatusCode::unavailable || code == real::grpc::StatusCode::deadline_exceeded)
        throw engine::BrokenSurroundings(fmt::format("--remote-wallet: {} does not answer Reset: {}: {}",
                                                     *target, real::grpc::name(code), answer.error().text));
}

/// Measured, and a half more.
real::RoomNeeded room_for(const engine::Topology& topology) {
    constexpr std::uint64_t threads_of_a_service = 12;
    constexpr std::uint64_t threads_besides = 60; // the harness, the database server, tools, the wallet
    constexpr std::uint64_t of_the_largest = 3ULL << 30;
    return {threads_besides + threads_of_a_service * engine::Roster(topology).services().size(),
            of_the_largest};
}

/// Ends the program on the spot when threads of libraries hang where nothing of ours reaches them.
class LastResort {
public:
    explicit LastResort(std::uint64_t time_limit_s) {
        constexpr std::uint64_t to_notice_s = 10;
        if (time_limit_s != 0)
            real::Interruption::end_at_last_in(static_cast<unsigned>(time_limit_s + to_notice_s));
    }
    ~LastResort() { real::Interruption::end_at_last_in(0); }
    LastResort(const LastResort&) = delete;
    LastResort& operator=(const LastResort&) = delete;
    /// Taking the world down is all that is left to do.
    void result_is_known() const { real::Interruption::end_at_last_in(60); }
};

} // namespace

fs::path programs_of(const Arguments& arguments) {
    if (!arguments.mobilecoin.empty()) {
        return fs::absolute(arguments.mobilecoin) / "target" / (arguments.release ? "release" : "debug");
    }
    // Beside ourselves, or the release build of the same tree.
    const fs::path own = own_folder();
    if (!arguments.release || own.parent_path().filename() == "release") return own;
    const fs::path release = own.parent_path().parent_path() / "release" / "bin";
    return fs::exists(own.parent_path() / "CMakeCache.txt") || fs::exists(release) ? release
                                                                                   : own; // or installed
}

Result run(const Telling& telling, const Arguments& arguments) {
    Result result;
    result.scenario = telling.name;
    result.seed = arguments.seed;
    result.wallet = describe_wallet(arguments);
    result.programs = describe_programs(arguments);
    if (!telling.skipped.empty()) {
        result.skipped = telling.skipped;
        return result;
    }
    if (result.broken = real::too_little_room(room_for(options_of(telling, arguments).topology));
        !result.broken.empty())
        return result;
    real::IoLoop loop;
    if (!arguments.remote_wallet.empty()) loop.run(ask_remote_wallet(&loop, &arguments.remote_wallet));
    real::WorkDirectory work("fogreal-", arguments.work);
    const real::Interruption interruption;
    const LastResort last_resort(arguments.time_limit);
    real::RealOptions options = options_of(telling, arguments);
    options.progress = [&loop](const std::string& line) {
        tools::tell("[{:>7.2f} s] {}\n", static_cast<double>(loop.now().ms()) / 1000, line);
    };
    options.progress(fmt::format("work directory {}", work.path().string()));
    if (!telling.remark.empty()) options.progress(telling.remark);
    {
        real::RealWorld world(loop, work, options);
        for (const engine::Capability need : telling.needs) {
            if (world.can(need)) continue;
            result.skipped = fmt::format("needs {}: {}", engine::name(need),
                                         need == engine::Capability::lose_commit_ack
                                             ? "a fault proxy can stand only before a database on 127.0.0.1"
                                             : "the topology lacks it");
            return result;
        }
        std::optional<GuardedDirectory> guarded;
        if (!arguments.keep) guarded.emplace(world.supervisor().watchdog(), work.path());
        Run one{telling, arguments, loop, world, result, loop.now()};
        auto broken = [&](const std::string& why) { result.broken = why; };
        try {
            loop.run(whole(&one));
        } catch (const engine::BrokenSurroundings& error) {
            broken(error.what());
        } catch (const engine::UsageError& error) {
            result.usage = error.what();
        } catch (const std::system_error& error) { // no descriptor, thread, port or room left
            broken(error.what());
        } catch (const boost::system::system_error& error) {
            broken(error.what());
        } catch (const std::bad_alloc&) {
            broken("no memory left");
        } catch (const std::exception& error) {
            result.internal = fmt::format("internal error: {}", error.what());
        }
        result.total = loop.now() - one.begun;
        // What a broken machine does to a run is nobody's fault: it is told, and judged no further.
        const bool is_consequence = !world.trouble_with_violation().empty() && world.checks().any_violation();
        if (is_consequence)
            result.broken +=
                fmt::format("; a violation that was seen then may be no more than its consequence: {}",
                            engine::tell::in_words(world.checks().violations().front()));
        result.steps = world.steps().size();
        result.checks = world.checks().reports_judged();
        result.story = world.steps();
        const engine::tell::Names names = world.names();
        for (const engine::check::Excuse& excuse : world.checks().excuses())
            result.excuses.push_back(engine::tell::in_words(excuse, names));
        try {
            loop.run(end_log(&one));
        } catch (const std::exception& error) {
            if (result.broken.empty()) result.broken = fmt::format("the event log: {}", error.what());
        }
        // The last look may have found something, too.
        if (!is_consequence) result.violations = world.checks().violations();
        if (!result.violations.empty()) result.heard = world.heard();
        Result so_far = result;
        const Verdict verdict_so_far = conclusion_of(so_far).verdict;
        if (verdict_so_far != Verdict::held) {
            work.keep();
            if (guarded) guarded->forget();
            so_far.work = work.path().string();
        }
        real::Interruption::result_is(explanation(so_far) + summary(so_far) + "\n",
                                      static_cast<int>(verdict_so_far));
        last_resort.result_is_known();
        try {
            loop.run(stop(&one));
        } catch (const std::exception& error) {
            if (result.broken.empty()) result.broken = fmt::format("taking the world down: {}", error.what());
        }
        result.times = world.times();
        for (std::size_t c = 0; c < engine::check::check_count; ++c) {
            const auto check = static_cast<engine::check::CheckId>(c);
            result.judged[engine::check::name(check)] = world.checks().judged(check);
        }
        if (one.started && result.broken.empty()) {
            judge_log(result, world.log().path());
            result.judged["response"] += result.log.answers_judged;
            for (const engine::check::CheckId check : telling.must_judge)
                if (result.judged[engine::check::name(check)] == 0) result.unjudged.push_back(check);
            options.progress(result.log.accepted()
                                 ? fmt::format("event log: the model accepts its {} lines", result.log.lines)
                                 : fmt::format("event log: line {} is not accepted: it {}",
                                               result.log.refused, result.log.why));
        }
    }
    if (conclusion_of(result).verdict != Verdict::held || arguments.keep) {
        work.keep();
        result.work = work.path().string();
    }
    return result;
}

// ------------------------------------------------------------------------------------------- without running

void print_dry_run(const Telling& telling, const Arguments& arguments) {
    if (!arguments.mobilecoin.empty() && !arguments.skip_build) {
        const real::CargoBuild build =
            real::cargo_build(fs::absolute(arguments.mobilecoin), arguments.release);
        if (build.make_key) tools::say("{}", real::to_text(*build.make_key));
        tools::say("{}", real::to_text(build.build));
    }
    real::IoLoop loop;
    const real::WorkDirectory work("fogreal-", arguments.work);
    const real::RealOptions options = options_of(telling, arguments);
    const real::RealWorld world(loop, work, options);
    real::Deployment d = world.deployment();
    d.database_url = arguments.postgres.empty() ? "<of a private Postgres cluster>" : arguments.postgres;
    d.authority_root = "<mc-crypto-x509-test-vectors --type=chain --test-name=ok_rsa_head>";
    d.signing_chain = "<mc-crypto-x509-test-vectors --type=chain --test-name=ok_rsa_chain_25519_leaf>";
    d.signing_key = "<mc-crypto-x509-test-vectors --type=key --test-name=ok_rsa_chain_25519_leaf>";
    for (const real::Launch& launch : real::launches(d, options.own_wallet))
        tools::say("{}", real::to_text(launch));
}

namespace {

engine::Task<> build(real::Supervisor* supervisor, real::CargoBuild build) {
    if (build.make_key) {
        const real::Child* child = co_await supervisor->run(std::move(*build.make_key), 120s);
        if (!child->exit()->ok())
            throw engine::BrokenSurroundings("openssl: " + child->exit()->text() + ", see its log");
    }
    const real::Child* child = co_await supervisor->run(std::move(build.build), 4h);
    if (child->exit()->ok()) co_return;
    std::string text = "cargo build: " + child->exit()->text();
    for (const std::string& line : child->exit()->last_lines) text += "\n    " + line;
    throw engine::BrokenSurroundings(text);
}

} // namespace

void build_checkout(const Arguments& arguments) {
    real::IoLoop loop;
    const real::WorkDirectory work("fogreal-build-", arguments.work);
    real::Supervisor supervisor(loop, work.path());
    tools::tell("building {} with cargo\n", arguments.mobilecoin);
    loop.run(build(&supervisor, real::cargo_build(fs::absolute(arguments.mobilecoin), arguments.release)));
}

} // namespace tools::fogreal
