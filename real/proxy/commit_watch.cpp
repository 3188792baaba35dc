#include "real/proxy/commit_watch.hpp"

#include <algorithm>
#include <cctype>

namespace real {
namespace {

constexpr std::size_t kept = 256; // of a message: enough for the names and the word
constexpr std::uint32_t ssl_request = 80877103;
constexpr std::uint32_t gss_request = 80877104;

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<std::uint8_t>(bytes[i]);
    return out;
}

std::string_view text_at(std::string_view message, std::size_t& at) {
    const std::size_t end = message.find('\0', at);
    if (end == message.npos) {
        at = message.size();
        return {};
    }
    const std::string_view text = message.substr(at, end - at);
    at = end + 1;
    return text;
}

bool is_commit(std::string_view sql) {
    while (!sql.empty() && (std::isspace(static_cast<unsigned char>(sql.back())) || sql.back() == ';'))
        sql.remove_suffix(1);
    while (!sql.empty() && std::isspace(static_cast<unsigned char>(sql.front()))) sql.remove_prefix(1);
    constexpr std::string_view word = "commit";
    return sql.size() == word.size() && std::equal(sql.begin(), sql.end(), word.begin(), [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) == b;
           });
}

} // namespace

template <class OnMessage>
CommitWatch::Seen CommitWatch::cut(Frames& f, std::string_view bytes, OnMessage on_message) {
    f.start = 0;
    Seen seen{false, bytes.size()};
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t prefix = f.typed ? 5 : 4;
        if (!f.in_message) {
            f.head.clear();
            f.in_message = true;
            f.missing = 0;
            f.start = at;
        }
        if (f.head.size() < prefix) {
            const std::size_t take = std::min(prefix - f.head.size(), bytes.size() - at);
            f.head.append(bytes.substr(at, take));
            at += take;
            if (f.head.size() < prefix) break;
            const std::uint64_t length = big_endian(std::string_view(f.head).substr(prefix - 4));
            f.missing = length < 4 ? 0 : length - 4; // nonsense is the server's business
        }
        const std::size_t take =
            static_cast<std::size_t>(std::min<std::uint64_t>(f.missing, bytes.size() - at));
        f.head.append(bytes.substr(at, std::min(take, kept - std::min(kept, f.head.size()))));
        at += take;
        f.missing -= take;
        if (f.missing > 0) break;
        f.in_message = false;
        if (on_message(f.head) && !seen.commit) seen = {true, f.start};
    }
    return seen;
}

bool CommitWatch::client_message(std::string_view message) {
    if (!client_.typed) {
        const std::uint32_t code = message.size() >= 8 ? big_endian(message.substr(4)) : 0;
        if (code == ssl_request || code == gss_request)
            expects_ssl_answer_ = true; // one byte without a frame; then the start again
        else
            client_.typed = true;
        return false;
    }
    std::size_t at = 5;
    switch (message[0]) {
    case 'Q':
        return is_commit(text_at(message, at));
    case 'P': {
        const std::string_view name = text_at(message, at);
        const std::string_view sql = text_at(message, at);
        if (is_commit(sql))
            commits_.emplace(name);
        else if (const auto it = commits_.find(name); it != commits_.end())
            commits_.erase(it);
        return false;
    }
    case 'B': {
        (void)text_at(message, at); // the portal
        return commits_.count(text_at(message, at)) != 0;
    }
    default:
        return false;
    }
}

CommitWatch::Seen CommitWatch::from_client(std::string_view bytes) {
    return cut(client_, bytes, [this](std::string_view message) { return client_message(message); });
}

CommitWatch::Seen CommitWatch::from_server(std::string_view bytes) {
    std::size_t skipped = 0;
    if (expects_ssl_answer_ && !bytes.empty()) {
        expects_ssl_answer_ = false;
        skipped = 1;
    }
    Seen seen = cut(server_, bytes.substr(skipped), [](std::string_view message) {
        std::size_t at = 5;
        return message[0] == 'C' && text_at(message, at) == "COMMIT";
    });
    seen.before += skipped;
    return seen;
}

} // namespace real
