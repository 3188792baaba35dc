#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>

#include "tools/fog_node/build_info.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/program.hpp"

// fog_node: the services and tools of fog in one executable, which is whichever program its name says.
// `fog_node NAME ...` works under any name.

namespace fog_node {

const std::vector<Program>& programs() {
    static const std::vector<Program> all = {
        {"fog_ingest_server", ingest_server, "scans blocks into the recovery database"},
        {"fog_ingest_client", ingest_client, "steers an ingest node"},
        {"fog_view_server", view_server, "one view store"},
        {"fog_view_router", view_router, "fog-view for wallets, over view stores"},
        {"key_image_store", key_image_store, "one key image store"},
        {"ledger_router", ledger_router, "fog-ledger for wallets, over key image stores"},
        {"report_server", report_server, "hands out signed fog reports"},
        {"fog-report-cli", report_cli, "fetches the ingress key from a report server"},
        {"mc-admin-http-gateway", admin_http_gateway, "a service's admin port over HTTP"},
        {"sample_paykit_remote_wallet", remote_wallet, "wallets that a test steers"},
        {"balance_check", balance_check, "checks the balance of an account file"},
        {"consensus-service", consensus_service, "agrees with its peers on blocks"},
    };
    return all;
}

namespace {

const Program* find(std::string_view name) {
    const auto& all = programs();
    const auto found =
        std::find_if(all.begin(), all.end(), [name](const Program& p) { return p.name == name; });
    return found == all.end() ? nullptr : &*found;
}

void usage(std::ostream& out) {
    out << "usage: fog_node NAME [arguments]\n\n";
    for (const Program& program : programs()) {
        out << "  " << program.name << std::string(30 - program.name.size(), ' ') << program.summary << '\n';
    }
    out << "\nThe executable is installed under each of these names, too.  NAME --help lists a program's "
           "flags.\n";
}

int run(int argc, char** argv) {
    const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "fog_node";
    if (const Program* program = find(name)) return program->main(argc, argv);
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (first == "--help" || first == "-h") {
        usage(std::cout);
        return 0;
    }
    if (first == "--version") {
        std::cout << "fog_node " << build_info().version << " (" << build_info().git_commit << ")\n";
        return 0;
    }
    if (const Program* program = find(first)) return program->main(argc - 1, argv + 1);
    if (first.empty())
        std::cerr << "fog_node: which program? fog_node --help lists them\n";
    else
        std::cerr << "fog_node: no program '" << first << "'; fog_node --help lists them\n";
    return 2;
}

} // namespace
} // namespace fog_node

int main(int argc, char** argv) {
    tools::begin_program();
    return fog_node::run(argc, argv);
}
