#include "tools/database_tool.hpp"

#include <cstdlib>
#include <iostream>

#include "engine/ensure.hpp"
#include "real/secret/redactor.hpp"
#include "tools/command_line.hpp"

namespace tools {
namespace {

constexpr int exit_panic = 101;

} // namespace

int run_database_tool(CLI::App& app, int argc, char** argv,
                      const std::function<void(const real::postgres::ConnectUrl&)>& body) {
    int panic = 0;
    const auto guarded = [&] {
        try {
            const char* text = std::getenv("DATABASE_URL");
            if (text == nullptr || *text == '\0')
                throw engine::UsageError("DATABASE_URL: not set; it names the Postgres database to work on");
            body(real::postgres::ConnectUrl::parse(text));
        } catch (const std::exception& error) {
            std::cerr << app.get_name() << ": " << real::secret::redacted(error.what()) << '\n';
            panic = exit_panic;
        }
    };
    const int status = run(app, argc, argv, guarded);
    return status != 0 ? status : panic;
}

} // namespace tools
