#include "session/session.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/seeds/corpus.h"
#include "tests/sim/world.h"

namespace adit::fuzz {

namespace {

using namespace std::chrono_literals;

// A server with two clients, as it would be carried over; and one of its sessions.
void add_carried(Corpus& corpus, const sim::Terms& terms) {
  sim::World world(1, terms);
  sim::ServerHost& host = world.add_server();
  const sim::ClientHost& a = world.add_client();
  const sim::ClientHost& b = world.add_client();
  ADIT_ASSERT(world.run_until([&] { return a.up() && b.up(); }, 60s));
  world.run_for(130s);
  corpus.add("server_carry", host.server().carry(world.now()));
  const auto& peer = *host.server().peers().begin()->second;
  if (const auto snapshot = peer.association.active().snapshot(world.now())) {
    corpus.add("session_snapshot", snapshot->encode());
  }
}

void add_gate(Corpus& corpus) {
  for (std::uint8_t wrapping = 0; wrapping < 6; ++wrapping) {
    const bool v2 = wrapping == 3 || wrapping == 5;
    Pack input;
    input.u8(wrapping);
    const char* cipher = v2 ? "01" : "00";
    // A reset, then the first packet of TLS with the cookie of the answer.
    const std::string reset = std::string("000000") + (v2 ? "50" : "38") + "00" + "0101" + "00" +
                              "00" + cipher + (v2 ? "00" : "");
    const std::string next = std::string("000000") + (v2 ? "58" : "20") + "00" + "0102" + "00" +
                             "01" + "00" + "01" + "00" + "01" + cipher + (v2 ? "00" : "");
    input.bytes(*from_hex(reset + next + next));
    corpus.add("gate", std::move(input));
  }
}

// Answers of a peer on a narrow path, at round trips of 20 ms; some traffic.
void add_path(Corpus& corpus) {
  for (std::uint8_t cipher = 0; cipher < 3; ++cipher) {
    Pack input;
    input.u8(cipher);
    input.u8(1);
    for (const std::uint16_t length : std::initializer_list<std::uint16_t>{
             300, 320, 325, 500, 900, 1200, 1300, 340, 1480, 60000}) {
      input.u16(20);
      input.u8(0);
      input.u16(length);
    }
    for (const std::uint8_t what : std::initializer_list<std::uint8_t>{2, 2, 1, 3}) {
      input.u16(4000);
      input.u8(what);
      if (what == 2) input.u8(9);
    }
    corpus.add("path_mtu", std::move(input));
  }
}

// Everything delivered for a while, then one kind of trouble.
void add_courses(Corpus& corpus) {
  const std::string deliver = "04f4ff04ff";
  for (unsigned terms = 0; terms < 32; terms += 3) {
    for (const char* trouble : {"07", "08", "0708", "09", "0a", "0b", "0d1d", "0e", "0c", "011121",
                                "02120f0f", "030007", "65656565"}) {
      Pack input;
      input.u8(static_cast<std::uint8_t>(terms));
      for (int i = 0; i < 6; ++i) input.bytes(*from_hex("1f441c"));
      input.bytes(*from_hex("65"));
      for (int i = 0; i < 4; ++i) input.bytes(*from_hex("1f441c"));
      input.bytes(*from_hex(trouble));
      for (int i = 0; i < 6; ++i) input.bytes(*from_hex("1f441c"));
      corpus.add("two_sessions", std::move(input));
    }
  }
}

// Roles 0 client, 1 server, 2 point to point: TLS stands, key method 2, a message, a renegotiation.
void add_hostile(Corpus& corpus) {
  const std::string reset = "00400a00";  // server's hard reset, one ack, in order
  const std::string tls = "00202801aa";  // one byte of TLS, in order
  const std::string key_method =
      "0605616c696365"
      "01";
  const std::string push =
      "050b505553485f5245504c59"
      "00";
  for (std::uint8_t role = 0; role < 3; ++role) {
    Pack input;
    input.u8(role);
    if (role == 0) input.bytes(*from_hex(reset));
    input.bytes(*from_hex(key_method + tls + push + "00280400" + "0705dc" + "0028060102" + "080a" +
                          "0a" + "0019080001" + "0e" + "0864" + "09" + "09"));
    corpus.add("hostile_peer", std::move(input));
  }
}

}  // namespace

void add_session_inputs(Corpus& corpus) {
  using Wrap = sim::Wrap;
  for (const Wrap wrap : {Wrap::plain, Wrap::tls_auth, Wrap::tls_crypt, Wrap::tls_crypt_v2}) {
    for (const bool key_export : {false, true}) {
      add_carried(corpus, {.wrap = wrap, .key_export = key_export, .reneg = 90s});
    }
  }
  add_gate(corpus);
  add_path(corpus);
  add_courses(corpus);
  add_hostile(corpus);
}

}  // namespace adit::fuzz
