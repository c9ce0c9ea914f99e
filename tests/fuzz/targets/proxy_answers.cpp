// What a proxy may say, cut anywhere: HTTP with every way to authenticate, SOCKS, and the headers
// of a relay's datagrams.

#include <array>

#include "proxy/http_dialogue.h"
#include "proxy/ntlm.h"
#include "proxy/socks_dialogue.h"
#include "proxy/socks_header.h"
#include "tests/fuzz/input.h"
#include "tests/sim/seeded_rng.h"

namespace adit::fuzz {

namespace {

using State = proxy::Dialogue::State;

constexpr std::size_t most_connections = 10, most_output = 8192;

// Goes on until the proxy has nothing more to say; whoever is let through was so for a reason.
void hold(proxy::Dialogue& dialogue, Input& input) {
  for (std::size_t connections = 1;; ++connections) {
    ADIT_ASSERT(connections < most_connections);
    dialogue.begin();
    while (dialogue.state() == State::talking && !input.empty()) {
      const Bytes said = input.take(1 + input.u8());
      const std::size_t taken = dialogue.take(said);
      ADIT_ASSERT(taken <= said.size());
      ADIT_ASSERT(taken == said.size() || dialogue.state() != State::talking);
    }
    ADIT_ASSERT(dialogue.take_output().size() < most_output);
    if (dialogue.state() != State::again) break;
  }
  if (dialogue.state() == State::talking) dialogue.lost(proxy::Dialogue::Loss::closed);
  const auto lines = dialogue.take_lines();
  ADIT_ASSERT(dialogue.state() == State::through || !lines.empty());
  for (const proxy::Line& line : lines) {
    ADIT_ASSERT(line.text.find_first_of("\r\n") == std::string::npos);
  }
}

void http(Input& input) {
  using Method = proxy::HttpSettings::Method;
  constexpr std::array methods{Method::none, Method::basic, Method::ntlm2};
  proxy::HttpSettings settings;
  settings.host = "vpn.example";
  settings.port = "443";
  settings.method = input.pick(methods);
  settings.automatic = input.flag();
  settings.clear_passwords = input.flag();
  sim::SeededRng rng(1);
  proxy::HttpDialogue dialogue(settings, rng, WallTime{1});
  dialogue.give({"site\\ann", SecretText("secret")});
  hold(dialogue, input);
}

void socks(Input& input) {
  proxy::SocksDialogue dialogue({"vpn.example", 443, input.flag(), input.flag()});
  dialogue.give({"ann", SecretText("secret")});
  hold(dialogue, input);
}

void header(Input& input) {
  std::array<std::uint8_t, 256> memory{};
  Packet packet(memory, 64, 0);
  const Bytes bytes = input.take(128);
  std::ranges::copy(bytes, packet.append(bytes.size()));
  const auto from = proxy::take_socks_header(packet);
  if (!from) return;
  proxy::put_socks_header(packet, *from);
  ADIT_ASSERT(std::ranges::equal(packet.bytes(), bytes));
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  switch (input.below(4)) {
    case 0:
      return socks(input);
    case 1:
      return header(input);
    case 2:
      static_cast<void>(proxy::NtlmChallenge::parse(input.take(input.left())));
      return;
    default:
      return http(input);
  }
}

}  // namespace adit::fuzz
