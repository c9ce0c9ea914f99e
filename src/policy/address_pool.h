#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "ip/address.h"
#include "options/config.h"

namespace adit::policy {

struct PoolSetup {
  options::Topology topology = options::Topology::net30;
  std::optional<ip::Address> first4, last4;
  std::optional<ip::Prefix> network6;  // slot i gets its first client address plus i
  ip::Address first6;
  bool duplicate_cn = false;
};

// What a client got from the pool.
struct Lease {
  std::size_t slot = 0;
  std::optional<ip::Address> v4;       // the client's own address
  std::optional<ip::Address> v4_peer;  // net30: the other end it sees
  std::optional<ip::Address> v6;
};

// The dynamic addresses of a server: one index for both families.
// source: surfaces 6; compared with stock 2.6.
class AddressPool {
 public:
  explicit AddressPool(const PoolSetup& setup);

  // The slot this name had before; else one never used or longest released. Nothing: full.
  [[nodiscard]] std::optional<Lease> acquire(const std::string& common_name, Instant now);
  void release(std::size_t slot, Instant now);
  // As if it had never been taken: its client's address comes from elsewhere.
  void give_back(std::size_t slot);
  // A client of the process before still has this slot.
  void retake(std::size_t slot, const std::string& common_name, Instant now);
  // An address given out otherwise (ifconfig-push) while its client is there.
  void reserve(const ip::Address& address);
  void unreserve(const ip::Address& address);

  // Of one name: whether each of its clients gets a slot of its own.
  void set_duplicate_cn(bool duplicate) { setup_.duplicate_cn = duplicate; }

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] std::optional<ip::Address> base4() const { return base4_; }

  // ifconfig-pool-persist: "name,IP4,IP6" lines, net30 with the slot's base. fixed: the file is
  // read-only and its slots belong to their names alone. Lines that make no sense are counted.
  std::size_t load(std::string_view text, bool fixed);
  [[nodiscard]] std::string render() const;

 private:
  struct Slot {
    std::string common_name;
    bool used = false;
    bool fixed = false;
    int reserved = 0;
    Instant released = Instant::min();  // min: never used
  };

  [[nodiscard]] std::optional<std::size_t> choose(const std::string& common_name) const;
  [[nodiscard]] Lease lease_of(std::size_t slot) const;
  [[nodiscard]] std::optional<std::size_t> slot_of(const ip::Address& address) const;

  PoolSetup setup_;
  std::optional<ip::Address> base4_;
  std::vector<Slot> slots_;
};

}  // namespace adit::policy
