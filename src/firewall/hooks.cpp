#include "firewall/hooks.h"

#include <fmt/format.h>

#include "firewall/ruleset.h"

namespace adit::firewall {

std::string iptables_device(std::string_view device) {
  std::string name = device_pattern(device);
  if (name.ends_with('*')) name.back() = '+';
  return name;
}

std::string port_text(const Port& port) {
  return fmt::format("{}/{}", port.number, port.tcp ? "tcp" : "udp");
}

Rule accept_device(Subject way, const std::string& device) {
  return {{{way, false, {device_pattern(device)}}}, Verdict::accept, {}, "hook"};
}

}  // namespace adit::firewall
