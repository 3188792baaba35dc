#include "real/world/nodes.hpp"

#include <fmt/format.h>

#include <charconv>

#include "engine/check/excuse.hpp"
#include "real/process/ports.hpp"
#include "real/proxy/socket_owner.hpp"

namespace real {

using namespace std::chrono_literals;

namespace {

constexpr engine::Duration stop_grace = 5s;
constexpr engine::Duration start_limit = 20s;
constexpr engine::Duration observe_limit = 500ms;
constexpr engine::Duration command_limit = 20s;

grpc::ChannelOptions to(std::uint16_t port) {
    grpc::ChannelOptions options(fmt::format("127.0.0.1:{}", port));
    // The harness has to see a service again as soon as it is back, not when a back-off of seconds is over.
    options.reconnect_min = 100ms;
    options.reconnect_max = 100ms;
    return options;
}

} // namespace

std::optional<std::int64_t> metric(const std::string& page, std::string_view name, std::string_view op) {
    const std::string key = fmt::format("{}{{op=\"{}\"}}", name, op);
    for (std::size_t at = page.find(key); at != page.npos; at = page.find(key, at + 1)) {
        if (at != 0 && page[at - 1] != '\n') continue; // the end of another name
        std::size_t begin = at + key.size();
        while (begin < page.size() && page[begin] == ' ') ++begin;
        std::int64_t value = 0;
        const auto parsed = std::from_chars(page.data() + begin, page.data() + page.size(), value);
        if (parsed.ec == std::errc()) return value;
    }
    return std::nullopt;
}

ServiceProcess::ServiceProcess(Surroundings world, const engine::Roster::Service& who, Launch launch,
                               std::uint16_t port, std::uint16_t admin)
    : world_(std::move(world)), id_(who.id), kind_(who.kind),
      child_(world_.supervisor.add(std::move(launch))), port_(port),
      admin_channel_(world_.runtime, to(admin)), admin_(admin_channel_) {}

ServiceProcess::~ServiceProcess() = default;

void ServiceProcess::touch() { touched_ = world_.supervisor.loop().now(); }

engine::Cause ServiceProcess::cause(engine::Instant begun) const {
    using What = engine::Cause::What;
    engine::Cause cause;
    cause.to = id_;
    cause.since = touched_.value_or(engine::Instant{});
    cause.until = world_.supervisor.loop().now();
    if (!up()) {
        cause.what = What::down;
    } else if (child_.is_paused()) {
        cause.what = What::paused;
    } else if (touched_ && *touched_ + engine::check::longest_consequence >= begun) {
        cause.what = What::started;
        cause.until = *touched_;
    }
    return cause;
}

void ServiceProcess::launch() {
    if (child_.is_running()) return;
    forget();
    child_.start();
    log().node_started(child_.name(), child_.starts());
}

Task<> ServiceProcess::until_listening(engine::Duration limit) {
    engine::Loop& loop = world_.supervisor.loop();
    const engine::Instant due = loop.now() + limit;
    // Whoever answers there must be the process that was started.
    while (child_.is_running() && loop.now() < due &&
           !(is_listening(port_) && is_listened_on_by(port_, child_.pid())))
        co_await engine::sleep_until(loop.now() + 2ms, "a port that is listened on");
}

Task<> ServiceProcess::start_it() {
    if (child_.is_running()) co_return;
    touch();
    launch();
    co_await until_listening(start_limit);
}

Task<> ServiceProcess::stop_it() {
    touch();
    const bool ran = child_.is_running();
    co_await child_.stop(stop_grace);
    if (ran) log().node_ended(child_.name(), "stopped");
    forget();
}

Task<> ServiceProcess::crash_it() {
    touch();
    const bool ran = child_.is_running();
    co_await child_.kill();
    if (ran) log().node_ended(child_.name(), "killed");
    forget();
}

void ServiceProcess::pause_it() {
    touch();
    child_.pause();
}

void ServiceProcess::resume_it() {
    if (!child_.is_paused()) return;
    touch();
    child_.resume();
}

Task<> ServiceProcess::observe() {
    if (!child_.is_running()) {
        forget();
        co_return;
    }
    if (child_.is_paused()) co_return;
    const unsigned life = child_.starts();
    grpc::CallOptions options;
    options.deadline = observe_limit;
    const grpc::Outcome<std::string> page = co_await admin_.metrics(options);
    if (!page || !child_.is_running() || child_.starts() != life) co_return;
    on_page(*page);
}

// ------------------------------------------------------------------------------------------------ ingest

namespace {

grpc::ChannelOptions commands_to(std::uint16_t port) {
    grpc::ChannelOptions options = to(port);
    options.deadline = command_limit;
    return options;
}

} // namespace

RealIngestNode::RealIngestNode(Surroundings world, const engine::Roster::Service& who, const Deployment& d,
                               const ServicePlace& place)
    : RealNode(world, who, service_launch(d, place), place.ports.listen, place.ports.admin),
      responder_id_(fmt::format("localhost:{}", place.peer_via)), state_file_(place.state_file),
      channel_(world.runtime, commands_to(place.ports.via)), client_(channel_, grpc::insecure_peer_names()),
      told_(client_, who.name, world.waits, world.hear) {}

void RealIngestNode::on_page(const std::string& page) {
    const std::optional<std::int64_t> active = metric(page, "fog_ingest_gauge", "mode_is_active");
    if (!active) return;
    const bool was_active = mode_ == engine::fog::IngestMode::active;
    mode_ = *active != 0 ? engine::fog::IngestMode::active : engine::fog::IngestMode::idle;
    has_given_up_ = mode_ == engine::fog::IngestMode::idle && (has_given_up_ || was_active);
}

void RealIngestNode::delete_state_file() {
    touch();
    std::filesystem::remove(state_file_);
}

void RealIngestNode::save_state_file() {
    const std::filesystem::path saved = state_file_.string() + ".saved";
    std::filesystem::remove(saved);
    if (std::filesystem::exists(state_file_)) std::filesystem::copy_file(state_file_, saved);
}

void RealIngestNode::put_back_state_file() {
    touch();
    const std::filesystem::path saved = state_file_.string() + ".saved";
    std::filesystem::remove(state_file_);
    if (std::filesystem::exists(saved)) std::filesystem::copy_file(saved, state_file_);
}

// ------------------------------------------------------------------------------------------------ stores

void cannot_hold() { throw engine::UsageError("a store in a process of its own cannot be held at a count"); }

RealViewStore::RealViewStore(Surroundings world, const engine::Roster::Service& who, const Deployment& d,
                             const ServicePlace& place)
    : RealNode(std::move(world), who, service_launch(d, place), place.ports.listen, place.ports.admin),
      range_(place.range) {}

void RealViewStore::on_page(const std::string& page) {
    const std::optional<std::int64_t> count = metric(page, "fog_view_gauge", "highest_processed_block_count");
    if (count) count_ = BlockCount{static_cast<std::uint64_t>(*count)};
    const std::optional<std::int64_t> ready = metric(page, "fog_view_gauge", "is_ready");
    ready_ = ready ? *ready != 0 : count_.value > 0;
    log().store(name(), child().starts(), range_, "", count_);
}

void RealViewStore::forget() {
    count_ = BlockCount{};
    ready_ = false;
}

RealImageStore::RealImageStore(Surroundings world, const engine::Roster::Service& who, const Deployment& d,
                               const ServicePlace& place)
    : RealNode(std::move(world), who, service_launch(d, place), place.ports.listen, place.ports.admin),
      range_(place.range), copy_(place.copy), count_(place.range.start.value) {}

void RealImageStore::on_page(const std::string& page) {
    // Ours says where it is; upstream's only how many blocks it has added since it started.
    const std::optional<std::int64_t> blocks = metric(page, "fog_ledger_gauge", "num_blocks");
    const std::optional<std::int64_t> added = metric(page, "fog_ledger", "blocks_added_count");
    if (blocks)
        count_ = BlockCount{static_cast<std::uint64_t>(*blocks)};
    else if (added)
        count_ = BlockCount{range_.start.value + static_cast<std::uint64_t>(*added)};
    log().store(name(), child().starts(), range_, copy_, count_);
}

} // namespace real
