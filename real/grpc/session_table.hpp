#pragma once

#include <list>
#include <string>
#include <unordered_map>
#include <utility>

// Inside real/grpc only.

namespace real::grpc {

/// Sessions by their channel ids; the one unused for longest goes when there are too many.
template <class Session>
class SessionTable {
public:
    explicit SessionTable(std::size_t limit) : limit_(limit) {}

    void insert(const std::string& channel_id, Session session) {
        by_use_.emplace_front(channel_id, std::move(session));
        by_id_.insert_or_assign(channel_id, by_use_.begin());
        if (by_use_.size() <= limit_) return;
        by_id_.erase(by_use_.back().first);
        by_use_.pop_back();
    }
    /// A use.  @return null when there is none of this id
    Session* find(const std::string& channel_id) {
        const auto found = by_id_.find(channel_id);
        if (found == by_id_.end()) return nullptr;
        by_use_.splice(by_use_.begin(), by_use_, found->second);
        return &by_use_.front().second;
    }
    void erase(const std::string& channel_id) {
        const auto found = by_id_.find(channel_id);
        if (found == by_id_.end()) return;
        by_use_.erase(found->second);
        by_id_.erase(found);
    }
    std::size_t size() const { return by_use_.size(); }

private:
    using Entries = std::list<std::pair<std::string, Session>>;
    std::size_t limit_;
    Entries by_use_;                                                    // the most recent first
    std::unordered_map<std::string, typename Entries::iterator> by_id_; // looked up only
};

} // namespace real::grpc
