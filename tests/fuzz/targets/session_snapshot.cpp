// What of a session outlives a process: any bytes decoded; what decodes, encodes to the same bytes,
// and makes a session that can be told the time.

#include <algorithm>

#include "session/session.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"
#include "tests/sim/seeded_rng.h"
#include "tests/sim/toy_tls.h"

namespace adit::fuzz {

namespace {

void try_session(const session::SessionSnapshot& snapshot) {
  sim::SeededRng rng(8);
  sim::ToyTlsFactory tls(true, "server", rng);
  session::Setup setup;
  setup.tls_server = true;
  setup.exchange = session::Exchange::pushing;
  setup.tls = &tls;
  setup.rng = &rng;
  session::Session session(setup, {crypto::make_tls_crypt(static_key(), true), {}, {}}, snapshot,
                           start_of_time);
  Instant now = start_of_time;
  Buffer room(2048);
  for (int turn = 0; turn < 20; ++turn) {
    session.tick(now);
    while (session.event()) {
    }
    for (int sent = 0; session.transmit(room, now); ++sent) ADIT_ASSERT(sent < 100);
    const Instant next = session.deadline().at;
    if (next == Instant::max()) return;
    now = std::max(now, next);
  }
}

}  // namespace

void try_input(Bytes input) {
  const auto snapshot = session::SessionSnapshot::decode(input);
  if (!snapshot) return;
  const Buffer encoded = snapshot->encode();
  const auto again = session::SessionSnapshot::decode(encoded);
  ADIT_ASSERT(again && again->encode() == encoded);
  ADIT_ASSERT(encoded.size() <= input.size());
  try_session(*snapshot);
}

}  // namespace adit::fuzz
