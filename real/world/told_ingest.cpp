#include "real/world/told_ingest.hpp"

#include <fmt/format.h>

#include <string_view>
#include <type_traits>
#include <utility>

namespace real {

using engine::Result;
using engine::fog::IngestMode;

namespace {

std::string in_words(const ToldIngest::Summary& summary) {
    return fmt::format("it is {}, its next block is {}",
                       summary.mode == IngestMode::active ? "active" : "idle", summary.next_block.value);
}
std::string in_words(bool) { return "done"; }

bool is_question(const char* command) { return std::string_view(command).starts_with("get"); }

} // namespace

// The call is under way only once it is awaited, so its parameters must be its own.
template <class T>
ToldIngest::Answer<T> ToldIngest::told(const char* command, Answer<T> call) {
    const Waits::One wait(waits_, fmt::format("the answer of {} to {}", name_, command));
    Result<T> answer = co_await std::move(call);
    if (!answer) {
        tell_(fmt::format("{} answers {}: {}", name_, command, engine::name(answer.error().code)));
    } else if constexpr (std::is_same_v<T, Summary> || std::is_same_v<T, bool>) {
        if (!is_question(command)) tell_(fmt::format("{} answers {}: {}", name_, command, in_words(*answer)));
    }
    co_return answer;
}

ToldIngest::Answer<ToldIngest::Summary> ToldIngest::get_status() {
    return told("get-status", inner_.get_status());
}
ToldIngest::Answer<ToldIngest::Summary> ToldIngest::activate() { return told("activate", inner_.activate()); }
ToldIngest::Answer<ToldIngest::Summary> ToldIngest::retire() { return told("retire", inner_.retire()); }
ToldIngest::Answer<ToldIngest::Summary> ToldIngest::unretire() { return told("unretire", inner_.unretire()); }
ToldIngest::Answer<ToldIngest::Summary> ToldIngest::set_pubkey_expiry_window(std::uint64_t blocks) {
    return told("set-pubkey-expiry-window", inner_.set_pubkey_expiry_window(blocks));
}
ToldIngest::Answer<ToldIngest::Summary> ToldIngest::set_peers(std::vector<std::string> peers) {
    return told("set-peers", inner_.set_peers(std::move(peers)));
}
ToldIngest::Answer<ToldIngest::Summary> ToldIngest::new_keys() { return told("new-keys", inner_.new_keys()); }
ToldIngest::Answer<ToldIngest::Summary> ToldIngest::sync_keys_from_remote(std::string responder_id) {
    return told("sync-keys-from-remote", inner_.sync_keys_from_remote(std::move(responder_id)));
}
ToldIngest::Answer<bool> ToldIngest::report_lost_ingress_key(engine::chain::PublicKey key) {
    return told("report-lost-ingress-key", inner_.report_lost_ingress_key(key));
}
ToldIngest::Answer<std::vector<engine::BlockRange>> ToldIngest::get_missed_block_ranges() {
    return told("get-missed-block-ranges", inner_.get_missed_block_ranges());
}
ToldIngest::Answer<std::vector<engine::fog::IngressKeyRecord>>
ToldIngest::get_ingress_key_records(engine::BlockIndex start_at_least, bool include_lost,
                                    bool include_retired) {
    return told("get-ingress-key-records",
                inner_.get_ingress_key_records(start_at_least, include_lost, include_retired));
}

} // namespace real
