#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "real/grpc/status.hpp"

// For tests: what MobileCoin's own servers answered, call by call, and how ours may differ from it.

namespace fog_node::testing {

using Json = nlohmann::json;

/// One call of a recorded script.  The files name things as they come up: K0.. ingress keys, E0.. egress
/// keys, and numbers of invocations and events.
struct RecordedRow {
    std::string step;
    std::string call;
    std::string status; ///< empty where there is no call: a look into the database, a file list
    Json answer;
};

/// @param file  in `fog/` of the folder with upstream's vectors (FOG_VECTORS)
/// @return nothing when it is not there
std::optional<std::vector<RecordedRow>> recorded_rows(const std::string& file);

/// What our side said to the same call.
struct Said {
    std::string status;
    Json answer;

    static Said ok(Json answer) { return {"OK", std::move(answer)}; }
    static Said refused(const real::grpc::Status& status) { return {real::grpc::name(status.code), {}}; }
    static Said seen(Json answer) { return {"", std::move(answer)}; }
};

struct Difference {
    std::string call, step, field;
    std::string upstream, ours; ///< JSON; "nothing" where a row is not there

    /// As a line of docs/differences-from-upstream.md.
    std::string to_line() const;
};

/// Compares two runs of one script.
///
/// Rules
/// 1. Names are compared by what they stand for: the first time that two meet they are bound to each other,
///    afterwards each stands for the other only.
/// 2. Rows of a table have no order among themselves (writers race), neither have RNGs and key records.
/// 3. A table that a look into the database leaves out has not changed.
/// 4. The texts of errors are ours.
class Comparison {
public:
    void compare(const RecordedRow& theirs, const Said& ours);
    const std::vector<Difference>& differences() const { return differences_; }
    /// Ours for a name of theirs.
    std::optional<std::string> ours_for(const std::string& name) const;

private:
    bool bind(const std::string& theirs, const std::string& ours);
    bool same(const Json& theirs, const Json& ours);
    void fields(const RecordedRow& row, const std::string& path, const Json& theirs, const Json& ours);
    void rows(const RecordedRow& row, const std::string& path, const Json& theirs, const Json& ours);
    void note(const RecordedRow& row, const std::string& path, const Json* theirs, const Json* ours);
    std::string shown(Json ours) const;

    std::map<std::string, std::string> to_ours_, to_theirs_;
    Json tables_ = Json::object(); ///< of the database, as theirs has shown them so far
    std::vector<Difference> differences_;
};

/// The list of meant differences is the documentation itself.
class MeantDifferences {
public:
    /// @param world  the section: lines of others are passed over
    explicit MeantDifferences(const std::string& world);

    /// Fails the test for each difference that nobody means, and for each that is meant and not there.
    void judge(const std::vector<Difference>& found);

private:
    struct Line {
        std::string text;
        Difference difference; ///< `*` at the end of step or value: any that begins so
        bool is_used = false;
    };
    std::vector<Line> lines_;
};

} // namespace fog_node::testing
