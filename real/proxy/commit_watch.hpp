#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace real {

/// Follows one connection to Postgres and says where a commit is: in what the client sends, and in what the
/// server answers.  Understands the framing, plain queries and prepared statements; anything else it lets
/// pass.
/// @source PostgreSQL 15 documentation, chapter "Frontend/Backend Protocol"
class CommitWatch {
public:
    /// How many bytes of `bytes` may go on before a commit begins; all of them when there is none.
    /// Each call continues the stream.
    struct Seen {
        bool commit = false;
        std::size_t before = 0; ///< bytes of this piece that precede the message with the commit
    };
    Seen from_client(std::string_view bytes);
    /// The acknowledgement of a commit.
    Seen from_server(std::string_view bytes);

private:
    /// Cuts a stream into messages.
    struct Frames {
        std::string head;          // what is known of the message being read: at most `kept` bytes
        std::uint64_t missing = 0; // bytes of it that have not come
        std::size_t start = 0;     // where it began in the present piece; 0 when in an earlier one
        bool in_message = false;
        bool typed = true; // messages begin with a type; the client's first ones do not
    };
    template <class OnMessage>
    static Seen cut(Frames& frames, std::string_view bytes, OnMessage is_commit);
    bool client_message(std::string_view message);

    Frames client_{{}, 0, 0, false, false};
    Frames server_;
    bool expects_ssl_answer_ = false;
    std::set<std::string, std::less<>> commits_; // names of prepared statements that are a commit
};

} // namespace real
