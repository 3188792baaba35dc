#include "engine/chain/address_wire.hpp"

#include "engine/chain/ristretto.hpp"

namespace engine::chain {
namespace {

/// Reads a text into `to`.  @return false when the field is no UTF-8 text
bool read_text(const WireField& field, std::string& to) {
    auto text = field.text();
    if (!text) return false;
    to = std::move(*text);
    return true;
}

bool read_bytes(const WireField& field, Bytes& to) {
    const auto bytes = field.bytes();
    if (!bytes) return false;
    to.assign(bytes->begin(), bytes->end());
    return true;
}

template <class Fixed>
bool read_wrapped(const WireField& field, std::optional<Fixed>& to) {
    to = wrapped_fixed<Fixed>(field);
    return to.has_value();
}

} // namespace

Bytes encode(const PublicAddress& address) {
    return WireWriter()
        .wrapped(1, address.view_public.view())
        .wrapped(2, address.spend_public.view())
        .text_or_omit(3, address.fog_report_url)
        .text_or_omit(4, address.fog_report_id)
        .bytes_or_omit(5, address.fog_authority_sig)
        .take();
}

std::optional<PublicAddress> decode_public_address(ByteView bytes) {
    PublicAddress address;
    std::optional<PublicKey> view;
    std::optional<PublicKey> spend;
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        bool good = true;
        switch (field->number) {
        case 1:
            good = read_wrapped(*field, view);
            break;
        case 2:
            good = read_wrapped(*field, spend);
            break;
        case 3:
            good = read_text(*field, address.fog_report_url);
            break;
        case 4:
            good = read_text(*field, address.fog_report_id);
            break;
        case 5:
            good = read_bytes(*field, address.fog_authority_sig);
            break;
        default:
            break;
        }
        if (!good) return std::nullopt;
    }
    if (!reader.ok() || !view || !spend || !Point::parse(*view) || !Point::parse(*spend)) return std::nullopt;
    address.view_public = *view;
    address.spend_public = *spend;
    return address;
}

Bytes encode(const AccountKey& account) {
    return WireWriter()
        .wrapped(1, account.view_private.view())
        .wrapped(2, account.spend_private.view())
        .text_or_omit(3, account.fog_report_url)
        .text_or_omit(4, account.fog_report_id)
        .bytes_or_omit(5, account.fog_authority_spki)
        .take();
}

std::optional<AccountKey> decode_account_key(ByteView bytes) {
    AccountKey account;
    std::optional<PrivateKey> view;
    std::optional<PrivateKey> spend;
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        bool good = true;
        switch (field->number) {
        case 1:
            good = read_wrapped(*field, view);
            break;
        case 2:
            good = read_wrapped(*field, spend);
            break;
        case 3:
            good = read_text(*field, account.fog_report_url);
            break;
        case 4:
            good = read_text(*field, account.fog_report_id);
            break;
        case 5:
            good = read_bytes(*field, account.fog_authority_spki);
            break;
        default:
            break;
        }
        if (!good) return std::nullopt;
    }
    if (!reader.ok() || !view || !spend || !Scalar::parse(*view) || !Scalar::parse(*spend))
        return std::nullopt;
    account.view_private = *view;
    account.spend_private = *spend;
    return account;
}

} // namespace engine::chain
