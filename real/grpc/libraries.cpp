#include "real/grpc/libraries.hpp"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <cstdlib>

namespace real::grpc {

void silence_libraries() {
    static const bool done = [] {
        if (std::getenv("GRPC_VERBOSITY") == nullptr) {
            gpr_set_log_function([](gpr_log_func_args*) {});
            google::protobuf::SetLogHandler(nullptr);
        }
        return true;
    }();
    (void)done;
}

} // namespace real::grpc
