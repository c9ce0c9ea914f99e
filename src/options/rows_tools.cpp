#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

template <Tool::Kind kind>
void tool(Use& use) {
  use.config().tool.kind = kind;
}

void genkey(Use& use) {
  Tool& chosen = use.config().tool;
  chosen.kind = Tool::Kind::genkey;
  if (!use.has(0)) return;
  if (!use.one_of(0, {"secret", "tls-auth", "tls-crypt", "tls-crypt-v2-server",
                      "tls-crypt-v2-client", "auth-token"}))
    return;
  chosen.genkey_type = use.word(0);
  chosen.genkey_file = use.word(1);
  chosen.genkey_metadata = use.word(2);
}

void show_gateway(Use& use) {
  Tool& chosen = use.config().tool;
  chosen.kind = Tool::Kind::show_gateway;
  chosen.show_gateway_address = use.word(0);
}

// clang-format off
constexpr std::array tools_rows{
    Row{.name = "help", .change = Change::nothing, .help = "Print usage; exit 1.",
        .apply = tool<Tool::Kind::help>},
    Row{.name = "version", .change = Change::nothing, .help = "Print version; exit 0.",
        .apply = tool<Tool::Kind::version>},
    Row{.name = "genkey", .args = {0, 3, "[type] [file] [metadata]"}, .change = Change::nothing,
        .help = "Generate key file and exit.", .apply = genkey},
    Row{.name = "show-ciphers", .change = Change::nothing, .help = "List data ciphers; exit 0.",
        .apply = tool<Tool::Kind::show_ciphers>},
    Row{.name = "show-digests", .change = Change::nothing, .help = "List digests.",
        .apply = tool<Tool::Kind::show_digests>},
    Row{.name = "show-tls", .change = Change::nothing, .help = "List TLS cipher suites; exit 0.",
        .apply = tool<Tool::Kind::show_tls>},
    Row{.name = "show-curves", .change = Change::nothing, .help = "List EC groups.",
        .apply = tool<Tool::Kind::show_curves>},
    Row{.name = "show-groups", .change = Change::nothing, .help = "Alias of show-curves.",
        .apply = tool<Tool::Kind::show_curves>},
    Row{.name = "show-engines", .change = Change::nothing, .help = "List engines.",
        .apply = tool<Tool::Kind::show_engines>},
    Row{.name = "show-gateway", .args = {0, 1, "[addr]"}, .change = Change::nothing,
        .help = "Print default gateway; exit 0.", .apply = show_gateway},
    Row{.name = "mktun", .change = Change::nothing, .help = "Create persistent device and exit.",
        .apply = tool<Tool::Kind::mktun>},
    Row{.name = "rmtun", .change = Change::nothing, .help = "Remove persistent device and exit.",
        .apply = tool<Tool::Kind::rmtun>},
    Row{.name = "test-crypto", .change = Change::nothing, .help = "Self-test data channel; exit.",
        .apply = tool<Tool::Kind::test_crypto>},
};
// clang-format on

}  // namespace

Page tools_page() { return {"Tools, which do their work and exit", tools_rows}; }

}  // namespace adit::options
