#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/time.hpp"

namespace sim {

/// When something is due.
struct Timer {
    engine::Instant due;
    std::uint64_t sequence; ///< a later timer has a higher one
    std::uint32_t slot;     ///< whose it is
};

/// What is due next: a queue by (due, sequence), for a clock that never goes back.
///
///     near_                      far: digits of 4 bits, by the highest one that differs from base_
///     [ .. due < horizon_ )      level 0  | | | |x| | ...   16 buckets of 1 ns each
///     sorted, the next one       level 1  | |x| | |x| ...   16 buckets of 16 ns
///     at the back                ...
///
/// Rules
/// 1. What is due before the horizon is in near_, in order; everything else in a bucket.  As long as near_ is
///    short the horizon is the end of time, and this is a sorted vector.
/// 2. Timers of one instant are always in one bucket, in order of sequence: a bucket only grows at its end,
///    and is taken down as a whole.
/// 3. Nothing in a bucket is due before base_.  So the first bucket of the lowest level that has any is the
///    next one.  It goes to near_ if it is small, else it is spread over the levels below it: a timer moves
///    at most once a level.
/// 4. One that is cancelled in a bucket stays there until it would go to near_, or until more than half of
///    what is in buckets is stale.
///
/// Who asks supplies `Tasks`, which know of a Timer:
///
///     bool is_live(timer);    // it has neither been cancelled nor taken
///     void will_come(timer);  // it is among the next ones: what it needs may be fetched
class Timers {
public:
    bool empty() const { return near_.empty() && live_far_ == 0; }
    std::size_t size() const { return near_.size() + live_far_; }

    /// @pre timer.due is later than every timer taken so far, and its sequence is higher than all before
    void add(const Timer& timer) {
        if (after_epoch(timer.due) >= horizon_) return put_away(timer, true);
        std::size_t at = near_.size();
        near_.push_back(timer);
        for (; at > 0 && near_[at - 1].due <= timer.due; --at) near_[at] = near_[at - 1];
        near_[at] = timer;
        if (near_.size() > spill_at_) spill();
    }

    /// @pre it is in the queue, and tasks know already that it is live no more
    template <class Tasks>
    void cancel(const Timer& timer, const Tasks& tasks) {
        if (after_epoch(timer.due) < horizon_) {
            std::size_t at = near_.size();
            while (near_[--at].sequence != timer.sequence) {
            }
            near_.erase(near_.begin() + static_cast<std::ptrdiff_t>(at));
            return;
        }
        --live_far_;
        if (++stale_ > live_far_ + few) drop_stale(tasks);
    }

    /// When the next one is due: the clock goes there before another is added.  @pre not empty
    template <class Tasks>
    engine::Instant next_due(const Tasks& tasks) {
        while (near_.size() < near_least && live_far_ != 0) take_down(tasks);
        return near_.back().due;
    }
    /// Whether the next one is due at `now`.  @pre next_due() was not later
    bool is_due(engine::Instant now) const { return !near_.empty() && near_.back().due == now; }
    /// Takes the next one: whose it is.  @pre is_due()
    std::uint32_t take() {
        const std::uint32_t slot = near_.back().slot;
        near_.pop_back();
        return slot;
    }
    /// Of the timers that will be taken next some, the nearest at the end.
    std::span<const Timer> coming() const { return near_; }

private:
    static constexpr unsigned digit_bits = 4;
    static constexpr unsigned digits = 1u << digit_bits;
    static constexpr unsigned levels = 64 / digit_bits;
    static constexpr std::size_t few = 32;        ///< as many are quickly sorted
    static constexpr std::size_t near_least = 8;  ///< as many are known in advance, when there are
    static constexpr std::size_t near_most = 128; ///< as many are quickly inserted into
    static constexpr std::uint64_t end_of_time = ~std::uint64_t{0};

    struct Far {
        std::array<std::array<std::vector<Timer>, digits>, levels> buckets;
        std::array<std::uint16_t, levels> used{}; ///< a bit for each bucket that is not empty
        std::uint32_t levels_used = 0;
    };

    static std::uint64_t after_epoch(engine::Instant at) { return static_cast<std::uint64_t>(at.ns); }

    void put_away(const Timer& timer, bool is_new) {
        if (!far_) far_ = std::make_unique<Far>();
        const std::uint64_t due = after_epoch(timer.due);
        const std::uint64_t differs = due ^ base_;
        const unsigned level =
            differs == 0 ? 0 : static_cast<unsigned>(std::bit_width(differs) - 1) / digit_bits;
        const unsigned digit = static_cast<unsigned>(due >> (level * digit_bits)) % digits;
        far_->buckets[level][digit].push_back(timer);
        far_->used[level] = static_cast<std::uint16_t>(far_->used[level] | 1u << digit);
        far_->levels_used |= 1u << level;
        if (is_new) ++live_far_;
    }

    // The later half goes to the buckets, whole instants only, and none from before the buckets begin.
    void spill() {
        engine::Instant from = near_[near_.size() / 2].due;
        if (after_epoch(from) < base_) from.ns = static_cast<std::int64_t>(base_);
        if (from <= near_.back().due || near_.front().due < from) { // nearly all at one instant: they stay
            spill_at_ = 2 * near_.size();
            return;
        }
        std::size_t end = 0;
        while (near_[end].due >= from) ++end;
        horizon_ = after_epoch(from);
        for (std::size_t i = end; i > 0; --i) put_away(near_[i - 1], true);
        near_.erase(near_.begin(), near_.begin() + static_cast<std::ptrdiff_t>(end));
        spill_at_ = near_most;
    }

    template <class Tasks>
    void take_down(const Tasks& tasks) {
        const unsigned level = static_cast<unsigned>(std::countr_zero(far_->levels_used));
        const unsigned digit = static_cast<unsigned>(std::countr_zero(far_->used[level]));
        const unsigned shift = level * digit_bits;
        std::vector<Timer>& bucket = far_->buckets[level][digit];
        taken_.swap(bucket);
        far_->used[level] = static_cast<std::uint16_t>(far_->used[level] & ~(1u << digit));
        if (far_->used[level] == 0) far_->levels_used &= ~(1u << level);
        // The digits above stay, this level's is the bucket's, those below are 0.
        const std::uint64_t above =
            shift + digit_bits == 64 ? 0 : base_ >> (shift + digit_bits) << (shift + digit_bits);
        base_ = above | std::uint64_t{digit} << shift;
        spill_at_ = near_most;
        if (level == 0 || taken_.size() <= few) {
            horizon_ = base_ + (std::uint64_t{1} << shift);
            if (stale_ != 0)
                stale_ -= std::erase_if(taken_, [&](const Timer& timer) { return !tasks.is_live(timer); });
            live_far_ -= taken_.size();
            for (const Timer& timer : taken_) tasks.will_come(timer);
            if (level == 0)
                std::reverse(taken_.begin(), taken_.end());
            else
                sort_by_insertion(taken_);
            near_.insert(near_.begin(), taken_.begin(), taken_.end());
        } else {
            horizon_ = base_;
            for (const Timer& timer : taken_) put_away(timer, false); // stale ones, too
        }
        taken_.clear();
        taken_.swap(bucket); // which has its room again
    }

    // What is due later comes first; of one instant, what was added later.
    static void sort_by_insertion(std::vector<Timer>& timers) {
        for (std::size_t i = 1; i < timers.size(); ++i) {
            const Timer timer = timers[i];
            std::size_t at = i;
            for (; at > 0 && timers[at - 1].due <= timer.due; --at) timers[at] = timers[at - 1];
            timers[at] = timer;
        }
    }

    template <class Tasks>
    void drop_stale(const Tasks& tasks) {
        for (unsigned level = 0; level < levels; ++level) {
            for (unsigned digit = 0; digit < digits; ++digit) {
                if ((far_->used[level] >> digit & 1u) == 0) continue;
                std::vector<Timer>& bucket = far_->buckets[level][digit];
                std::erase_if(bucket, [&](const Timer& timer) { return !tasks.is_live(timer); });
                if (bucket.empty())
                    far_->used[level] = static_cast<std::uint16_t>(far_->used[level] & ~(1u << digit));
            }
            if (far_->used[level] == 0) far_->levels_used &= ~(1u << level);
        }
        stale_ = 0;
    }

    std::vector<Timer> near_;
    std::uint64_t horizon_ = end_of_time;
    std::uint64_t base_ = 0;
    std::size_t spill_at_ = near_most;
    std::unique_ptr<Far> far_; ///< null until near_ has spilled
    std::size_t live_far_ = 0;
    std::size_t stale_ = 0;
    std::vector<Timer> taken_; ///< empty between calls
};

} // namespace sim
