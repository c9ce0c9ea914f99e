#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

// clang-format off
constexpr std::array rows{
    Row{.name = "pkcs11-providers", .args = {1, many, "so..."}, .state = State::refused,
        .note = "keys on PKCS#11 tokens are not available yet", .help = "PKCS#11 modules."},
    Row{.name = "pkcs11-id", .args = {1, 1, "id"}, .state = State::refused,
        .note = "keys on PKCS#11 tokens are not available yet", .help = "Token object id."},
    Row{.name = "pkcs11-id-management", .state = State::refused,
        .note = "keys on PKCS#11 tokens are not available yet", .help = "Ask id over management."},
    Row{.name = "pkcs11-pin-cache", .args = {1, 1, "sec"}, .state = State::refused,
        .note = "keys on PKCS#11 tokens are not available yet", .help = "PIN cache time."},
    Row{.name = "pkcs11-protected-authentication", .args = {0, many, "0|1..."},
        .state = State::refused, .note = "keys on PKCS#11 tokens are not available yet",
        .help = "PIN pad login."},
    Row{.name = "pkcs11-private-mode", .args = {1, many, "hex..."}, .state = State::refused,
        .note = "keys on PKCS#11 tokens are not available yet", .help = "Key access mode mask."},
    Row{.name = "pkcs11-cert-private", .args = {0, many, "0|1..."}, .state = State::refused,
        .note = "keys on PKCS#11 tokens are not available yet", .help = "Certificate needs login."},
    Row{.name = "show-pkcs11-ids", .args = {0, 2, "[module] [login]"}, .state = State::refused,
        .note = "keys on PKCS#11 tokens are not available yet", .help = "List token ids."},
};
// clang-format on

}  // namespace

Page tokens_page() { return {"Keys on tokens", rows}; }

}  // namespace adit::options
