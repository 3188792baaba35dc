#include "sim/timers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <tuple>
#include <vector>

#include "engine/hash.hpp"

namespace sim {
namespace {

using engine::Instant;

/// What a queue says, beside a plain sorted set that is told the same.
class Both {
public:
    void add(Instant due) {
        const Timer timer{due, ++sequence_, static_cast<std::uint32_t>(live_.size())};
        live_.push_back(true);
        timers_.add(timer);
        plain_.insert({due, timer.sequence, timer.slot});
    }
    /// The n-th of those that are queued.
    void cancel(std::size_t n) {
        const auto at = std::next(plain_.begin(), static_cast<std::ptrdiff_t>(n % plain_.size()));
        const auto [due, sequence, slot] = *at;
        plain_.erase(at);
        live_[slot] = false;
        timers_.cancel({due, sequence, slot}, tasks());
    }
    /// Goes to the next instant and takes all that is due then.
    void advance() {
        ASSERT_FALSE(timers_.empty());
        now_ = timers_.next_due(tasks());
        ASSERT_EQ(now_, std::get<0>(*plain_.begin()));
        while (timers_.is_due(now_)) {
            const std::uint32_t slot = timers_.take();
            ASSERT_FALSE(plain_.empty());
            ASSERT_EQ(slot, std::get<2>(*plain_.begin())) << "at " << now_.ns;
            live_[slot] = false;
            plain_.erase(plain_.begin());
        }
        ASSERT_TRUE(plain_.empty() || std::get<0>(*plain_.begin()) > now_) << "one was left behind";
        ASSERT_EQ(timers_.empty(), plain_.empty());
        ASSERT_EQ(timers_.size(), plain_.size());
    }
    void advance_to_the_end() {
        while (!plain_.empty() && !testing::Test::HasFatalFailure()) advance();
    }
    Instant now() const { return now_; }
    std::size_t size() const { return plain_.size(); }
    /// When some queued one is due.
    Instant due_of(std::size_t n) const {
        return std::get<0>(*std::next(plain_.begin(), static_cast<std::ptrdiff_t>(n % plain_.size())));
    }

private:
    struct Tasks {
        const std::vector<bool>& live;
        bool is_live(const Timer& timer) const { return live[timer.slot]; }
        void will_come(const Timer&) const {}
    };
    Tasks tasks() const { return {live_}; }

    Timers timers_;
    std::set<std::tuple<Instant, std::uint64_t, std::uint32_t>> plain_;
    std::vector<bool> live_; // by slot: each has one timer
    std::uint64_t sequence_ = 0;
    Instant now_;
};

class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(engine::mix64(seed)) {}
    std::uint64_t below(std::uint64_t bound) {
        return engine::mix64(state_ += 0x9e3779b97f4a7c15ULL) % bound;
    }

private:
    std::uint64_t state_;
};

// The scales of delays: within a bucket's last digits, within a run, and beyond everything.
constexpr std::array<std::uint64_t, 6> scales{2, 40, 5'000, 1'000'000, 3'000'000'000, 1ULL << 61};

TEST(Timers, any_adding_cancelling_and_taking_is_as_with_a_sorted_set) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Dice dice(seed);
        Both both;
        const std::uint64_t crowd = 1 + dice.below(seed % 3 == 0 ? 2000 : 150);
        const std::uint64_t cancels = dice.below(6);
        for (int i = 0; i < 6000 && !HasFatalFailure(); ++i) {
            if (both.size() < crowd) {
                const std::uint64_t scale =
                    scales.at(dice.below(both.now().ns > (1LL << 60) ? 4 : scales.size()));
                Instant due{both.now().ns + 1 + static_cast<std::int64_t>(dice.below(scale))};
                if (both.size() > 0 && dice.below(4) == 0) due = both.due_of(dice.below(both.size()));
                both.add(due);
            } else {
                both.advance();
            }
            if (both.size() > 0 && dice.below(10) < cancels) both.cancel(dice.below(both.size()));
            if (both.size() > 0 && dice.below(16) == 0) both.advance();
        }
        both.advance_to_the_end();
        ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
    }
}

TEST(Timers, many_of_one_instant_come_in_the_order_they_were_added) {
    Both both;
    for (int i = 0; i < 3000; ++i) both.add(Instant{7'000'000 + (i % 3) * 50});
    both.advance_to_the_end();
    EXPECT_EQ(both.now(), Instant{7'000'100});
}

// Deadlines: nearly all are called off long before they are due.
TEST(Timers, what_is_called_off_is_not_waited_for) {
    Both both;
    for (int i = 0; i < 20'000 && !HasFatalFailure(); ++i) {
        both.add(both.now() + std::chrono::seconds(30));
        both.add(both.now() + std::chrono::milliseconds(1));
        if (both.size() > 300) {
            both.advance();
            both.cancel(both.size() - 1);
        }
    }
    both.advance_to_the_end();
}

} // namespace
} // namespace sim
