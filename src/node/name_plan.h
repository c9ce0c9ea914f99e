#pragma once

#include <optional>

#include "node/environment.h"
#include "options/config.h"
#include "ports/names_port.h"

namespace adit::node {

// What a tunnel brings for the resolver: the servers of the dns options, lowest number first, or
// where there are none those of dhcp-option; and all domains. No device and nothing for scripts.
[[nodiscard]] ports::NameSettings name_settings(const options::Scripts& scripts);

struct NamePlan {
  std::optional<ports::NameSettings> settings;  // nothing: the resolver is left alone
  std::string note;                             // why, where that may surprise; empty: nothing
};

// Who tells the resolver: we do, or the "dns-updown" script, or nobody because an "up" script or
// another program looks after it.
//
// told_by_plugin  a plugin hears of "up"
[[nodiscard]] NamePlan plan_names(const options::Scripts& scripts, const options::Routes& routes,
                                  const options::Device& device, bool told_by_plugin);

}  // namespace adit::node
