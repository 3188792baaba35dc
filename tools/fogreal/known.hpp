#pragma once

#include <string>

#include "tools/fogreal/result.hpp"
#include "tools/known_faults.hpp"

namespace tools::fogreal {

/// Runs against a `--known` file.
///
/// Rules
/// 1. A run is known when every violation of it is: by story, check, words and, where it is drawn, seed.
/// 2. What is known excuses nothing else: not what broke besides, nor what could not be judged in other runs.
/// 3. A fault is gone when a story that could have shown it was told to its end and nothing showed it.
class Known {
public:
    /// @throws engine::UsageError  one line with flag, file and reason
    Known(const std::string& file, bool gone_fails);
    Known(const Known&) = delete;
    Known& operator=(const Known&) = delete;

    /// Writes into the result whose faults it shows, and remembers it.
    void judge(Result& result);
    /// What the whole comes to, when that is what the runs alone come to.
    engine::check::Conclusion conclude(engine::check::Conclusion of_runs) const;
    const Sightings& sightings() const { return sightings_; }
    bool gone_fails() const { return gone_fails_; }

private:
    KnownFaults faults_;
    Sightings sightings_; // refers to them
    bool gone_fails_;
};

} // namespace tools::fogreal
