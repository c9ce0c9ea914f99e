#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "firewall/questions.h"

namespace adit::firewall {

namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (!(line = trim(line)).empty()) {
    const auto end = line.find_first_of(" \t");
    fields.push_back(line.substr(0, end));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end);
  }
  return fields;
}

unsigned long hex(std::string_view text) {
  unsigned long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

// The kernel prints the four bytes as one number of the machine.
ip::Address address4(std::string_view text) {
  const auto number = static_cast<std::uint32_t>(hex(text));
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &number, bytes.size());
  return ip::Address::from_bytes(Bytes(bytes.data(), bytes.size()));
}

std::optional<ip::Address> address6(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  if (text.size() != 2 * bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(hex(text.substr(2 * i, 2)));
  }
  return ip::Address::from_bytes(Bytes(bytes.data(), bytes.size()));
}

constexpr unsigned long is_up = 1;         // RTF_UP
constexpr unsigned long rejects = 0x0200;  // RTF_REJECT

}  // namespace

Routes::Routes(const std::string& routes4, const std::string& routes6) {
  read4(routes4);
  read6(routes6);
}

void Routes::read4(const std::string& table) {
  for (const std::string_view line : split(table, '\n')) {
    const auto fields = fields_of(line);
    if (fields.size() < 8 || fields[0] == "Iface" || (hex(fields[3]) & is_up) == 0) continue;
    const auto length = ip::prefix_length_of_netmask(address4(fields[7]));
    if (!length) continue;
    routes_.push_back({ip::Prefix::of(address4(fields[1]), *length), std::string(fields[0]),
                       to_number<unsigned long>(fields[6]).value_or(0)});
  }
}

void Routes::read6(const std::string& table) {
  for (const std::string_view line : split(table, '\n')) {
    const auto fields = fields_of(line);
    if (fields.size() < 10 || fields[9] == "lo" || (hex(fields[8]) & rejects) != 0) continue;
    const auto address = address6(fields[0]);
    if (!address) continue;
    routes_.push_back({ip::Prefix::of(*address, static_cast<std::uint8_t>(hex(fields[1]))),
                       std::string(fields[9]), hex(fields[5])});
  }
}

std::string Routes::device_to(const ip::Address& address) const {
  const Route* best = nullptr;
  for (const Route& route : routes_) {
    if (!route.to.contains(address)) continue;
    const bool better = best == nullptr || route.to.length > best->to.length ||
                        (route.to.length == best->to.length && route.metric < best->metric);
    if (better) best = &route;
  }
  return best == nullptr ? std::string() : best->device;
}

}  // namespace adit::firewall
