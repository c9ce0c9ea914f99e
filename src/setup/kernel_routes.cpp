#include "setup/kernel_routes.h"

#include <array>
#include <charconv>

#include "base/text.h"

namespace adit::setup {

namespace {

constexpr int hexadecimal = 16;
constexpr std::uint32_t route_up = 0x0001;
constexpr std::uint32_t route_reject = 0x0200;
constexpr std::uint32_t route_by_advertisement = 0x40000;  // RTF_ADDRCONF
constexpr std::uint32_t route_local = 0x80000000;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const char separator : {'\t'}) {
    if (line.find(separator) == std::string_view::npos) continue;
    for (const std::string_view word : split(line, separator)) words.push_back(trim(word));
    return words;
  }
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

std::optional<std::uint32_t> hex(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// As the kernel of a little-endian machine prints it.
ip::Address address_v4(std::uint32_t raw) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(raw >> (8 * i));
  return ip::Address::from_bytes(bytes);
}

std::optional<ip::Address> address_v6(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  if (text.size() != 2 * bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = hex(text.substr(2 * i, 2));
    if (!byte) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*byte);
  }
  return ip::Address::v6(bytes);
}

}  // namespace

std::vector<HostRoute> parse_routes_v4(std::string_view table) {
  // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
  constexpr std::size_t destination = 1, flags = 3, mask = 7;
  std::vector<HostRoute> routes;
  for (const std::string_view line : split(table, '\n')) {
    const auto words = words_of(line);
    if (words.size() <= mask) continue;
    const auto to = hex(words[destination]);
    const auto how = hex(words[flags]);
    const auto bits = hex(words[mask]);
    if (!to || !how || !bits || (*how & route_up) == 0 || (*how & route_reject) != 0) continue;
    const auto length = ip::prefix_length_of_netmask(address_v4(*bits));
    if (!length) continue;
    routes.push_back({ip::Prefix::of(address_v4(*to), *length), std::string(words[0])});
  }
  return routes;
}

std::vector<HostRoute> parse_routes_v6(std::string_view table) {
  // destination length source length next-hop metric references use flags device
  constexpr std::size_t destination = 0, bits = 1, flags = 8, device = 9;
  std::vector<HostRoute> routes;
  for (const std::string_view line : split(table, '\n')) {
    const auto words = words_of(line);
    if (words.size() <= device || words[device] == "lo") continue;
    const auto to = address_v6(words[destination]);
    const auto length = hex(words[bits]);
    const auto how = hex(words[flags]);
    if (!to || !length || *length > to->bits() || !how) continue;
    const bool dead = (*how & route_up) == 0 || (*how & (route_reject | route_local)) != 0;
    if (dead || to->is_multicast() || to->is_link_local()) continue;
    routes.push_back({ip::Prefix::of(*to, static_cast<std::uint8_t>(*length)),
                      std::string(words[device]), (*how & route_by_advertisement) != 0});
  }
  return routes;
}

}  // namespace adit::setup
