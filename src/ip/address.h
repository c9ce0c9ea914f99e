#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace adit::ip {

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

// An IPv4 or IPv6 address. IPv4 addresses mapped into IPv6 become IPv4.
class Address {
 public:
  Address() = default;  // 0.0.0.0
  static Address v4(std::uint32_t host_order);
  static Address v6(Bytes sixteen);
  static Address from_bytes(Bytes four_or_sixteen);
  [[nodiscard]] static std::optional<Address> parse(std::string_view text);
  [[nodiscard]] static std::optional<Address> parse_v4(std::string_view text);
  [[nodiscard]] static std::optional<Address> parse_v6(std::string_view text);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] bool is_v4() const { return family_ == Family::v4; }
  [[nodiscard]] bool is_v6() const { return family_ == Family::v6; }
  [[nodiscard]] std::uint8_t bits() const { return is_v4() ? 32 : 128; }
  [[nodiscard]] Bytes bytes() const { return {bytes_.data(), is_v4() ? 4u : 16u}; }
  [[nodiscard]] std::uint32_t v4_number() const;  // host order; IPv4 only
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_link_local() const;
  [[nodiscard]] std::string text() const;

  // The address this many further on, carrying through all bytes.
  [[nodiscard]] Address plus(std::uint64_t count) const;
  [[nodiscard]] Address masked(std::uint8_t prefix_length) const {
    return prefix_length >= bits() ? *this : cut_off(prefix_length);
  }

  // The first or the last eight bytes as they lie in memory, for comparing and hashing; those that
  // an IPv4 address lacks are zero.
  [[nodiscard]] std::uint64_t half(std::size_t number) const {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes_.data() + number * sizeof word, sizeof word);
    return word;
  }
  bool operator==(const Address& other) const {
    return family_ == other.family_ && half(0) == other.half(0) && half(1) == other.half(1);
  }
  auto operator<=>(const Address&) const = default;

 private:
  [[nodiscard]] Address cut_off(std::uint8_t prefix_length) const;

  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> bytes_{};
};

// A network: the host bits are zero.
struct Prefix {
  Address address;
  std::uint8_t length = 0;

  static Prefix of(const Address& address, std::uint8_t length) {
    return {address.masked(length), length};
  }
  static Prefix host(const Address& address) { return {address, address.bits()}; }
  // "10.8.0.0/24", "fd00::/64"; a bare address is a host.
  [[nodiscard]] static std::optional<Prefix> parse(std::string_view text);
  // As OpenVPN's routes have it, IPv4; without a netmask, or with "default", it is a host.
  [[nodiscard]] static std::optional<Prefix> parse(std::string_view address,
                                                   std::string_view netmask);

  [[nodiscard]] bool contains(const Address& other) const {
    return other.family() == address.family() && other.masked(length) == address;
  }
  [[nodiscard]] bool overlaps(const Prefix& other) const {
    return contains(other.address) || other.contains(address);
  }
  [[nodiscard]] bool is_host() const { return length == address.bits(); }
  [[nodiscard]] std::string text() const;   // always with its length
  [[nodiscard]] Address netmask() const;    // IPv4 only
  [[nodiscard]] Address broadcast() const;  // IPv4 only

  auto operator<=>(const Prefix&) const = default;
};

// Length of a contiguous IPv4 netmask: 255.255.255.0 is 24.
[[nodiscard]] std::optional<std::uint8_t> prefix_length_of_netmask(const Address& mask);
Address netmask_of_length(std::uint8_t length);

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
  std::uint32_t scope_id = 0;  // link-local IPv6 only

  [[nodiscard]] std::string text() const;  // a.b.c.d:port, [h::1]:port
  auto operator<=>(const Endpoint&) const = default;
};

struct AddressHash {
  static std::size_t mix(std::uint64_t value) {
    value ^= value >> 32;
    value *= 0x9E3779B97F4A7C15u;
    value ^= value >> 29;
    return static_cast<std::size_t>(value);
  }
  std::size_t operator()(const Address& address) const noexcept {
    return mix(address.half(0) * 0xD6E8FEB86659FD93u + mix(address.half(1) + address.bits()));
  }
};
struct EndpointHash {
  std::size_t operator()(const Endpoint& endpoint) const noexcept;
};

}  // namespace adit::ip
