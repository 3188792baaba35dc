#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "engine/chain/hex.hpp"
#include "real/lmdb/test_ledger.hpp"
#include "tools/ledger_tool.hpp"
#include "tools/program.hpp"

// add_test_block: appends one block with the credits and key images read from stdin, hints made for a fog
// key, and tells the watcher. source: fog/test_infra/src/bin/add_test_block.rs

namespace {

using namespace engine::chain;
using nlohmann::json;
using tools::BadInput;

struct Request {
    std::vector<real::lmdb::TestCredit> credits;
    std::vector<KeyImage> key_images;
};

std::uint64_t number(const json& from, const char* name, const std::string& place) {
    if (!from.is_object() || !from.contains(name))
        throw BadInput(fmt::format("stdin: {}: needs \"{}\"", place, name));
    if (!from[name].is_number_unsigned())
        throw BadInput(fmt::format("stdin: {}: \"{}\" is no number from 0 to 2^64-1", place, name));
    return from[name];
}

const json& list(const json& from, const char* name) {
    if (!from.is_object() || !from.contains(name) || !from[name].is_array())
        throw BadInput(fmt::format("stdin: needs a list \"{}\"", name));
    return from[name];
}

Request read_request(const std::string& text, const std::vector<AccountKey>& accounts) {
    // What the parser takes without a word.
    if (const std::size_t zero = text.find('\0'); zero != std::string::npos)
        throw BadInput(fmt::format("stdin: no JSON, at byte {}", zero + 1));
    if (text.starts_with("\xef\xbb\xbf")) throw BadInput("stdin: no JSON: it begins with a byte order mark");
    std::vector<std::set<std::string>> open; // fields of the objects around
    const auto watch = [&open](int, json::parse_event_t event, json& value) {
        if (event == json::parse_event_t::object_start) open.emplace_back();
        if (event == json::parse_event_t::object_end) open.pop_back();
        if (event == json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second)
            throw BadInput(fmt::format("stdin: \"{}\" comes twice", value.get<std::string>()));
        return true;
    };
    json parsed;
    try {
        parsed = json::parse(text, watch);
    } catch (const json::parse_error& error) {
        throw BadInput(fmt::format("stdin: no JSON, at byte {}", error.byte));
    }
    Request out;
    for (const json& credit : list(parsed, "credits")) {
        const std::string place = fmt::format("credit {}", out.credits.size());
        const std::uint64_t account = number(credit, "account", place);
        if (account >= accounts.size())
            throw BadInput(
                fmt::format("stdin: {}: no account {}, there are {}", place, account, accounts.size()));
        out.credits.push_back({accounts[account], number(credit, "amount", place)});
    }
    for (const json& image : list(parsed, "key_images")) {
        const auto parsed_image =
            image.is_string() ? fixed_from_hex<KeyImage>(image.get_ref<const std::string&>()) : std::nullopt;
        if (!parsed_image)
            throw BadInput(
                fmt::format("stdin: key image {}: needs exactly 64 hex digits", out.key_images.size()));
        out.key_images.push_back(*parsed_image);
    }
    if (out.credits.empty()) throw BadInput("stdin: no credits (NoOutputs)");
    if (out.key_images.empty()) throw BadInput("stdin: no key images (NoKeyImages)");
    return out;
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Appends a block; reads {\"credits\":[{\"account\":0,\"amount\":1}],\"key_images\":[\"64 "
                 "hex digits\"]} "
                 "from stdin and writes the key images of the new outputs to stdout",
                 "add_test_block");
    app.footer(
        "Exit codes: 0 done, 2 bad arguments or input, 101 failure.  Unless 0, no block was appended, except "
        "when the watcher's database fails after the ledger's.");
    std::string keys, ledger_db, watcher_db, fog_pubkey;
    std::uint64_t seed = 99;
    app.add_option("-k,--keys", keys, "Folder of account files (*.json)")->required()->envname("MC_KEYS");
    app.add_option("-l,--ledger-db", ledger_db, "The ledger")->required()->envname("MC_LEDGER_DB");
    app.add_option("-w,--watcher-db", watcher_db, "The watcher's database")
        ->required()
        ->envname("MC_WATCHER_DB");
    app.add_option("-s,--seed", seed, "Seed of the generator; another one for each block")
        ->transform(tools::whole_number())
        ->envname("MC_SEED")
        ->capture_default_str();
    app.add_option("-f,--fog-pubkey", fog_pubkey, "Ingress public key that hints are made for, 64 hex digits")
        ->required()
        ->envname("MC_FOG_PUBKEY");
    return tools::run_ledger_tool(
        app, argc, argv, tools::exit_panic, {{"--ledger-db", &ledger_db}, {"--watcher-db", &watcher_db}},
        [&] {
            const auto key_bytes = fixed_from_hex<PublicKey>(fog_pubkey);
            if (!key_bytes) throw BadInput("--fog-pubkey: needs exactly 64 hex digits");
            const auto fog_key = Point::parse(*key_bytes);
            if (!fog_key) throw BadInput("--fog-pubkey: is no public key");
            const auto accounts = tools::read_accounts("--keys", keys);
            const std::string input(std::istreambuf_iterator<char>(std::cin), {});
            const Request request = read_request(input, accounts);
            json out = {{"key_images", json::array()}};
            for (const KeyImage& image : real::lmdb::add_test_block(
                     ledger_db, watcher_db, *fog_key, request.credits, request.key_images, seed))
                out["key_images"].push_back(to_hex(image.view()));
            std::cout << out.dump() << std::flush;
            if (!std::cout) throw std::runtime_error("the block is appended, but stdout cannot be written");
        });
}
