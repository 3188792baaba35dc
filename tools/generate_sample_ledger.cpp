#include "real/lmdb/test_ledger.hpp"
#include "tools/ledger_tool.hpp"
#include "tools/program.hpp"

// generate-sample-ledger: a longer ledger for load and for mobilecoind tests; no watcher database.
// source: util/generate-sample-ledger

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Makes a ledger whose blocks give every account the same number of outputs",
                 "generate-sample-ledger");
    app.footer("Also writes conf.json in the current directory.\n"
               "Exit codes: 0 done, 2 bad arguments or input, 13 failure.  Unless 0, no ledger was made.");
    std::string output_dir = "ledger", keys_dir = "keys", seed;
    real::lmdb::SampleLedger sample;
    std::uint64_t key_images = 1;
    sample.seed.fill(0x21);
    app.add_option("-o,--output-dir", output_dir, "Where the ledger goes")
        ->envname("MC_OUTPUT_DIR")
        ->capture_default_str();
    app.add_option("--keys-dir", keys_dir, "Folder of account files (*.pub)")
        ->envname("MC_KEYS_DIR")
        ->capture_default_str();
    app.add_option("-t,--txs", sample.txs, "Outputs for each account in each block")
        ->transform(tools::whole_number())
        ->envname("MC_TXS")
        ->capture_default_str();
    app.add_option("-b,--blocks", sample.blocks, "Number of blocks, the origin block included")
        ->transform(tools::whole_number())
        ->envname("MC_BLOCKS")
        ->capture_default_str();
    app.add_option("-k,--key-images", key_images, "Only written to conf.json, as upstream does")
        ->transform(tools::whole_number())
        ->envname("MC_KEY_IMAGES")
        ->capture_default_str();
    app.add_option("-s,--seed", seed, "Seed of the generator, 64 hex digits (default: 21 repeated)")
        ->envname("MC_SEED");
    app.add_option("--max-token-id", sample.max_token_id, "Outputs are made for token 0 up to this one")
        ->transform(tools::whole_number())
        ->envname("MC_MAX_TOKEN_ID")
        ->capture_default_str();
    return tools::run_ledger_tool(
        app, argc, argv, tools::exit_panic_hook, {{"--output-dir", &output_dir}}, [&] {
            if (!seed.empty()) sample.seed = tools::parse_seed("--seed", seed);
            const auto addresses = tools::read_addresses("--keys-dir", keys_dir);
            real::lmdb::sample_value(sample, addresses.size());
            tools::ConfFile conf(addresses.size(), sample.txs, sample.blocks, key_images);
            real::lmdb::generate_sample_ledger(output_dir, addresses, sample);
            conf.commit();
        });
}
