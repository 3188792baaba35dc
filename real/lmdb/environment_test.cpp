#include "real/lmdb/environment.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "real/lmdb/test_support.hpp"

namespace real::lmdb {
namespace {

using Access = EnvironmentOptions::Access;

struct EnvironmentTest : testing::Test {
    ScratchDir scratch;

    static EnvironmentOptions creating() { return {.access = Access::create}; }
    static ByteView bytes(const std::string& text) { return as_bytes(text); }

    std::shared_ptr<Environment> with_table(const EnvironmentOptions& options, const char* name = "t") const {
        auto environment = Environment::open(scratch.path(), options);
        environment->create_databases({{name}});
        return environment;
    }
    static void put(Environment& environment, const std::string& key, const std::string& value) {
        const Database table = environment.database("t").value();
        environment.write(
            [&](WriteTransaction& transaction) { transaction.put(table, bytes(key), bytes(value)); });
    }
    static std::optional<std::string> get(Environment& environment, const std::string& key) {
        const Database table = environment.database("t").value();
        const ReadTransaction transaction(environment);
        const auto value = transaction.get(table, bytes(key));
        return value ? std::optional(std::string(as_text(*value))) : std::nullopt;
    }
};

template <class Body>
std::pair<ErrorCode, std::string> error_of(Body body) {
    try {
        body();
    } catch (const Error& error) {
        return {error.code, error.what()};
    }
    ADD_FAILURE() << "nothing was thrown";
    return {ErrorCode::other, ""};
}

TEST_F(EnvironmentTest, what_is_missing_is_named_and_not_made) {
    const auto [code, text] = error_of([&] { Environment::open(scratch / "nowhere", {}); });
    EXPECT_EQ(code, ErrorCode::missing);
    EXPECT_NE(text.find("nowhere"), std::string::npos) << text;
    EXPECT_FALSE(std::filesystem::exists(scratch / "nowhere"));
    EXPECT_EQ(error_of([&] { Environment::open(scratch.path(), {}); }).first, ErrorCode::missing);
    EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST_F(EnvironmentTest, files_that_are_no_database_stay_as_they_are) {
    for (const std::string& content : {std::string(), std::string("hello"), std::string(100000, 'x')}) {
        write_file(scratch / "data.mdb", content);
        for (const Access access : {Access::read, Access::write, Access::create}) {
            EXPECT_EQ(error_of([&] { Environment::open(scratch.path(), {.access = access}); }).first,
                      ErrorCode::not_a_database);
            EXPECT_EQ(read_file(scratch / "data.mdb"), content);
        }
    }
}

TEST_F(EnvironmentTest, a_second_writer_is_kept_out_and_let_in_later) {
    auto first = with_table(creating());
    const auto [code, text] = error_of([&] { Environment::open(scratch.path(), {.access = Access::write}); });
    EXPECT_EQ(code, ErrorCode::writer_present);
    EXPECT_NE(text.find("another writer"), std::string::npos) << text;
    const auto reader = Environment::open(scratch.path(), {});
    EXPECT_EQ(reader, first) << "one mapping for each directory and process";
    put(*first, "a", "1"); // the failed attempt has not taken the role away
    first->release_writer();
    EXPECT_EQ(error_of([&] { put(*reader, "a", "2"); }).first, ErrorCode::refused);
    Environment::open(scratch.path(), {.access = Access::write});
    put(*reader, "a", "2");
    EXPECT_EQ(get(*reader, "a"), "2");
}

TEST_F(EnvironmentTest, an_abandoned_transaction_leaves_nothing) {
    const auto environment = with_table(creating());
    put(*environment, "a", "1");
    struct Stop {};
    EXPECT_THROW(environment->write([&](WriteTransaction& transaction) {
        transaction.put(*environment->database("t"), bytes("a"), bytes("2"));
        transaction.put(*environment->database("t"), bytes("b"), bytes("2"));
        throw Stop{};
    }),
                 Stop);
    EXPECT_EQ(get(*environment, "a"), "1");
    EXPECT_EQ(get(*environment, "b"), std::nullopt);
}

TEST_F(EnvironmentTest, a_reader_keeps_its_state_and_the_next_one_sees_the_newest) {
    const auto environment = with_table(creating());
    put(*environment, "a", "1");
    const Database table = environment->database("t").value();
    {
        const ReadTransaction before(*environment);
        put(*environment, "a", "2");
        EXPECT_EQ(as_text(*before.get(table, bytes("a"))), "1");
        const ReadTransaction after(*environment);
        EXPECT_EQ(as_text(*after.get(table, bytes("a"))), "2");
    }
}

TEST_F(EnvironmentTest, values_of_one_key_are_listed_in_order_and_removed_one_by_one) {
    const auto environment = Environment::open(scratch.path(), creating());
    environment->create_databases({{"d", MDB_DUPSORT}});
    const Database table = environment->database("d").value();
    environment->write([&](WriteTransaction& transaction) {
        EXPECT_TRUE(transaction.put(table, bytes("k"), bytes("2")));
        EXPECT_TRUE(transaction.put(table, bytes("k"), bytes("1")));
        EXPECT_FALSE(transaction.put(table, bytes("k"), bytes("1"), MDB_NODUPDATA));
        EXPECT_TRUE(transaction.put(table, bytes("l"), bytes("3")));
        EXPECT_FALSE(transaction.put(table, bytes("l"), bytes("4"), MDB_NOOVERWRITE));
        EXPECT_FALSE(transaction.remove_pair(table, bytes("k"), bytes("9")));
    });
    std::string seen;
    {
        const ReadTransaction transaction(*environment);
        Cursor cursor(transaction, table);
        for (auto pair = cursor.first(); pair; pair = cursor.next())
            seen += std::string(as_text(pair->first)) + std::string(as_text(pair->second)) + " ";
        EXPECT_EQ(as_text(cursor.seek(bytes("ka"))->first), "l");
        EXPECT_FALSE(cursor.seek(bytes("m")));
        EXPECT_EQ(as_text(cursor.last()->second), "3");
        EXPECT_EQ(transaction.entries(table), 3u);
    }
    EXPECT_EQ(seen, "k1 k2 l3 ");
    environment->write([&](WriteTransaction& transaction) {
        EXPECT_TRUE(transaction.remove_pair(table, bytes("k"), bytes("1")));
        EXPECT_TRUE(transaction.remove(table, bytes("l")));
        EXPECT_FALSE(transaction.remove(table, bytes("l")));
    });
}

TEST_F(EnvironmentTest, a_full_map_grows_until_its_limit_and_then_keeps_what_it_had) {
    const EnvironmentOptions small{.access = Access::create, .map_bytes = 1 << 20, .map_bytes_max = 8 << 20};
    const auto environment = with_table(small);
    const std::string value(100000, 'v');
    int written = 0;
    const auto [code, text] = error_of([&] {
        for (; written < 1000; ++written) put(*environment, "key" + std::to_string(written), value);
    });
    EXPECT_EQ(code, ErrorCode::map_full);
    EXPECT_NE(text.find("8388608 bytes"), std::string::npos) << text;
    EXPECT_GT(written, 40) << "100 kB each, nearly 8 MiB";
    EXPECT_EQ(environment->map_bytes(), std::size_t{8 << 20});
    EXPECT_EQ(get(*environment, "key" + std::to_string(written - 1)), value);
    EXPECT_EQ(get(*environment, "key" + std::to_string(written)), std::nullopt);
    environment->write([&](WriteTransaction& transaction) {
        EXPECT_TRUE(transaction.remove(*environment->database("t"), bytes("key0")));
    });
    put(*environment, "small", "fits again");
}

TEST_F(EnvironmentTest, the_map_does_not_move_under_a_reader) {
    const EnvironmentOptions small{.access = Access::create, .map_bytes = 1 << 20, .map_bytes_max = 8 << 20};
    const auto environment = with_table(small);
    const ReadTransaction reader(*environment);
    EXPECT_EQ(error_of([&] {
                  for (int i = 0; i < 100; ++i)
                      put(*environment, std::to_string(i), std::string(100000, 'v'));
              }).first,
              ErrorCode::map_full);
}

// Not under the sanitizers, whose shadow is larger than the limit.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(EnvironmentTest, little_address_space_only_means_a_smaller_start) {
    // In a child, because the limit would be hard to take back.
    with_table(creating());
    const pid_t child = ::fork();
    if (child == 0) {
        rlimit limit{};
        ::getrlimit(RLIMIT_AS, &limit);
        limit.rlim_cur = rlim_t{1} << 36; // 64 GiB, far below 1 TiB
        ::setrlimit(RLIMIT_AS, &limit);
        try {
            const auto environment = Environment::open(scratch.path(), {.access = Access::write});
            put(*environment, "a", "1");
            ::_exit(environment->map_bytes() < upstream_map_bytes && get(*environment, "a") == "1" ? 0 : 1);
        } catch (...) {
            ::_exit(2);
        }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}
#endif

TEST_F(EnvironmentTest, a_full_disk_is_an_error_and_the_data_stays) {
    auto environment = with_table(creating());
    put(*environment, "a", "1");
    environment.reset();
    const auto size = std::filesystem::file_size(scratch / "data.mdb");
    const pid_t child = ::fork(); // the limit is the process's own
    if (child == 0) {
        const rlimit limit{size + 40000, size + 40000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        ::signal(SIGXFSZ, SIG_IGN);
        ::execl(FOG_LEDGER_APPENDER, "ledger_appender", "--fill", scratch.path().c_str(), nullptr);
        ::_exit(9);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0) << "the child met no_space and could still read";
    environment = Environment::open(scratch.path(), {.access = Access::write}); // pages checked
    EXPECT_EQ(get(*environment, "a"), "1");
    put(*environment, "b", "2");
}

TEST_F(EnvironmentTest, readers_and_the_writer_may_be_threads) {
    const auto environment = with_table(creating());
    put(*environment, "n", "000");
    std::atomic<bool> done{false};
    std::vector<std::thread> readers;
    std::atomic<int> backwards{0};
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&] {
            std::string last = "000";
            while (!done) {
                const std::string now = get(*environment, "n").value();
                if (now < last) ++backwards;
                last = now;
            }
        });
    for (int i = 0; i < 300; ++i) put(*environment, "n", std::to_string(1000 + i).substr(1));
    done = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(backwards, 0);
    EXPECT_EQ(get(*environment, "n"), "299");
}

} // namespace
} // namespace real::lmdb
