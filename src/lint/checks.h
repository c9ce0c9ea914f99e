#pragma once

// The parts of lint, by subject.

#include "lint/lint.h"
#include "options/findings.h"

namespace adit::lint {

// Every connection that it may make; of a server the only one.
[[nodiscard]] std::vector<const options::Connection*> links_of(const options::Config& config);

// What the text says.
// The largest tun-mtu that a link-mtu leaves room for, whatever is negotiated; 0: none.
[[nodiscard]] unsigned tun_mtu_within(unsigned link_mtu);
void check_sizes(const options::Config& config, const options::Findings& found);
void check_routes(const options::Config& config, options::Issues& issues);
void check_practice(const options::Config& config, const options::Findings& found);
// What its files say.
void check_clients(const options::Config& config, const Surroundings& around,
                   options::Issues& issues);
void check_secrecy(const options::Config& config, const Surroundings& around,
                   options::Issues& issues);
void check_certificates(const options::Config& config, const Surroundings& around,
                        const options::Findings& found);
// Loads what a start loads, and says why it would end there.
void try_start(const options::Config& config, const Surroundings& around, options::Issues& issues);

}  // namespace adit::lint
