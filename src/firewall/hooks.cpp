#include "firewall/hooks.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "firewall/ruleset.h"

namespace adit::firewall {

std::string iptables_device(std::string_view device) {
  std::string name = device_pattern(device);
  if (name.ends_with('*')) name.back() = '+';
  return name;
}

bool says(const std::string& output, std::string_view line) {
  return std::ranges::any_of(split(output, '\n'),
                             [&](std::string_view said) { return trim(said) == line; });
}

std::string port_text(const Port& port) {
  return fmt::format("{}/{}", port.number, port.tcp ? "tcp" : "udp");
}

Rule accept_device(Subject way, const std::string& device) {
  return {{{way, false, {device_pattern(device)}}}, Verdict::accept, {}, "hook"};
}

}  // namespace adit::firewall
