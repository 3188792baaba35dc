#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "engine/loop.hpp"
#include "engine/time.hpp"

namespace real {

/// What a story waits for just now, for whoever wonders why it does not end.
class Waits {
public:
    /// @param loop  outlives this
    explicit Waits(const engine::Loop& loop) : loop_(loop) {}
    Waits(const Waits&) = delete;
    Waits& operator=(const Waits&) = delete;

    /// A wait, for as long as it lives.
    class [[nodiscard]] One {
    public:
        /// @param all  outlives this
        One(Waits& all, std::string what) : all_(all), number_(all.begin(std::move(what))) {}
        ~One() { all_.all_.erase(number_); }
        One(const One&) = delete;
        One& operator=(const One&) = delete;

    private:
        Waits& all_;
        std::uint64_t number_;
    };

    /// "a balance check of account 0 (since 12 s)", oldest first; empty: nothing is waited for.
    std::string text() const;

private:
    struct Wait {
        std::string what;
        engine::Instant since;
    };
    std::uint64_t begin(std::string what) {
        all_.emplace(++last_, Wait{std::move(what), loop_.now()});
        return last_;
    }

    const engine::Loop& loop_;
    std::map<std::uint64_t, Wait> all_;
    std::uint64_t last_ = 0;
};

} // namespace real
