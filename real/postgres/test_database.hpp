#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/task.hpp"
#include "real/loop/io_loop.hpp"
#include "real/postgres/cluster.hpp"
#include "real/postgres/connection.hpp"

// For tests: one server a test program, and databases on it.

namespace real::postgres {

/// The program's server, started by the first call and stopped at the end.  Listens on TCP too.
Cluster& test_cluster();

/// A database of the program's server with the schema in it, dropped at the end.
class TestDatabase {
public:
    /// @param migrated  false: empty
    explicit TestDatabase(bool migrated = true);
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;
    ~TestDatabase();
    const ConnectUrl& url() const { return url_; }
    /// Runs SQL through a connection of its own, blocking.  @return the first column of the first row as text
    std::string sql(const std::string& text) const;

private:
    ConnectUrl url_;
};

/// The same on any database.
std::string run_sql(const ConnectUrl& url, const std::string& text);

/// Runs a task on a loop and gives its value.
template <class T>
Task<> keep_value(Task<T> task, std::optional<T>* out) {
    out->emplace(co_await std::move(task));
}
template <class T>
T run_task(IoLoop& loop, Task<T> task) {
    std::optional<T> value;
    loop.run(keep_value(std::move(task), &value));
    return std::move(*value);
}

} // namespace real::postgres
