#pragma once

#include <optional>

#include "engine/fog/ports.hpp"

namespace engine::fog::testing {

/// A state file that survives its node.
class MemoryStateFile final : public StateFile {
public:
    Result<std::optional<IngestState>> read() override {
        if (corrupt_) {
            corrupt_ = false;
            content_.reset();
            return Error{Code::internal, "not a state file"};
        }
        return content_;
    }
    Result<void> write(const IngestState& state) override {
        if (full_) return Error{Code::disk_full, "state file"};
        content_ = state;
        ++writes_;
        return {};
    }

    const std::optional<IngestState>& content() const { return content_; }
    void set_content(std::optional<IngestState> state) { content_ = std::move(state); }
    void set_full(bool full) { full_ = full; }
    void corrupt() { corrupt_ = true; }
    int writes() const { return writes_; }

private:
    std::optional<IngestState> content_;
    bool full_ = false;
    bool corrupt_ = false;
    int writes_ = 0;
};

} // namespace engine::fog::testing
