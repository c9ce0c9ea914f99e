#include "plane/quiescence.h"

#include <algorithm>

namespace adit::plane {

Quiescence::Reader& Quiescence::add_reader() {
  readers_.push_back(std::unique_ptr<Reader>(new Reader(this)));
  return *readers_.back();
}

void Quiescence::retire(std::function<void()> free) {
  const std::uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
  retired_.push_back({epoch, std::move(free)});
}

void Quiescence::collect() {
  std::uint64_t oldest = never;
  for (const auto& reader : readers_) {
    oldest = std::min(oldest, reader->seen_.load(std::memory_order_seq_cst));
  }
  while (!retired_.empty() && retired_.front().epoch <= oldest) {
    retired_.front().free();
    retired_.pop_front();
  }
}

}  // namespace adit::plane
