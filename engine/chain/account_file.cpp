#include "engine/chain/account_file.hpp"

#include <nlohmann/json.hpp>

#include "engine/chain/account.hpp"
#include "engine/chain/secret_buffer.hpp"

namespace engine::chain {
namespace {

using Json = nlohmann::ordered_json;
/// For what is read: neither the tree nor its parser leaves a copy of the mnemonic or of the entropy in
/// memory.
using SecretJson = nlohmann::basic_json<std::map, std::vector, SecretText, bool, std::int64_t, std::uint64_t,
                                        double, WipingAllocator>;

std::optional<Bytes> bytes_from(const SecretJson& json) {
    if (!json.is_array()) return std::nullopt;
    Bytes out;
    out.reserve(json.size());
    for (const SecretJson& item : json) {
        if (!item.is_number_unsigned() || item.get<std::uint64_t>() > 255) return std::nullopt;
        out.push_back(item.get<std::uint8_t>());
    }
    return out;
}

/// Text of an optional field into `to`.  @return false when it is there but no text
bool read_text(const SecretJson& json, const char* name, std::string& to) {
    const auto found = json.find(name);
    if (found == json.end() || found->is_null()) return true;
    if (!found->is_string()) return false;
    to = found->get_ref<const SecretText&>();
    return true;
}

} // namespace

std::string to_json(const AccountFile& file) {
    Json json;
    json["account_index"] = file.account_index;
    json["fog_report_url"] = file.fog_report_url ? Json(*file.fog_report_url) : Json(nullptr);
    json["fog_report_id"] = file.fog_report_id;
    json["fog_authority_spki"] = file.fog_authority_spki ? Json(*file.fog_authority_spki) : Json(nullptr);
    const std::string rest = json.dump();
    // The mnemonic stands in no buffer but this one.
    std::string out;
    out.reserve(rest.size() + file.mnemonic.size() + 16);
    out += R"({"mnemonic":")";
    out += file.mnemonic; // words of the list: nothing to escape
    out += R"(",)";
    out.append(rest, 1);
    return out;
}

std::optional<AccountKey> account_from_json(std::string_view text, std::string& why) {
    const auto refuse = [&why](const char* reason) {
        why = reason;
        return std::nullopt;
    };
    const SecretJson json = SecretJson::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object()) return refuse("not a JSON object");

    std::optional<AccountKey> account;
    const char* url_name = "fog_report_url";
    if (const auto entropy_field = json.find("root_entropy"); entropy_field != json.end()) {
        auto entropy = bytes_from(*entropy_field);
        if (!entropy || entropy->size() != 32) return refuse("root_entropy is not a list of 32 bytes");
        url_name = "fog_url";
        account = account_from_root_entropy(Hash32::from(*entropy)->bytes);
        wipe(*entropy);
    } else {
        const auto phrase = json.find("mnemonic");
        if (phrase == json.end() || !phrase->is_string()) return refuse("mnemonic is missing");
        const auto index = json.find("account_index");
        if (index == json.end() || !index->is_number_unsigned() || index->get<std::uint64_t>() > 0xffff'ffffu)
            return refuse("account_index is missing or not a 32-bit number");
        account = account_from_mnemonic(phrase->get_ref<const SecretText&>(), index->get<std::uint32_t>());
        if (!account) return refuse("mnemonic is not an English BIP-39 phrase with a good checksum");
    }
    if (!read_text(json, url_name, account->fog_report_url)) return refuse("the fog URL is not a text");
    if (!read_text(json, "fog_report_id", account->fog_report_id))
        return refuse("fog_report_id is not a text");
    if (const auto spki = json.find("fog_authority_spki"); spki != json.end() && !spki->is_null()) {
        const auto bytes = bytes_from(*spki);
        if (!bytes) return refuse("fog_authority_spki is not a list of bytes");
        account->fog_authority_spki = *bytes;
    }
    return account;
}

} // namespace engine::chain
