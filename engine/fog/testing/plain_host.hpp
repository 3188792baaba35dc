#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/choice.hpp"
#include "engine/host.hpp"

namespace engine::fog::testing {

/// A host that keeps what was recorded.  Yield points give way for an instant, or are held for up to some
/// time.
class PlainHost final : public Host {
public:
    struct Recorded {
        EventKind kind;
        std::uint64_t a;
        std::uint64_t b;
        friend bool operator==(const Recorded&, const Recorded&) = default;
    };

    PlainHost(Loop& loop, NodeId id, const chain::Crypto& crypto, chain::ByteSource& rng, Stream choices)
        : Host(loop, id, crypto, rng), choices_(choices) {}

    std::uint32_t pick(std::uint32_t count) override { return choices_.below(count); }
    void record(EventKind kind, std::uint32_t, std::uint64_t a, std::uint64_t b) override {
        recorded_.push_back({kind, a, b});
    }
    void abort(const char* why) override { aborted_ = why; }

    /// One yield in so many is held for up to `ms_max`.  0: none.
    void set_holds(std::uint32_t one_in, std::uint32_t ms_max) {
        one_in_ = one_in;
        ms_max_ = ms_max;
    }
    /// Called at every yield point.
    void on_yield(std::function<void(YieldPoint)> hook) { on_yield_ = std::move(hook); }

    const std::vector<Recorded>& recorded() const { return recorded_; }
    std::vector<Recorded> recorded(EventKind kind) const {
        std::vector<Recorded> chosen;
        for (const Recorded& r : recorded_)
            if (r.kind == kind) chosen.push_back(r);
        return chosen;
    }
    const std::string& aborted() const { return aborted_; }

private:
    Instant hold(YieldPoint point) override {
        if (on_yield_) on_yield_(point);
        if (one_in_ == 0 || !choices_.chance(1, one_in_)) return Instant{0};
        return now() + std::chrono::milliseconds(choices_.between(0, ms_max_));
    }

    Stream choices_;
    std::uint32_t one_in_ = 0;
    std::uint32_t ms_max_ = 0;
    std::function<void(YieldPoint)> on_yield_;
    std::vector<Recorded> recorded_;
    std::string aborted_;
};

} // namespace engine::fog::testing
