#include "policy/address_pool.h"

#include <algorithm>

#include "base/text.h"

namespace adit::policy {

namespace {

constexpr std::size_t most_slots = 65536;
constexpr std::uint32_t net30_step = 4;

std::uint64_t v6_distance(const ip::Address& from, const ip::Address& to) {
  const auto low = [](const ip::Address& address) {
    Reader reader(address.bytes().subspan(8));
    return reader.u64();
  };
  return low(to) - low(from);
}

}  // namespace

AddressPool::AddressPool(const PoolSetup& setup) : setup_(setup) {
  std::size_t count = most_slots;
  const bool net30 = setup.topology == options::Topology::net30;
  if (setup.first4 && setup.last4) {
    std::uint32_t first = setup.first4->v4_number();
    const std::uint32_t last = setup.last4->v4_number();
    if (net30) first &= ~(net30_step - 1);
    base4_ = ip::Address::v4(first);
    const std::uint32_t step = net30 ? net30_step : 1;
    count = std::min<std::size_t>(count, last >= first ? (last - first) / step + 1 : 0);
  }
  if (setup.network6) {
    const std::uint64_t bits = 128u - setup.network6->length;
    const std::uint64_t all = bits >= 63 ? most_slots : std::uint64_t{1} << bits;
    const std::uint64_t skipped = v6_distance(setup.network6->address, setup.first6);
    count = std::min<std::size_t>(count, all > skipped ? all - skipped : 0);
  }
  if (!base4_ && !setup.network6) count = 0;
  slots_.resize(count);
}

std::optional<Lease> AddressPool::acquire(const std::string& common_name, Instant now) {
  const auto slot = choose(common_name);
  if (!slot) return std::nullopt;
  retake(*slot, common_name, now);
  return lease_of(*slot);
}

void AddressPool::retake(std::size_t slot, const std::string& common_name, Instant now) {
  if (slot >= slots_.size()) return;
  slots_[slot].used = true;
  slots_[slot].released = now;
  if (!setup_.duplicate_cn) slots_[slot].common_name = common_name;
}

std::optional<std::size_t> AddressPool::choose(const std::string& common_name) const {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.used || slot.reserved > 0) continue;
    if (setup_.duplicate_cn) return i;
    if (!slot.common_name.empty() && slot.common_name == common_name) return i;
    if (slot.fixed) continue;
    if (!best || slot.released < slots_[*best].released) best = i;
  }
  return best;
}

void AddressPool::release(std::size_t slot, Instant now) {
  if (slot >= slots_.size()) return;
  slots_[slot].used = false;
  slots_[slot].released = now;
}

void AddressPool::give_back(std::size_t slot) {
  if (slot >= slots_.size()) return;
  slots_[slot].used = false;
  slots_[slot].released = Instant::min();
  if (!slots_[slot].fixed) slots_[slot].common_name.clear();
}

void AddressPool::reserve(const ip::Address& address) {
  if (const auto slot = slot_of(address)) ++slots_[*slot].reserved;
}

void AddressPool::unreserve(const ip::Address& address) {
  const auto slot = slot_of(address);
  if (slot && slots_[*slot].reserved > 0) --slots_[*slot].reserved;
}

Lease AddressPool::lease_of(std::size_t slot) const {
  Lease lease;
  lease.slot = slot;
  if (base4_) {
    if (setup_.topology == options::Topology::net30) {
      const ip::Address base = base4_->plus(slot * net30_step);
      lease.v4 = base.plus(2);
      lease.v4_peer = base.plus(1);
    } else {
      lease.v4 = base4_->plus(slot);
    }
  }
  if (setup_.network6) lease.v6 = setup_.first6.plus(slot);
  return lease;
}

std::optional<std::size_t> AddressPool::slot_of(const ip::Address& address) const {
  std::uint64_t slot = slots_.size();
  if (address.is_v4() && base4_ && address >= *base4_) {
    slot = address.v4_number() - base4_->v4_number();
    if (setup_.topology == options::Topology::net30) slot /= net30_step;
  } else if (address.is_v6() && setup_.network6 && setup_.network6->contains(address) &&
             address >= setup_.first6) {
    slot = v6_distance(setup_.first6, address);
  }
  if (slot >= slots_.size()) return std::nullopt;
  return static_cast<std::size_t>(slot);
}

std::size_t AddressPool::load(std::string_view text, bool fixed) {
  std::size_t senseless = 0;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const auto words = split(line, ',');
    std::optional<std::size_t> slot;
    for (std::size_t i = 1; i < words.size() && !slot; ++i) {
      const auto address = ip::Address::parse(words[i]);
      if (address) slot = slot_of(*address);
    }
    if (!slot || words.front().empty()) {
      ++senseless;
      continue;
    }
    slots_[*slot].common_name = words.front();
    slots_[*slot].fixed = fixed;
    slots_[*slot].released = Instant::min() + Duration(1);  // used once, long ago
  }
  return senseless;
}

std::string AddressPool::render() const {
  std::string text;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].common_name.empty()) continue;
    const Lease lease = lease_of(i);
    text += slots_[i].common_name + ",";
    if (base4_) {
      const bool net30 = setup_.topology == options::Topology::net30;
      text += net30 ? base4_->plus(i * net30_step).text() : lease.v4->text();
    }
    text += "," + (lease.v6 ? lease.v6->text() : std::string()) + "\n";
  }
  return text;
}

}  // namespace adit::policy
