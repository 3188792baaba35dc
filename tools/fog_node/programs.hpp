#pragma once

#include <string_view>
#include <vector>

namespace fog_node {

/// One of the programs this executable is installed as.
struct Program {
    std::string_view name;
    int (*main)(int argc, char** argv);
    std::string_view summary;
};
const std::vector<Program>& programs();

int ingest_server(int argc, char** argv);
int ingest_client(int argc, char** argv);
int view_server(int argc, char** argv);
int view_router(int argc, char** argv);
int key_image_store(int argc, char** argv);
int ledger_router(int argc, char** argv);
int report_server(int argc, char** argv);
int report_cli(int argc, char** argv);
int admin_http_gateway(int argc, char** argv);
int remote_wallet(int argc, char** argv);
int balance_check(int argc, char** argv);
int consensus_service(int argc, char** argv);

} // namespace fog_node
