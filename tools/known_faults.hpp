#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

// Faults of a release that have been found and told: a pipeline that knows them fails for new ones only.

namespace tools {

/// One entry of a `--known` file.
struct KnownFault {
    /// What it looks like on real programs.
    struct Sign {
        std::string scenario;
        std::string check;                  ///< by name
        std::string words;                  ///< part of what the violation says; empty: anything
        std::vector<std::uint64_t> seeds{}; ///< of a story that is drawn; empty: any
        bool is_told_by(const std::string& story, std::uint64_t seed) const;
    };
    std::string name;
    std::string says;   ///< one sentence
    std::string why;    ///< what goes wrong
    std::string since;  ///< the first release that is known to have it
    std::string source; ///< where that release's source shows it
    std::string defect; ///< of the simulator; empty: it does not have it
    std::vector<Sign> signs{};
};

/// A `--known` file: docs/found-in-mobilecoin.md has its form.
class KnownFaults {
public:
    /// @throws engine::UsageError  one line with flag, file and reason
    static KnownFaults read(const std::string& flag, const std::string& path);

    const std::string& release() const { return release_; }
    const std::vector<KnownFault>& all() const { return faults_; }
    const KnownFault* of_defect(const std::string& defect) const;
    /// The first entry with a sign that fits.  @return null when nobody knows this
    const KnownFault* of_violation(const std::string& scenario, std::uint64_t seed, const std::string& check,
                                   const std::string& text) const;
    /// Those that this story could show on real programs.
    std::vector<const KnownFault*> of_story(const std::string& scenario, std::uint64_t seed) const;
    /// @throws engine::UsageError  a sign names a story that there is not
    void require_stories(const std::string& flag, const std::string& path,
                         const std::function<bool(const std::string&)>& is_story) const;

private:
    std::string release_;
    std::vector<KnownFault> faults_;
};

/// What a run with `--known` came upon: known faults, new ones, and known ones that no longer show.
class Sightings {
public:
    /// @param known  outlives this
    explicit Sightings(const KnownFaults& known) : known_(known) {}

    /// Something in this run could have shown the fault.
    void expect(const KnownFault& fault) { (void)seen_[fault.name]; }
    /// @param where  the run: a seed, a story
    /// @param story  how it came about; the shortest is kept
    void saw(const KnownFault& fault, const std::string& where, const std::vector<std::string>& story);
    /// @param what  the violation
    void saw_new(const std::string& where, const std::string& what);

    std::size_t known_count() const;
    std::size_t new_count() const { return new_.size(); }
    /// Expected, and not seen.
    std::vector<std::string> gone() const;
    bool has_seen(const KnownFault& fault) const;

    /// For people: each fault with its sentence and shortest story.
    std::string to_text() const;
    nlohmann::ordered_json to_json() const;
    /// Test cases: a known fault that shows is no failure, a new one is.  @param gone_fails  so is one that
    /// is gone
    std::string to_junit(const std::string& suite, bool gone_fails) const;
    /// The same as one suite of several.  @param with_new  new ones, too: they have no test cases elsewhere
    std::string junit_suite(const std::string& suite, bool gone_fails, bool with_new) const;

private:
    struct Seen {
        std::uint64_t runs = 0;
        std::string first;
        std::vector<std::string> story;
    };
    struct New {
        std::string where, what;
    };
    const KnownFault& named(const std::string& name) const;

    const KnownFaults& known_;
    std::map<std::string, Seen> seen_; // by name
    std::vector<New> new_;
};

} // namespace tools
