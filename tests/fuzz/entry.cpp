#include <algorithm>

#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  adit::fuzz::try_input({data, size});
  return 0;
}

namespace adit::fuzz {

namespace {

void damage_once(Buffer& bytes, Input& input) {
  const auto at = [&] {
    return bytes.begin() + (bytes.empty() ? 0 : static_cast<long>(input.u16() % bytes.size()));
  };
  switch (input.below(6)) {
    case 0:
      if (!bytes.empty()) *at() ^= static_cast<std::uint8_t>(1u << input.below(8));
      return;
    case 1:
      if (!bytes.empty()) *at() = input.u8();
      return;
    case 2:
      bytes.resize(bytes.size() - std::min<std::size_t>(bytes.size(), input.u8()));
      return;
    case 3: {
      const Bytes more = input.piece();
      bytes.insert(bytes.end(), more.begin(), more.end());
      return;
    }
    case 4: {
      const auto place = at();
      const Bytes more = input.piece();
      bytes.insert(place, more.begin(), more.end());
      return;
    }
    default:
      if (!bytes.empty()) bytes.erase(at());
      return;
  }
}

}  // namespace

void damage(Buffer& bytes, Input& input) {
  for (std::size_t steps = input.below(9); steps > 0; --steps) damage_once(bytes, input);
}

}  // namespace adit::fuzz
