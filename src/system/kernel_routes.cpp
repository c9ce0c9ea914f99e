#include "system/kernel_routes.h"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace adit::system {

namespace {

constexpr int hexadecimal = 16;
constexpr std::uint32_t route_up = 0x0001;
constexpr std::uint32_t route_reject = 0x0200;
constexpr std::uint32_t route_by_advertisement = 0x40000;  // RTF_ADDRCONF
constexpr std::uint32_t route_local = 0x80000000;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!(line = trim(line)).empty()) {
    const auto end = line.find_first_of(" \t");
    words.push_back(line.substr(0, end));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end);
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

// The kernel prints the four bytes as one number of the machine.
ip::Address address_v4(std::uint32_t raw) {
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &raw, bytes.size());
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

std::optional<KernelRoute> parse_v4(std::string_view line) {
  // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
  constexpr std::size_t device = 0, destination = 1, flags = 3, metric = 6, mask = 7;
  const auto words = words_of(line);
  if (words.size() <= mask) return std::nullopt;
  const auto to = hex(words[destination]);
  const auto how = hex(words[flags]);
  const auto bits = hex(words[mask]);
  if (!to || !how || !bits || (*how & route_up) == 0 || (*how & route_reject) != 0) {
    return std::nullopt;
  }
  const auto length = ip::prefix_length_of_netmask(address_v4(*bits));
  if (!length) return std::nullopt;
  return KernelRoute{.to = ip::Prefix::of(address_v4(*to), *length),
                     .device = std::string(words[device]),
                     .metric = to_number<std::uint32_t>(words[metric]).value_or(0)};
}

std::optional<KernelRoute> parse_v6(std::string_view line) {
  // destination length source length next-hop metric references use flags device
  constexpr std::size_t destination = 0, bits = 1, metric = 5, flags = 8, device = 9;
  const auto words = words_of(line);
  if (words.size() <= device || words[device] == "lo") return std::nullopt;
  const auto to = address_v6(words[destination]);
  const auto length = hex(words[bits]);
  const auto how = hex(words[flags]);
  if (!to || !length || *length > to->bits() || !how) return std::nullopt;
  const bool dead = (*how & route_up) == 0 || (*how & (route_reject | route_local)) != 0;
  if (dead || to->is_multicast() || to->is_link_local()) return std::nullopt;
  return KernelRoute{.to = ip::Prefix::of(*to, static_cast<std::uint8_t>(*length)),
                     .device = std::string(words[device]),
                     .by_advertisement = (*how & route_by_advertisement) != 0,
                     .metric = hex(words[metric]).value_or(0)};
}

}  // namespace

std::vector<KernelRoute> parse_routes(std::string_view table4, std::string_view table6) {
  std::vector<KernelRoute> routes;
  for (const std::string_view line : split(table4, '\n')) {
    if (auto route = parse_v4(line)) routes.push_back(std::move(*route));
  }
  for (const std::string_view line : split(table6, '\n')) {
    if (auto route = parse_v6(line)) routes.push_back(std::move(*route));
  }
  return routes;
}

}  // namespace adit::system
