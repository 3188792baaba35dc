#include <string>
#include <string_view>

#include "engine/chain/account_file.hpp"
#include "engine/chain/address_wire.hpp"
#include "engine/chain/base64.hpp"
#include "engine/chain/fuzz/target.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/mnemonic.hpp"
#include "engine/chain/printable.hpp"
#include "engine/chain/x509.hpp"

// Addresses, account keys, printable codes, phrases and account files.

using namespace engine::chain;

FOG_FUZZ_TARGET(addresses);
FOG_FUZZ_TARGET(addresses) {
    const ByteView bytes(data, size);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto address = decode_public_address(bytes))
        must_hold(decode_public_address(encode(*address)) == address);
    if (const auto account = decode_account_key(bytes))
        must_hold(decode_account_key(encode(*account))->spend_private == account->spend_private);
    if (const auto raw = from_base58(text)) must_hold(to_base58(*raw) == text);
    if (const auto content = from_b58(text)) must_hold(from_b58(to_b58(*content)) == content);
    // The same again behind a right checksum: random texts never have one.
    if (size < 2000) must_hold(from_base58(to_base58(bytes)) == Bytes(bytes.begin(), bytes.end()));
    if (const auto entropy = entropy_from_mnemonic(text))
        must_hold(entropy_from_mnemonic(*mnemonic_from_entropy(*entropy)) == entropy);
    if (const auto raw = from_base64(text)) must_hold(to_base64(*raw) == text);
    if (const auto raw = from_hex(text)) must_hold(to_hex(*raw).size() == size);
    std::string why;
    (void)account_from_json(text, why);
    (void)spki_of_first_certificate(text, why);
    return 0;
}
