#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/chain/hex.hpp"
#include "real/lmdb/cheap_blocks.hpp"
#include "real/lmdb/ledger_db.hpp"
#include "real/lmdb/test_support.hpp"
#include "real/lmdb/watcher_db.hpp"

// The ledger tools as their users meet them: run as programs, judged by files, output and exit code.

namespace tools {
namespace {

namespace fs = std::filesystem;
using namespace real::lmdb;
using nlohmann::json;

struct LedgerToolsTest : testing::Test {
    ScratchDir scratch;
    const json init = test_data("after_init.json");
    const json add = test_data("after_add.json");

    /// Runs in the scratch folder; relative names are enough.
    ChildResult run(const std::string& program, std::vector<std::string> arguments,
                    const std::string& input = {}) const {
        arguments.insert(arguments.begin(), std::string(FOG_PROGRAM_DIR) + "/" + program);
        return run_child(arguments, input, scratch.path());
    }
    void expect_good(const ChildResult& result, const std::string& out = {}) const {
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_TRUE(out.empty() || result.out == out) << result.out;
    }
    /// One line on stderr, nothing on stdout.
    void expect_refused(const ChildResult& result, const std::string& text, int exit_code = 2) const {
        EXPECT_EQ(result.exit_code, exit_code) << result.err;
        EXPECT_EQ(result.out, "");
        EXPECT_NE(result.err.find(text), std::string::npos)
            << "wanted: " << text << "\nfound: " << result.err;
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    }
    void make_keys(std::size_t count) const {
        const json keys = test_data("keys.json");
        fs::create_directories(scratch / "keys");
        for (std::size_t i = 0; i < count; ++i) {
            const std::string stem = "account_keys_" + std::to_string(i);
            const auto address =
                engine::chain::from_hex(keys["accounts"][i]["address"].get<std::string>()).value();
            write_file(scratch / "keys" / (stem + ".pub"), std::string(address.begin(), address.end()));
            write_file(scratch / "keys" / (stem + ".json"), keys["accounts"][i]["json"]);
        }
    }
    ChildResult run_init(const std::string& seed = "0") const {
        return run("init_test_ledger",
                   {"--keys", "keys", "--ledger-db", "l", "--watcher-db", "w", "--seed", seed});
    }
    ChildResult run_add(const std::string& input, const std::string& seed = "1",
                        const std::string& ledger = "l") const {
        return run("add_test_block",
                   {"-k", "keys", "-l", ledger, "-w", "w", "-s", seed, "-f",
                    add["fog_public_key"].get<std::string>()},
                   input);
    }
    std::string verdict(const std::string& ledger, const std::string& watcher = {}) const {
        std::vector<std::string> arguments{"--ledger-db", ledger};
        if (!watcher.empty()) arguments.insert(arguments.end(), {"--watcher-db", watcher});
        const ChildResult result = run("ledger-verify", arguments);
        return std::to_string(result.exit_code) + " " + result.out + result.err;
    }
    Dump dump(const std::string& directory) const { return dump_with_lmdb_tool(scratch / directory); }
};

TEST_F(LedgerToolsTest, init_and_add_make_the_known_databases) {
    make_keys(5);
    expect_good(run_init());
    EXPECT_EQ(difference(dump("l"), dump_from_json(init["ledger_db"])), "");
    EXPECT_EQ(difference(dump("w"), dump_from_json(init["watcher_db"])), "");
    const json conf = json::parse(read_file(scratch / "conf.json"));
    EXPECT_EQ(conf["NUM_KEYS"], 5);
    EXPECT_EQ(conf["NUM_UTXOS_PER_ACCOUNT"], 5);
    EXPECT_EQ(conf["NUM_BLOCKS"], 1);
    EXPECT_EQ(conf["NUM_EXTRA_KEY_IMAGES_PER_BLOCK"], 0);

    expect_good(run_add(add["stdin"].dump()), add["stdout"]);
    EXPECT_EQ(difference(dump("l"), dump_from_json(add["ledger_db"])), "");
    EXPECT_EQ(difference(dump("w"), dump_from_json(add["watcher_db"])), "");
    EXPECT_EQ(verdict("l", "w"), "0 ledger-verify: OK blocks=2 outputs=28 key_images=2\n");
}

TEST_F(LedgerToolsTest, flags_come_from_the_environment_too) {
    make_keys(5);
    const ChildResult result = run_child({"env", "MC_KEYS=keys", "MC_LEDGER_DB=l", "MC_WATCHER_DB=w",
                                          "MC_SEED=0", std::string(FOG_PROGRAM_DIR) + "/init_test_ledger"},
                                         {}, scratch.path());
    expect_good(result, "");
    EXPECT_EQ(difference(dump("l"), dump_from_json(init["ledger_db"])), "");
}

TEST_F(LedgerToolsTest, keys_are_taken_in_natural_order) {
    const json known = test_data("init_seed42.json");
    make_keys(10);
    expect_good(run("init_test_ledger", {"--keys", "keys", "--ledger-db", "l", "--watcher-db", "w"}));
    const LedgerDb ledger = LedgerDb::open(scratch / "l");
    EXPECT_EQ(engine::chain::to_hex(ledger.block(engine::BlockIndex{0})->id.view()), known["block_id"]);
}

TEST_F(LedgerToolsTest, init_refuses_bad_input_and_leaves_no_trace) {
    expect_refused(run("init_test_ledger", {"--keys", "keys"}), "--ledger-db");
    expect_refused(run_init("x"), "--seed");
    expect_refused(run_init("-1"), "--seed");
    expect_refused(run_init(), "--keys: cannot read keys");
    make_keys(3);
    expect_refused(run_init(), "3 keys are too few");
    write_file(scratch / "keys" / "account_keys_3.pub", "nonsense");
    expect_refused(run_init(), "account_keys_3.pub: not a public address");
    make_keys(5);
    write_file(scratch / "w", "a file in the way");
    expect_refused(run_init(), "w", 101);
    EXPECT_FALSE(fs::exists(scratch / "l")) << "neither database without the other";
    EXPECT_FALSE(fs::exists(scratch / "conf.json"));
    fs::remove(scratch / "w");
    expect_good(run_init());
    const Dump before = dump("l");
    expect_refused(run_init(), "--ledger-db: l: there is a database already");
    EXPECT_EQ(difference(dump("l"), before), "");
    for (const auto& entry : fs::directory_iterator(scratch.path()))
        EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
}

TEST_F(LedgerToolsTest, add_refuses_bad_input_and_changes_nothing) {
    make_keys(5);
    expect_good(run_init());
    const Dump ledger = dump("l");
    const std::string image(64, '1');
    const auto request = [](const std::string& credits, const std::string& images) {
        return R"({"credits":[)" + credits + R"(],"key_images":[)" + images + "]}";
    };
    const std::string credit = R"({"account":0,"amount":1})", quoted = "\"" + image + "\"";
    expect_refused(run_add("{"), "stdin: no JSON");
    expect_refused(run_add("[]"), "needs a list \"credits\"");
    expect_refused(run_add(R"({"credits":[]})"), "needs a list \"key_images\"");
    expect_refused(run_add(request("", quoted)), "NoOutputs");
    expect_refused(run_add(request(credit, "")), "NoKeyImages");
    expect_refused(run_add(request(R"({"account":5,"amount":1})", quoted)), "no account 5, there are 5");
    expect_refused(run_add(request(R"({"account":-1,"amount":1})", quoted)), "\"account\"");
    expect_refused(run_add(request(R"({"account":0,"amount":1.5})", quoted)), "\"amount\"");
    expect_refused(run_add(request(R"({"account":0})", quoted)), "needs \"amount\"");
    expect_refused(run_add(request(credit, "\"12\"")), "key image 0: needs exactly 64 hex digits");
    expect_refused(run_add(request(credit, "12")), "key image 0");
    const std::string good = request(credit, quoted);
    expect_refused(run_add("\xef\xbb\xbf" + good), "it begins with a byte order mark");
    expect_refused(run_add(good + std::string(1, '\0')),
                   "no JSON, at byte " + std::to_string(good.size() + 1));
    expect_refused(run_add(R"({"credits":[],)" + good.substr(1)), "\"credits\" comes twice");
    expect_refused(run_add(request(credit, quoted), "1", "nowhere"),
                   "--ledger-db: nowhere: no such directory");
    expect_refused(run("add_test_block", {"-k", "keys", "-l", "l", "-w", "w", "-f", std::string(64, 'f')}),
                   "--fog-pubkey: is no public key");
    expect_refused(run("add_test_block", {"-k", "keys", "-l", "l", "-w", "w", "-f", "12"}),
                   "--fog-pubkey: needs");
    fs::rename(scratch / "w", scratch / "moved");
    expect_refused(run_add(request(credit, quoted)), "--watcher-db: w: no such directory");
    fs::rename(scratch / "moved", scratch / "w");
    EXPECT_EQ(difference(dump("l"), ledger), "");

    expect_good(run_add(request(credit, quoted)));
    const Dump after = dump("l");
    expect_refused(run_add(request(credit, quoted), "2"), "KeyImageAlreadySpent");
    expect_refused(run_add(request(credit, "\"" + std::string(64, '2') + "\"")), "DuplicateOutputPublicKey");
    EXPECT_EQ(difference(dump("l"), after), "");
    EXPECT_EQ(verdict("l", "w"), "0 ledger-verify: OK blocks=2 outputs=26 key_images=1\n");
}

TEST_F(LedgerToolsTest, a_second_writer_is_told_so) {
    make_keys(5);
    expect_good(run_init());
    const LedgerDb writer = LedgerDb::open(scratch / "l", {.access = EnvironmentOptions::Access::write});
    expect_refused(run_add(add["stdin"].dump()), "another writer has this database open", 101);
}

TEST_F(LedgerToolsTest, sample_ledgers_are_deterministic_whole_and_of_the_asked_size) {
    make_keys(4);
    const std::vector<std::string> flags{"--keys-dir", "keys",           "-t", "2", "-b", "3", "-k",
                                         "7",          "--max-token-id", "1"};
    const auto generate = [&](const std::string& output, std::vector<std::string> more = {}) {
        more.insert(more.begin(), flags.begin(), flags.end());
        more.insert(more.end(), {"-o", output});
        return run("generate-sample-ledger", more);
    };
    expect_good(generate("a"));
    std::string default_seed;
    for (int i = 0; i < 32; ++i) default_seed += "21";
    expect_good(generate("b", {"--seed", default_seed}));
    EXPECT_EQ(difference(dump("a"), dump("b")), "") << "the default seed is 21 repeated";
    expect_good(generate("c", {"--seed", std::string(64, '3')}));
    EXPECT_NE(difference(dump("a"), dump("c")), "");
    EXPECT_EQ(verdict("a"), "0 ledger-verify: OK blocks=3 outputs=48 key_images=2\n");
    const LedgerDb ledger = LedgerDb::open(scratch / "a");
    EXPECT_EQ(ledger.block(engine::BlockIndex{0})->version, 0u);
    EXPECT_EQ(ledger.block(engine::BlockIndex{1})->version, 3u);
    EXPECT_EQ(json::parse(read_file(scratch / "conf.json"))["NUM_EXTRA_KEY_IMAGES_PER_BLOCK"], 7);

    expect_refused(generate("a"), "--output-dir: a: there is a database already");
    expect_refused(generate("d", {"--seed", "12"}), "--seed");
    expect_refused(run("generate-sample-ledger", {"--keys-dir", "keys", "-t", "1", "-o", "d"}),
                   "4 outputs are too few");
    EXPECT_FALSE(fs::exists(scratch / "d"));
}

TEST_F(LedgerToolsTest, dump_writes_upstreams_json) {
    make_keys(5);
    expect_good(run_init());
    expect_good(run_add(add["stdin"].dump()));
    const ChildResult result = run("dump-ledger", {"--ledger-db", "l"});
    expect_good(result);
    const json blocks = json::parse(result.out);
    ASSERT_EQ(blocks.size(), 2u);
    EXPECT_EQ(result.out, nlohmann::ordered_json::parse(result.out).dump(2) + "\n") << "pretty, two spaces";
    const auto hex = [](const json& bytes) {
        return engine::chain::to_hex(bytes.get<std::vector<std::uint8_t>>());
    };
    EXPECT_EQ(hex(blocks[0]["block"]["id"]), init["block_id"]);
    EXPECT_EQ(hex(blocks[1]["block"]["id"]), add["block_id"]);
    EXPECT_EQ(blocks[1]["block"]["root_element"]["range"], (json{{"from", 0}, {"to", 0}}));
    EXPECT_EQ(hex(blocks[1]["contents"]["key_images"][0]["point"]), add["stdin"]["key_images"][0]);
    EXPECT_EQ(blocks[0]["contents"]["outputs"].size(), 25u);
    EXPECT_TRUE(blocks[0]["contents"]["outputs"][0]["masked_amount"].contains("V1"));
    EXPECT_TRUE(blocks[0]["contents"]["outputs"][0]["e_memo"].is_null());
    EXPECT_TRUE(blocks[1]["contents"]["outputs"][0]["masked_amount"].contains("V2"));
    EXPECT_EQ(blocks[1]["contents"]["outputs"][0]["e_memo"].size(), 66u);
    EXPECT_EQ(blocks[1]["contents"]["outputs"][0]["e_fog_hint"]["bytes"].size(), 84u);
    EXPECT_EQ(blocks[1]["signature"]["signed_at"], 1);
    const json member = blocks[1]["metadata"]["contents"]["quorum_set"]["members"][0];
    EXPECT_EQ(member["type"], "Node");
    EXPECT_EQ(member["args"]["responder_id"], "node0.test.com:8443");

    const json second = json::parse(run("dump-ledger", {"--ledger-db", "l", "-f", "1", "-l", "1"}).out);
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(second[0], blocks[1]);
    expect_refused(run("dump-ledger", {"--ledger-db", "l", "-l", "2"}), "--last-index: no block 2");
    expect_refused(run("dump-ledger", {"--ledger-db", "l", "-f", "2"}), "--first-index: 2");
    expect_refused(run("dump-ledger", {"--ledger-db", "x"}), "--ledger-db: x: no such directory");
    LedgerDb::create(scratch / "empty");
    expect_refused(run("dump-ledger", {"--ledger-db", "empty"}), "the ledger is empty", 13);
}

TEST_F(LedgerToolsTest, a_copy_lags_until_it_is_told_to_follow) {
    make_keys(5);
    expect_good(run_init());
    for (int seed = 1; seed <= 3; ++seed) {
        const std::string image(64, static_cast<char>('0' + seed));
        expect_good(run_add(R"({"credits":[{"account":1,"amount":5}],"key_images":[")" + image + "\"]}",
                            std::to_string(seed)));
    }
    const auto copy = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"--ledger-db", "l", "--to-ledger-db", "l2", "--watcher-db", "w",
                                   "--to-watcher-db", "w2"});
        return run("ledger-copy", more);
    };
    expect_good(copy({"-l", "1"}), "{\"blocks\":2,\"copied\":2}\n");
    EXPECT_EQ(verdict("l2", "w2"), "0 ledger-verify: OK blocks=2 outputs=26 key_images=1\n");
    expect_good(copy({"-l", "1"}), "{\"blocks\":2,\"copied\":0}\n");
    {
        const WatcherDb watcher = WatcherDb::open(scratch / "w2");
        EXPECT_EQ(watcher.block_timestamp(engine::BlockIndex{1}).seconds, 1u);
        EXPECT_EQ(watcher.block_timestamp(engine::BlockIndex{2}).code, TimestampCode::watcher_behind);
    }
    // The ledger goes on, its watcher stays behind.
    expect_good(copy({"-l", "2", "--watcher-last-index", "1"}), "{\"blocks\":3,\"copied\":1}\n");
    EXPECT_EQ(WatcherDb::open(scratch / "w2").highest_common_block(), engine::BlockIndex{1});
    expect_refused(copy({"-l", "9"}), "has no block 9");
    expect_good(copy({}), "{\"blocks\":4,\"copied\":1}\n");
    EXPECT_EQ(difference(dump("l2"), dump("l")), "");
    EXPECT_EQ(difference(dump("w2"), dump("w")), "");

    expect_good(run("init_test_ledger",
                    {"--keys", "keys", "--ledger-db", "other", "--watcher-db", "ow", "--seed", "7"}));
    expect_refused(run("ledger-copy", {"--ledger-db", "l", "--to-ledger-db", "other"}),
                   "is not a beginning of l");
    expect_refused(run("ledger-copy", {"--ledger-db", "nowhere", "--to-ledger-db", "n"}), "nowhere");
    EXPECT_FALSE(fs::exists(scratch / "n"));
    expect_refused(run("ledger-copy", {"--ledger-db", "l", "--to-ledger-db", "n", "--watcher-db", "w"}),
                   "--to-watcher-db");
}

// It looks at two databases, which a writer changes one after the other.
TEST_F(LedgerToolsTest, verify_finds_no_fault_while_a_writer_is_at_work) {
    make_keys(5);
    expect_good(run_init());
    std::atomic<bool> stop{false};
    std::atomic<int> written{0};
    std::thread writer([&] {
        for (int i = 0; !stop && i < 200; ++i) {
            const std::string image = fmt::format("{:064x}", i + 1);
            const ChildResult added =
                run_add(R"({"credits":[{"account":0,"amount":5}],"key_images":[")" + image + "\"]}",
                        std::to_string(1000 + i));
            written += added.exit_code == 0 ? 1 : 0;
        }
    });
    for (int i = 0; i < 25 || (written < 5 && i < 1000); ++i) {
        const ChildResult verified = run("ledger-verify", {"--ledger-db", "l", "--watcher-db", "w"});
        EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
        if (verified.exit_code != 0) break;
    }
    stop = true;
    writer.join();
    EXPECT_GE(written, 5);
}

TEST_F(LedgerToolsTest, disk_without_room_for_the_lock_file_is_an_error_and_no_crash) {
    make_keys(5);
    expect_good(run_init());
    for (const char* database : {"l", "w"}) fs::remove(scratch / database / "lock.mdb");
    const std::string input =
        R"({"credits":[{"account":0,"amount":5}],"key_images":[")" + std::string(64, '1') + "\"]}";
    const std::string program = std::string(FOG_PROGRAM_DIR) + "/add_test_block";
    const std::string line = "ulimit -f 4; exec " + program +
                             " --keys keys --ledger-db l --watcher-db w --seed 1 --fog-pubkey " +
                             add.at("fog_public_key").get<std::string>();
    const ChildResult refused = run_child({"/bin/bash", "-c", line}, input, scratch.path());
    EXPECT_EQ(refused.exit_code, 101) << refused.err;
    EXPECT_NE(refused.err.find("cannot make its lock file: File too large"), std::string::npos)
        << refused.err;
    expect_good(run("ledger-verify", {"--ledger-db", "l", "--watcher-db", "w"}),
                "ledger-verify: OK blocks=1 outputs=25 key_images=0\n");
}

// Read-only media, or a folder of somebody else.
TEST_F(LedgerToolsTest, ledger_that_cannot_be_written_is_verified_and_dumped) {
    make_keys(5);
    expect_good(run_init());
    // The build may lie where others must not enter; these copies lie beside the ledger.
    fs::create_directory(scratch / "programs");
    for (const char* program : {"ledger-verify", "dump-ledger"})
        fs::copy_file(fs::path(FOG_PROGRAM_DIR) / program, scratch / "programs" / program);
    for (const fs::path& open :
         {scratch / "programs", scratch / "programs" / "ledger-verify", scratch / "programs" / "dump-ledger"})
        fs::permissions(open, fs::perms(0755));
    for (const bool has_locks : {true, false}) {
        for (const char* database : {"l", "w"}) {
            if (!has_locks) fs::remove(scratch / database / "lock.mdb");
            for (const auto& entry : fs::directory_iterator(scratch / database))
                fs::permissions(entry.path(), fs::perms(0444));
            fs::permissions(scratch / database, fs::perms(0555));
        }
        fs::permissions(scratch.path(), fs::perms(0755));
        const std::string nobody =
            ::geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : "";
        const auto as_nobody = [&](const std::string& words) {
            return run_child({"/bin/bash", "-c", nobody + "programs/" + words}, {}, scratch.path());
        };
        const ChildResult verified = as_nobody("ledger-verify --ledger-db l --watcher-db w");
        expect_good(verified, "ledger-verify: OK blocks=1 outputs=25 key_images=0\n");
        expect_good(as_nobody("dump-ledger --ledger-db l"));
        for (const char* database : {"l", "w"}) fs::permissions(scratch / database, fs::perms(0755));
    }
}

TEST_F(LedgerToolsTest, verify_names_the_first_fault) {
    make_keys(5);
    expect_good(run_init());
    expect_good(run_add(add["stdin"].dump()));
    EXPECT_EQ(run("ledger-verify", {"--ledger-db", "nowhere"}).exit_code, 2);
    EXPECT_EQ(run("ledger-verify", {}).exit_code, 2);
    {
        LedgerDb ledger = LedgerDb::open(scratch / "l", {.access = EnvironmentOptions::Access::write});
        const auto key = engine::chain::big_endian(std::uint64_t{26});
        ledger.environment().write([&](WriteTransaction& transaction) {
            transaction.put(ledger.tables().block_number_by_tx_out_index, key, key);
        });
    }
    EXPECT_EQ(verdict("l"),
              "1 ledger-verify: FAULT at block 1, output 1 (global index 26): the index of blocks by "
              "output does not lead here\n");
    const std::string content = read_file(scratch / "l" / "data.mdb");
    fs::create_directories(scratch / "torn");
    write_file(scratch / "torn" / "data.mdb", content.substr(0, content.size() / 2));
    EXPECT_TRUE(verdict("torn").starts_with(
        "1 ledger-verify: FAULT at the file: torn/data.mdb: damaged or torn copy"))
        << verdict("torn");
    EXPECT_EQ(read_file(scratch / "torn" / "data.mdb"), content.substr(0, content.size() / 2));
}

// Hashes of the files that MobileCoin's own ledger-distribution (7.0.0) has written from this ledger.
TEST_F(LedgerToolsTest, distribution_writes_upstreams_bytes) {
    make_keys(2);
    expect_good(run("generate-sample-ledger", {"-t", "3", "-b", "5", "--max-token-id", "1"}));
    const ChildResult result =
        run("ledger-distribution", {"--ledger-path", "ledger", "--dest", "file://" + (scratch / "a").string(),
                                    "--merge-buckets", "2,4", "--once"});
    expect_good(result, "{\"blocks\":5,\"written\":5}\n");
    const ChildResult hashes = run_child(
        {"sh", "-c",
         "find . -type f | LC_ALL=C sort | xargs sha256sum | sed 's,0000000000000,,; s,/[0/]*/,/,'"},
        {}, scratch / "a");
    EXPECT_EQ(hashes.out,
              "436d875e07fb39e01ed86aef662d910ba5b2070b135042cdf40469420d5d1aab  ./000.pb\n"
              "c1391f4260a9e62b6d22e2e161a1c86028762041f298b866bc7ec07f47df2f68  ./001.pb\n"
              "3bc7b8162533f0fb13ed18a01fc8e93939d27c61e36498a4a0a2c1b69a6fca6a  ./002.pb\n"
              "0f95499ad22b5cc390597acc432a6f36454811f86544892ae323fd9721285832  ./003.pb\n"
              "fcb3fb54c1ae802c1b6526433e3fcefc30466116a4b479a96824b6f49916014e  ./004.pb\n"
              "2205c33e798b2d72e4f5d6da5913f58974aac791874c550940f0aecce393a3b9  ./merged-2/000.pb\n"
              "0110271b172b9538e1ebbfd4a580abdf9c1250cf14fab09b5caed24773c82a00  ./merged-2/002.pb\n"
              "8aff56d568e7089565270dc7f38ec64c5975a727ce033c57a8776f6f06a1cf94  ./merged-4/000.pb\n");
}

TEST_F(LedgerToolsTest, distribution_follows_the_ledger_until_it_is_told_to_end) {
    make_keys(5);
    expect_good(run_init());
    const std::string program = std::string(FOG_PROGRAM_DIR) + "/ledger-distribution";
    // The shell waits until a file is there, adds a block, waits for that, and ends the program.
    const std::string wait =
        "for i in $(seq 600); do [ -e a/00/00/00/00/00/00/00/000000000000000$1.pb ] && break; "
        "sleep 0.1; done";
    write_file(scratch / "wait", wait);
    const std::string script = program + " --ledger-path l --dest file://" + (scratch / "a").string() +
                               " --merge-buckets 0 > out & sh ./wait 0; " + FOG_PROGRAM_DIR +
                               "/add_test_block -k keys -l l -w w -s 1 -f " +
                               add["fog_public_key"].get<std::string>() +
                               " > /dev/null; sh ./wait 1; kill -TERM $!; wait $!";
    const ChildResult result = run_child({"sh", "-c", script}, add["stdin"].dump(), scratch.path());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(read_file(scratch / "out"), "{\"blocks\":2,\"written\":2}\n");
}

TEST_F(LedgerToolsTest, distribution_refuses_what_it_cannot_do) {
    make_keys(5);
    expect_good(run_init());
    const std::string there = "file://" + (scratch / "a").string();
    const auto refused = [&](std::vector<std::string> arguments, const std::string& text) {
        expect_refused(run("ledger-distribution", std::move(arguments)), text);
    };
    refused({"--dest", there}, "--ledger-path");
    refused({"--ledger-path", "l"}, "--dest");
    refused({"--ledger-path", "absent", "--dest", there}, "--ledger-path: absent");
    refused({"--ledger-path", "l", "--dest", "s3://bucket/path?region=eu-west-1"}, "--dest: s3://bucket");
    refused({"--ledger-path", "l", "--dest", "a"}, "--dest: a: needs file://");
    refused({"--ledger-path", "l", "--dest", there, "--merge-buckets", "1"}, "--merge-buckets");
    refused({"--ledger-path", "l", "--dest", there, "--merge-buckets", "x"}, "--merge-buckets");
    EXPECT_FALSE(fs::exists(scratch / "a"));
    // An archive of another chain.
    expect_good(run("ledger-distribution", {"--ledger-path", "l", "--dest", there, "--once"}));
    expect_good(run("init_test_ledger",
                    {"--keys", "keys", "--ledger-db", "l2", "--watcher-db", "w2", "--seed", "7"}));
    const ChildResult other = run("ledger-distribution", {"--ledger-path", "l2", "--dest", there, "--once"});
    expect_refused(other, "block 0 there is of another chain");
}

} // namespace
} // namespace tools
