#include "tools/fog_node/tool.hpp"

#include <csignal>
#include <iostream>

namespace fog_node {
namespace {

engine::Task<> keep(engine::Task<int> work, int* code) { *code = co_await std::move(work); }

} // namespace

int run_tool(Parameters& parameters, int argc, char** argv,
             const std::function<engine::Task<int>(ToolWorld world)>& work) {
    int code = 0;
    const auto body = [&] {
        real::service::LogSettings settings = real::service::LogSettings::from_environment();
        settings.to_stderr = true;
        real::service::Log log(parameters.name(), settings);
        std::signal(SIGPIPE, SIG_IGN);
        try {
            real::IoLoop loop;
            real::grpc::ClientRuntime runtime(loop);
            loop.run(keep(work(ToolWorld{loop, runtime, log}), &code));
            std::cout.flush();
            if (!std::cout) throw ToolFailure("stdout cannot be written");
        } catch (const tools::BadInput&) {
            throw;
        } catch (const std::exception& error) {
            std::cerr << parameters.name() << ": " << log.redacted(error.what()) << '\n';
            code = exit_failure;
        }
    };
    const int parsed = tools::run(parameters.app(), argc, argv, body);
    return parsed != 0 ? parsed : code;
}

std::string describe(const real::grpc::Status& status) {
    return fmt::format("{}{}{}", real::grpc::name(status.code), status.text.empty() ? "" : ": ", status.text);
}

} // namespace fog_node
