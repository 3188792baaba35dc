#pragma once

#include <memory>
#include <string>

#include "real/postgres/keeper.hpp"
#include "real/postgres/url.hpp"

namespace real::postgres {

/// A new, empty database with an unused name on a server that is there, dropped together with whoever still
/// uses it.  Calls block.
///
/// Rules
/// 1. Nothing else on the server is touched.
/// 2. The database goes away also when this process is killed, where the machine has `psql`.
class TemporaryDatabase {
public:
    /// @param server  any database of the server whose user may create others
    /// @throws engine::BrokenSurroundings
    explicit TemporaryDatabase(ConnectUrl server);
    TemporaryDatabase(const TemporaryDatabase&) = delete;
    TemporaryDatabase& operator=(const TemporaryDatabase&) = delete;
    ~TemporaryDatabase();

    const ConnectUrl& url() const { return url_; }

private:
    ConnectUrl server_;
    ConnectUrl url_;
    std::unique_ptr<Keeper> keeper_;
};

} // namespace real::postgres
