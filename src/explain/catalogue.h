#pragma once

#include <span>

#include "explain/entry.h"

namespace adit::explain {

// Pages of well-known lines, by subject. A line is explained by the first entry that it matches, so
// that the special stands before the general.
[[nodiscard]] const std::vector<Entry>& start_page();         // options, files, sockets, devices
[[nodiscard]] const std::vector<Entry>& control_page();       // the control channel and its keys
[[nodiscard]] const std::vector<Entry>& certificates_page();  // TLS and certificates
[[nodiscard]] const std::vector<Entry>& login_page();         // names, passwords, addresses
[[nodiscard]] const std::vector<Entry>& data_page();          // the data channel
[[nodiscard]] const std::vector<Entry>& network_page();       // the way between the two, routes
[[nodiscard]] const std::vector<Entry>& life_page();          // beginnings and ends

[[nodiscard]] std::span<const std::vector<Entry>* const> pages();

}  // namespace adit::explain
