#include "real/world/faults.hpp"

#include <algorithm>
#include <variant>

namespace real {

using engine::FaultTable;
using engine::NodeId;
namespace faults = engine::faults;

namespace {

// Wallets come through the front, which is nobody to the proxies.
NodeId seen_by_proxies(const engine::Roster& roster, NodeId id) {
    return roster.is_wallet(id) ? NodeId{} : id;
}

/// What one fault does to a link, seen from its first node.
class Suffers {
public:
    Suffers(const engine::Roster& roster, NodeId from, NodeId to, LinkWeather& out)
        : roster_(roster), from_(from), to_(to), out_(out) {}

    void operator()(const faults::Partition& f) {
        if (is_there(f.one, f.other) || is_there(f.other, f.one)) out_.hold_there = out_.hold_back = true;
    }
    void operator()(const faults::Isolate& f) {
        const NodeId node = seen_by_proxies(roster_, f.node);
        if (node == from_ || node == to_) out_.hold_there = out_.hold_back = true;
    }
    void operator()(const faults::Cut& f) {
        if (is_there(f.from, f.to)) out_.hold_there = true;
        if (is_there(f.to, f.from)) out_.hold_back = true;
    }
    void operator()(const faults::SlowLink& f) {
        constexpr std::chrono::milliseconds longest{600'000};
        if (is_there(f.from, f.to)) out_.delay_there += std::min(f.extra, longest);
        if (is_there(f.to, f.from)) out_.delay_back += std::min(f.extra, longest);
    }
    void operator()(const faults::DropRequests& f) {
        if (is_there(f.caller, f.server)) out_.lose_there_of_256 = f.share.of_256;
    }
    void operator()(const faults::DropAnswers& f) {
        if (is_there(f.caller, f.server)) out_.lose_back_of_256 = f.share.of_256;
    }
    void operator()(const faults::ResetConnections& f) {
        if (is_there(f.caller, f.server)) out_.reset_of_256 = f.share.of_256;
    }
    void operator()(const auto&) {} // nothing to links

private:
    bool is_there(NodeId a, NodeId b) const {
        return seen_by_proxies(roster_, a) == from_ && seen_by_proxies(roster_, b) == to_;
    }

    const engine::Roster& roster_;
    NodeId from_;
    NodeId to_;
    LinkWeather& out_;
};

} // namespace

LinkWeather link_weather(const FaultTable& table, const engine::Roster& roster, NodeId from, NodeId to) {
    LinkWeather out;
    for (const FaultTable::Active& active : table.active())
        std::visit(Suffers(roster, from, to, out), active.fault.what());
    return out;
}

LinkWeather database_weather(const FaultTable& table, NodeId from) {
    LinkWeather out;
    out.refuse = table.has<faults::DbDown>() || table.has<faults::DbDownFor>(from);
    return out;
}

} // namespace real
