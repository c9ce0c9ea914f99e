#include "plane/tables.h"

#include <memory>

#include "base/assert.h"

namespace adit::plane {

namespace {

// What is handed over owns it, so that it is freed even if no quiet moment comes any more.
template <class Snapshot>
void retire(Quiescence& quiescence, const Snapshot* old) {
  quiescence.retire([held = std::shared_ptr<const Snapshot>(old)] {});
}

}  // namespace

Tables::Tables(std::size_t most_peers, Quiescence& quiescence)
    : quiescence_(quiescence),
      peers_(most_peers),
      routes_(new RouteTable),
      addresses_(new AddressTable),
      inside_(new InsideRules) {}

Tables::~Tables() {
  for (auto& slot : peers_) delete slot.load();
  delete routes_.load();
  delete addresses_.load();
  delete inside_.load();
}

void Tables::publish(PeerIndex index, std::unique_ptr<const PeerSlot> slot) {
  ADIT_ASSERT(index < peers_.size());
  const bool filled = slot != nullptr;
  const PeerSlot* old = peers_[index].exchange(slot.release(), std::memory_order_seq_cst);
  if (filled && index >= end_.load(std::memory_order_relaxed)) {
    end_.store(index + 1, std::memory_order_seq_cst);
  }
  if (old != nullptr) retire(quiescence_, old);
}

void Tables::publish(std::unique_ptr<const RouteTable> routes) {
  const RouteTable* old = routes_.exchange(routes.release(), std::memory_order_seq_cst);
  retire(quiescence_, old);
}

void Tables::publish(std::unique_ptr<const AddressTable> addresses) {
  const AddressTable* old = addresses_.exchange(addresses.release(), std::memory_order_seq_cst);
  retire(quiescence_, old);
}

void Tables::publish(std::unique_ptr<const InsideRules> rules) {
  const InsideRules* old = inside_.exchange(rules.release(), std::memory_order_seq_cst);
  retire(quiescence_, old);
}

}  // namespace adit::plane
