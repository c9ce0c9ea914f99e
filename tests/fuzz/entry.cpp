#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

std::map<std::string_view, Target::Try>& targets() {
  static std::map<std::string_view, Target::Try> all;
  return all;
}

Target::Try chosen;

void choose(std::string_view program) {
  constexpr std::string_view prefix = "fuzz_";
  const auto start = program.rfind(prefix);
  const auto name = start == program.npos ? program : program.substr(start + prefix.size());
  const auto found = targets().find(name);
  if (found == targets().end()) {
    std::fprintf(stderr, "there is no target %s\n", std::string(name).c_str());
    std::exit(2);
  }
  chosen = found->second;
}

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

Target::Target(const char* name, Try try_input) { targets().emplace(name, try_input); }

void damage(Buffer& bytes, Input& input) {
  for (std::size_t steps = input.below(9); steps > 0; --steps) damage_once(bytes, input);
}

}  // namespace adit::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char*** arguments) {
  adit::fuzz::choose((*arguments)[0]);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  adit::fuzz::chosen({data, size});
  return 0;
}
