#include "ip/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <bit>

#include "base/assert.h"
#include "base/text.h"

namespace adit::ip {

Address Address::v4(std::uint32_t host_order) {
  Address address;
  store_u32(address.bytes_.data(), host_order);
  return address;
}

Address Address::v6(Bytes sixteen) {
  static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  ADIT_ASSERT(sixteen.size() == 16);
  if (std::ranges::equal(sixteen.first(12), mapped)) return v4(load_u32(sixteen.data() + 12));
  Address address;
  address.family_ = Family::v6;
  std::ranges::copy(sixteen, address.bytes_.begin());
  return address;
}

Address Address::from_bytes(Bytes bytes) {
  return bytes.size() == 16 ? v6(bytes) : v4(load_u32(bytes.data()));
}

namespace {

// A NUL would hide what stands behind it.
bool parse_into(void* room, int family, std::string_view text, std::size_t longest) {
  return text.size() <= longest && text.find('\0') == text.npos &&
         inet_pton(family, std::string(text).c_str(), room) == 1;
}

}  // namespace

std::optional<Address> Address::parse_v4(std::string_view text) {
  in_addr number{};
  if (!parse_into(&number, AF_INET, text, 15)) return std::nullopt;
  return v4(ntohl(number.s_addr));
}

std::optional<Address> Address::parse_v6(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  if (!parse_into(bytes.data(), AF_INET6, text, 45)) return std::nullopt;
  Address address;
  address.family_ = Family::v6;
  address.bytes_ = bytes;
  return address;
}

std::optional<Address> Address::parse(std::string_view text) {
  const auto address = parse_v4(text);
  return address ? address : parse_v6(text);
}

std::uint32_t Address::v4_number() const {
  ADIT_ASSERT(is_v4());
  return load_u32(bytes_.data());
}

bool Address::is_unspecified() const {
  return std::ranges::all_of(bytes_, [](std::uint8_t byte) { return byte == 0; });
}

bool Address::is_multicast() const {
  return is_v4() ? (bytes_[0] & 0xF0) == 0xE0 : bytes_[0] == 0xFF;
}

bool Address::is_link_local() const {
  return is_v4() ? bytes_[0] == 169 && bytes_[1] == 254
                 : bytes_[0] == 0xFE && (bytes_[1] & 0xC0) == 0x80;
}

std::string Address::text() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

Address Address::plus(std::uint64_t count) const {
  Address sum = *this;
  std::uint64_t carry = count;
  for (std::size_t i = bytes().size(); i-- > 0 && carry != 0;) {
    carry += sum.bytes_[i];
    sum.bytes_[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return sum;
}

Address Address::cut_off(std::uint8_t prefix_length) const {
  Address result = *this;
  for (std::size_t i = 0; i < bytes().size(); ++i) {
    const int kept = std::clamp(prefix_length - static_cast<int>(8 * i), 0, 8);
    result.bytes_[i] = static_cast<std::uint8_t>(bytes_[i] & (0xFF00 >> kept));
  }
  return result;
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return host(*address);
  const auto length = to_number<unsigned>(text.substr(slash + 1));
  if (!length || *length > address->bits()) return std::nullopt;
  return of(*address, static_cast<std::uint8_t>(*length));
}

std::optional<Prefix> Prefix::parse(std::string_view address, std::string_view netmask) {
  const auto start = Address::parse_v4(address);
  const bool is_host = netmask.empty() || netmask == "default";
  const auto mask = is_host ? netmask_of_length(32) : Address::parse_v4(netmask);
  const auto length = mask ? prefix_length_of_netmask(*mask) : std::nullopt;
  if (!start || !length) return std::nullopt;
  return of(*start, *length);
}

std::string Prefix::text() const { return address.text() + "/" + std::to_string(length); }

Address Prefix::netmask() const { return netmask_of_length(length); }

Address Prefix::broadcast() const {
  return Address::v4(address.v4_number() | ~netmask().v4_number());
}

std::optional<std::uint8_t> prefix_length_of_netmask(const Address& mask) {
  if (!mask.is_v4()) return std::nullopt;
  const std::uint32_t number = mask.v4_number();
  const int length = std::countl_one(number);
  if (length < 32 && (number << length) != 0) return std::nullopt;
  return static_cast<std::uint8_t>(length);
}

Address netmask_of_length(std::uint8_t length) {
  return Address::v4(length == 0 ? 0 : ~std::uint32_t{0} << (32 - length));
}

std::string Endpoint::text() const {
  const std::string host = address.is_v6() ? "[" + address.text() + "]" : address.text();
  return host + ":" + std::to_string(port);
}

std::size_t EndpointHash::operator()(const Endpoint& endpoint) const noexcept {
  return AddressHash::mix(AddressHash{}(endpoint.address) + endpoint.port * 0xA0761D6478BD642Fu +
                          endpoint.scope_id);
}

}  // namespace adit::ip
