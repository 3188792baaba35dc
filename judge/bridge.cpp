#include "judge/bridge.hpp"

#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "engine/chain/account.hpp"
#include "engine/chain/mnemonic.hpp"
#include "judge/authority.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/remote_wallet.hpp"
#include "real/grpc/report.hpp"
#include "real/grpc/view.hpp"

namespace judge {

using engine::Code;
using engine::Duration;
using engine::NodeId;
using engine::Result;
using engine::Task;
using engine::model::AccountId;
using real::grpc::BalanceCheck;
using real::grpc::Outcome;
using sim::ForeignAnswer;
using sim::ForeignCheck;
using sim::ForeignEvent;
using sim::ForeignQuestion;
using sim::ForeignRequest;
using sim::WalletGone;
using namespace std::chrono_literals;

namespace {

/// The phrase of an account: any would do, but the same one in every run.
std::string phrase_of(AccountId account) {
    std::array<std::uint8_t, 32> entropy{};
    entropy.fill(0x5a);
    entropy[0] = static_cast<std::uint8_t>(account.value);
    entropy[1] = static_cast<std::uint8_t>(account.value >> 8);
    return engine::chain::mnemonic_from_entropy(entropy).value();
}

struct Phrase {
    std::string words;
    engine::chain::AccountKey keys;
};

} // namespace

/// Where one wallet finds its fog.  Its members belong to the thread of the wire.
struct Bridge::Place final : public engine::fog::ViewApi,
                             public engine::fog::LedgerApi,
                             public engine::fog::ReportApi {
    using Waiting = std::shared_ptr<real::Pending<ForeignAnswer>>;

    Place(State& s, std::uint32_t n) : state(s), number(n) {}
    void open();
    template <std::size_t kind>
    Task<std::variant_alternative_t<kind, ForeignAnswer>> ask(ForeignQuestion question);
    void refuse_all();

    Task<Result<engine::fog::ViewAnswer>> query(engine::fog::ViewQuery query) override {
        ForeignQuestion question(std::in_place_index<0>, std::move(query));
        return ask<0>(std::move(question));
    }
    Task<Result<engine::fog::KeyImagesAnswer>>
    key_images(std::vector<engine::chain::KeyImage> images) override {
        ForeignQuestion question(std::in_place_index<1>, std::move(images));
        return ask<1>(std::move(question));
    }
    Task<Result<engine::fog::BlocksAnswer>> blocks(std::vector<engine::BlockRange> ranges) override {
        ForeignQuestion question(std::in_place_index<2>, std::move(ranges));
        return ask<2>(std::move(question));
    }
    Task<Result<engine::fog::OutputsAnswer>> outputs(std::vector<engine::GlobalIndex> indices) override {
        ForeignQuestion question(std::in_place_index<3>, std::move(indices));
        return ask<3>(std::move(question));
    }
    Task<Result<engine::fog::TxOutStatusAnswer>>
    tx_outs(std::vector<engine::chain::PublicKey> public_keys) override {
        ForeignQuestion question(std::in_place_index<4>, std::move(public_keys));
        return ask<4>(std::move(question));
    }

    Task<Result<std::vector<engine::fog::ReportRow>>> reports() override;

    State& state;
    const std::uint32_t number;
    std::unique_ptr<real::grpc::Server> server;
    std::string uri;
    bool listens = false; ///< a check is under way that somebody waits for
    std::map<std::uint64_t, Waiting> waiting{};
};

/// Both threads' view of one wallet.
struct Bridge::State {
    explicit State(BridgeOptions o) : options(std::move(o)) {}

    // ---- either thread, under the mutex
    struct Line {
        std::deque<ForeignEvent> events;
        std::optional<std::uint32_t> client_id;
        bool under_way = false;
    };
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::map<std::uint32_t, Line> lines;
    std::map<std::pair<std::string, std::string>, std::uint64_t> answers;
    std::uint64_t checks = 0;
    bool asks_at_once = false;
    std::string gone; ///< why the program is given up; empty: it is there
    bool is_waited_for = false;
    std::uint64_t turn = 0; ///< of waiting for it
    bool ready = false;
    bool stopping = false;
    std::exception_ptr broken;

    // ---- the simulating thread
    std::vector<std::unique_ptr<Phrase>> phrases;

    // ---- the thread of the wire
    BridgeOptions options;
    const real::grpc::SealReports seal = simulated_authority();
    real::IoLoop loop;
    std::unique_ptr<real::grpc::ClientRuntime> runtime;
    std::unique_ptr<real::grpc::Channel> channel;
    std::unique_ptr<real::grpc::RemoteWalletClient> client;
    std::map<std::uint32_t, std::unique_ptr<Place>> places;
    std::uint64_t next_request = 0;
    std::optional<engine::Signal> stop;
    engine::Nursery* tasks = nullptr; ///< whatever asks the program; null: the end has come
    std::thread thread;

    Phrase& phrase(AccountId account) {
        while (phrases.size() <= account.value) {
            auto made = std::make_unique<Phrase>();
            made->words = phrase_of(AccountId{static_cast<std::uint32_t>(phrases.size())});
            made->keys = engine::chain::account_from_mnemonic(made->words).value();
            phrases.push_back(std::move(made));
        }
        return *phrases[account.value];
    }
    void push(std::uint32_t number, ForeignEvent event) {
        {
            const std::lock_guard lock(mutex);
            Line& line = lines[number];
            if (std::holds_alternative<ForeignCheck>(event)) {
                line.under_way = false;
                ++checks;
            }
            line.events.push_back(std::move(event));
        }
        changed.notify_all();
    }
    void give_up(std::string why) {
        {
            const std::lock_guard lock(mutex);
            if (gone.empty()) gone = std::move(why);
        }
        changed.notify_all();
    }
    Place& place(std::uint32_t number) {
        std::unique_ptr<Place>& found = places[number];
        if (!found) {
            found = std::make_unique<Place>(*this, number);
            found->open();
        }
        return *found;
    }

    Task<> live();
    Task<> watch();
    Task<> run_check(Place* place, std::string words, std::optional<std::uint32_t> client_id);
    Task<> run_stop(std::uint32_t client_id);
    Task<> run_text(std::optional<std::uint32_t> client_id, std::shared_ptr<std::optional<std::string>> out);
    Task<Outcome<BalanceCheck>> ask_for_check(Place* place, std::string words,
                                              std::optional<std::uint32_t> client_id);
    std::string wait_for_text(std::optional<std::uint32_t> client_id);
    void run_thread();
};

// ------------------------------------------------------------------------------- what the program sees

void Bridge::Place::open() {
    using namespace real::grpc;
    ServerOptions options;
    options.on_end = [&s = state](const std::string& method, StatusCode status, Duration) {
        const std::lock_guard lock(s.mutex);
        ++s.answers[{method, name(status)}];
    };
    // A reset that the network has decided on is one: the program's library finds its connection gone.
    options.resets = [](const Status& status) { return status.text.starts_with("connection reset: "); };
    // The port is part of what the sessions say, and is known only to who listens on it.
    for (int attempt = 0;; ++attempt) {
        server = std::make_unique<Server>(state.loop, NodeId{}, options);
        ServerAttestation view;
        ServerAttestation ledger;
        if (state.options.signer) {
            if (options.port == 0) {
                server->start();
                options.port = server->port();
                server.reset();
                continue;
            }
            const std::string responder_id = fmt::format("{}:{}", state.options.fog_host, options.port);
            const real::attest::Signer& signer = *state.options.signer;
            view.responder = std::make_shared<const real::attest::Responder>(real::attest::Enclave::view,
                                                                             signer, responder_id);
            ledger.responder = std::make_shared<const real::attest::Responder>(real::attest::Enclave::ledger,
                                                                               signer, responder_id);
        }
        serve_view(*server, *this, ViewProtocol::unary, view);
        serve_view(*server, *this, ViewProtocol::streaming, view);
        serve_ledger(*server, *this, LedgerDetails(), ledger);
        serve_report(*server, *this, state.seal);
        try {
            server->start();
            break;
        } catch (const std::exception&) { // somebody else was quicker
            if (attempt >= 8) throw;
            options.port = 0;
        }
    }
    uri = fmt::format("insecure-fog://{}:{}", state.options.fog_host, server->port());
}

template <std::size_t kind>
Task<std::variant_alternative_t<kind, ForeignAnswer>> Bridge::Place::ask(ForeignQuestion question) {
    if (!listens) co_return engine::Error{Code::unavailable, "no balance check is under way"};
    const std::uint64_t request = ++state.next_request;
    auto answer = std::make_shared<real::Pending<ForeignAnswer>>(state.loop);
    waiting.emplace(request, answer);
    ForeignRequest asked;
    asked.number = request;
    asked.question = std::move(question);
    if (waiting.size() > 1) {
        const std::lock_guard lock(state.mutex);
        state.asks_at_once = true;
    }
    state.push(number, std::move(asked));
    std::tuple<ForeignAnswer> got = co_await answer->result("an answer of the simulated world");
    auto* mine = std::get_if<kind>(&std::get<0>(got));
    if (mine == nullptr) co_return engine::Error{Code::unavailable, "the wallet's life is over"};
    co_return std::move(*mine);
}

// The simulation has no evidence: an enclave's signer is a matter of the wire.
Task<Result<std::vector<engine::fog::ReportRow>>> Bridge::Place::reports() {
    ForeignQuestion question(std::in_place_index<5>);
    Result<std::vector<engine::fog::ReportRow>> rows = co_await ask<5>(std::move(question));
    if (rows && state.options.signer)
        for (engine::fog::ReportRow& row : *rows)
            row.evidence = real::attest::ingest_evidence(*state.options.signer, row.ingress_key.bytes);
    co_return rows;
}

// What refuses is an answer of another kind: whoever waits takes it as UNAVAILABLE.
void Bridge::Place::refuse_all() {
    const engine::Error over{Code::unavailable, "the wallet's life is over"};
    for (const auto& [request, answer] : waiting) {
        if (answer->is_done()) continue;
        ForeignAnswer none(std::in_place_index<0>, over);
        answer->handler()(std::move(none));
    }
    waiting.clear();
}

// ------------------------------------------------------------------------------- what the program is asked

Task<Outcome<BalanceCheck>> Bridge::State::ask_for_check(Place* place, std::string words,
                                                         std::optional<std::uint32_t> client_id) {
    if (client_id) co_return co_await client->followup_balance_check(*client_id);
    real::grpc::FreshBalanceRequest request;
    request.mnemonic = std::move(words);
    request.fog_uri = place->uri;
    co_return co_await client->fresh_balance_check(std::move(request));
}

Task<> Bridge::State::run_check(Place* place, std::string words, std::optional<std::uint32_t> client_id) {
    const Outcome<BalanceCheck> answer = co_await ask_for_check(place, std::move(words), client_id);
    ForeignCheck ended;
    if (answer) {
        engine::fog::BalanceReport report;
        report.count = engine::BlockCount{answer->block_count};
        report.by_token[0] = answer->balance;
        ended.report = std::move(report);
        const std::lock_guard lock(mutex);
        lines[place->number].client_id = answer->client_id;
    } else {
        const real::grpc::Status& status = answer.error();
        ended.code = status.reason;
        ended.why = fmt::format("{}: {}", real::grpc::name(status.code), status.text);
        // A wallet may say UNAVAILABLE of its fog; a program that is not there says it of everything.
        if (status.code == real::grpc::StatusCode::unavailable) {
            const Outcome<std::string> other = co_await client->debug(0);
            if (!other && other.error().code == real::grpc::StatusCode::unavailable) {
                place->listens = false;
                place->refuse_all();
                give_up(fmt::format("the wallet's program does not answer any more ({}): has it ended?",
                                    ended.why));
            }
        }
    }
    place->listens = false;
    place->refuse_all();
    push(place->number, std::move(ended));
}

Task<> Bridge::State::run_stop(std::uint32_t client_id) {
    const Outcome<void> stopped = co_await client->stop(client_id);
    (void)stopped; // the sanity conversation has told who cannot stop
}

Task<> Bridge::State::run_text(std::optional<std::uint32_t> client_id,
                               std::shared_ptr<std::optional<std::string>> out) {
    std::string text;
    if (client_id) {
        const Outcome<std::string> said = co_await client->debug(*client_id);
        if (said)
            text = *said;
        else
            text =
                fmt::format("Debug failed: {}: {}", real::grpc::name(said.error().code), said.error().text);
    } else {
        const Outcome<void> done = co_await client->reset();
        if (!done) text = fmt::format("{}: {}", real::grpc::name(done.error().code), done.error().text);
    }
    {
        const std::lock_guard lock(mutex);
        *out = std::move(text);
    }
    changed.notify_all();
}

// The one clock that counts against the program: how long the simulation has waited for one thing.
Task<> Bridge::State::watch() {
    std::uint64_t seen = 0;
    engine::Instant since = loop.now();
    for (;;) {
        co_await engine::sleep_until(loop.now() + 100ms, "a look at the wallet");
        bool too_long = false;
        std::size_t checks_under_way = 0;
        {
            const std::lock_guard lock(mutex);
            for (const auto& [number, line] : lines) checks_under_way += line.under_way ? 1 : 0;
            if (!is_waited_for || turn != seen) {
                seen = turn;
                since = loop.now();
            }
            too_long = is_waited_for && loop.now() - since > options.limit;
        }
        if (too_long)
            give_up(fmt::format(
                "the wallet hangs: it was asked for a balance check, has had an answer to every "
                "request, and has said nothing for {} s (--wallet-limit){}",
                std::chrono::duration_cast<std::chrono::seconds>(options.limit).count(),
                checks_under_way < 2 ? ""
                                     : "; a check of another of its wallets is under way: if your program "
                                       "works on one at a time, say --one-check-at-a-time"));
    }
}

Task<> Bridge::State::live() {
    runtime = std::make_unique<real::grpc::ClientRuntime>(loop);
    real::grpc::ChannelOptions to(options.wallet);
    to.reconnect_min = 100ms;
    to.reconnect_max = 500ms;
    channel = std::make_unique<real::grpc::Channel>(*runtime, std::move(to));
    client = std::make_unique<real::grpc::RemoteWalletClient>(*channel);
    stop.emplace(loop);
    engine::Nursery nursery(loop, NodeId{});
    nursery.spawn("a watch over the wallet", watch());
    tasks = &nursery;
    {
        const std::lock_guard lock(mutex);
        ready = true;
    }
    changed.notify_all();
    for (;;) {
        {
            const std::lock_guard lock(mutex);
            if (stopping) break;
        }

        co_await stop->wait("the end of the judgement");
    }
    tasks = nullptr;
}

void Bridge::State::run_thread() {
    try {
        loop.run(live());
    } catch (...) {
        const std::lock_guard lock(mutex);
        broken = std::current_exception();
        ready = true;
        if (gone.empty()) gone = "the harness's own end of the wire is broken";
    }
    tasks = nullptr;
    for (const auto& [number, place] : places) place->refuse_all();
    for (const auto& [number, place] : places) place->server.reset();
    client.reset();
    channel.reset();
    runtime.reset();
    changed.notify_all();
}

// ------------------------------------------------------------------------------- the simulating thread

Bridge::Bridge(BridgeOptions options) : state_(std::make_unique<State>(std::move(options))) {
    State& s = *state_;
    s.thread = std::thread([&s] { s.run_thread(); });
    std::unique_lock lock(s.mutex);
    s.changed.wait(lock, [&s] { return s.ready; });
}

Bridge::~Bridge() {
    State& s = *state_;
    {
        const std::lock_guard lock(s.mutex);
        s.stopping = true;
    }
    s.loop.hand_over([&s] {
        if (s.stop) s.stop->notify_all();
    });
    s.thread.join();
}

const engine::chain::AccountKey& Bridge::keys(AccountId account) { return state_->phrase(account).keys; }

void Bridge::begin_check(std::uint32_t wallet, AccountId account) {
    State& s = *state_;
    std::optional<std::uint32_t> client_id;
    {
        const std::lock_guard lock(s.mutex);
        if (!s.gone.empty()) throw WalletGone(s.gone);
        State::Line& line = s.lines[wallet];
        ENSURE(!line.under_way);
        line.under_way = true;
        line.events.clear();
        client_id = line.client_id;
    }
    s.loop.hand_over([&s, wallet, client_id, words = s.phrase(account).words] {
        Place& place = s.place(wallet);
        place.listens = true;
        Task<> check = s.run_check(&place, words, client_id);
        if (s.tasks != nullptr) s.tasks->spawn("a balance check", std::move(check));
    });
}

std::optional<ForeignEvent> Bridge::look(std::uint32_t wallet) {
    State& s = *state_;
    const std::lock_guard lock(s.mutex);
    std::deque<ForeignEvent>& events = s.lines[wallet].events;
    if (events.empty()) return std::nullopt;
    ForeignEvent first = std::move(events.front());
    events.pop_front();
    return first;
}

ForeignEvent Bridge::next(std::uint32_t wallet) {
    State& s = *state_;
    std::unique_lock lock(s.mutex);
    std::deque<ForeignEvent>& events = s.lines[wallet].events;
    s.is_waited_for = true;
    ++s.turn;
    s.changed.wait(lock, [&] { return !events.empty() || !s.gone.empty(); });
    s.is_waited_for = false;
    if (!s.gone.empty()) throw WalletGone(s.gone);
    ForeignEvent first = std::move(events.front());
    events.pop_front();
    return first;
}

void Bridge::answer(std::uint32_t wallet, std::uint64_t request, ForeignAnswer answer) {
    State& s = *state_;
    s.loop.hand_over([&s, wallet, request, answer = std::move(answer)]() mutable {
        Place& place = s.place(wallet);
        const auto found = place.waiting.find(request);
        if (found == place.waiting.end()) return; // refused meanwhile
        const Place::Waiting waiting = found->second;
        place.waiting.erase(found);
        waiting->handler()(std::move(answer));
    });
}

void Bridge::end_life(std::uint32_t wallet) noexcept {
    State& s = *state_;
    std::optional<std::uint32_t> client_id;
    {
        std::unique_lock lock(s.mutex);
        State::Line& line = s.lines[wallet];
        if (line.under_way) {
            s.loop.hand_over([&s, wallet] {
                Place& place = s.place(wallet);
                place.listens = false;
                place.refuse_all();
            });
            s.is_waited_for = true;
            ++s.turn;
            s.changed.wait(lock, [&] { return !line.under_way || !s.gone.empty(); });
            s.is_waited_for = false;
        }
        client_id = std::exchange(line.client_id, std::nullopt);
        line.events.clear();
        if (!s.gone.empty()) return;
    }
    if (!client_id) return;
    s.loop.hand_over([&s, id = *client_id] {
        Task<> stopping = s.run_stop(id);
        if (s.tasks != nullptr) s.tasks->spawn("a wallet's stop", std::move(stopping));
    });
}

std::string Bridge::State::wait_for_text(std::optional<std::uint32_t> client_id) {
    auto out = std::make_shared<std::optional<std::string>>();
    loop.hand_over([this, client_id, out] {
        Task<> asking = run_text(client_id, out);
        if (tasks != nullptr) tasks->spawn("a question to the wallet", std::move(asking));
    });
    std::unique_lock lock(mutex);
    is_waited_for = true;
    ++turn;
    changed.wait(lock, [&] { return out->has_value() || !gone.empty(); });
    is_waited_for = false;
    return out->value_or(gone);
}

std::string Bridge::debug(std::uint32_t wallet) {
    State& s = *state_;
    std::optional<std::uint32_t> client_id;
    {
        const std::lock_guard lock(s.mutex);
        client_id = s.lines[wallet].client_id;
    }
    if (!client_id) return "Debug was not asked: no check of this wallet has ended well";
    return s.wait_for_text(client_id);
}

bool Bridge::one_check_at_a_time() const { return state_->options.one_check_at_a_time; }

std::string Bridge::reset() { return state_->wait_for_text(std::nullopt); }

std::vector<Answered> Bridge::answered() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<Answered> out;
    for (const auto& [what, times] : state_->answers) out.push_back({what.first, what.second, times});
    return out;
}

bool Bridge::asks_at_once() const {
    const std::lock_guard lock(state_->mutex);
    return state_->asks_at_once;
}

bool Bridge::is_given_up() const {
    const std::lock_guard lock(state_->mutex);
    return !state_->gone.empty();
}

std::uint64_t Bridge::checks() const {
    const std::lock_guard lock(state_->mutex);
    return state_->checks;
}

} // namespace judge
