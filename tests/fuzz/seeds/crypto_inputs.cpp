#include "base/json.h"
#include "crypto/auth_token.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/seeds/corpus.h"
#include "tests/sim/seeded_rng.h"

namespace adit::fuzz {

namespace {

// A reset and a damage of one flipped bit, behind packets seen on the wire.
void add_unwrap(Corpus& corpus, std::uint8_t wrapping, Bytes seen) {
  Pack input;
  input.u8(wrapping);
  put_piece(input, seen);
  input.u8(0x38);
  input.bytes(as_bytes("session1"));
  input.u32(1);
  input.u32(static_cast<std::uint32_t>(epoch_wall.seconds));
  put_piece(input, *from_hex("0000000000"));
  input.bytes(*from_hex("0100001500"));
  corpus.add("control_unwrap", std::move(input));
}

void add_wrapped_control(Corpus& corpus) {
  const Json tls_auth = load_vectors("tls-auth.json");
  const Json tls_crypt = load_vectors("tls-crypt.json");
  const Json v2 = load_vectors("tls-crypt-v2.json");
  for (std::uint8_t wrapping = 0; wrapping < control_pairs().size(); ++wrapping) {
    add_unwrap(corpus, wrapping,
               vector_bytes(tls_auth.at("cases").at(0).at("packets").at(0), "packet"));
    add_unwrap(corpus, wrapping, vector_bytes(tls_crypt.at("packets").at(0), "packet"));
  }
  for (const Json& packet : v2.at("handshake_with_cookie").at("packets")) {
    Pack input;
    put_piece(input, vector_bytes(packet, "packet"));
    put_piece(input, *from_hex("01000000006b02bdb1"));
    input.bytes(*from_hex("0100002003"));
    corpus.add("wrapped_client_key", std::move(input));
  }
}

void add_data(Corpus& corpus) {
  const Json epoch = load_vectors("data-aead-epoch.json");
  const Buffer seen = vector_bytes(epoch.at("cases").at(0).at("packets").at(0), "packet");
  const Buffer inner = vector_bytes(epoch.at("cases").at(0).at("packets").at(0), "plaintext");
  for (std::uint8_t format = 0; format < data_formats().size(); ++format) {
    for (const char* damage : {"0000", "01010000", "0102000905", "010201"}) {
      Pack input;
      input.u8(format);
      put_piece(input, seen);
      put_piece(input, inner);
      put_piece(input, as_bytes("x"));
      input.bytes(*from_hex(damage));
      corpus.add("data_packet", std::move(input));
    }
    // a key, one of the engines, how many packets, some of their sizes
    for (const char* run : {"01000003", "01010003", "02000505780578", "02010505780578", "030107",
                            "05003f", "05013f"}) {
      Pack input;
      input.u8(format);
      input.bytes(*from_hex(run));
      for (int i = 0; i < 200; ++i) input.u8(static_cast<std::uint8_t>(i * 7 + 5));
      corpus.add("data_engines", std::move(input));
    }
  }
}

void add_keys(Corpus& corpus) {
  const auto add = [&](std::uint8_t kind, std::string_view text) {
    Pack input;
    input.u8(kind);
    input.bytes(as_bytes(text));
    corpus.add("key_files", std::move(input));
  };
  const Json token = load_vectors("auth-token.json");
  const auto token_key = token.at("server_key_file").get<std::string>();
  add(0, load_vectors("tls-auth.json").at("static_key_file").get<std::string>());
  add(1, v2_client_key().render());
  add(2, v2_server_key().render());
  add(3, token_key);
  add(4, "aGVsbG8=");
  add(4, "00ff");
  corpus.add_words("key_files",
                   {"-----BEGIN OpenVPN Static key V1-----", "-----END OpenVPN Static key V1-----",
                    "-----BEGIN OpenVPN tls-crypt-v2 client key-----",
                    "-----END OpenVPN tls-crypt-v2 client key-----",
                    "-----BEGIN OpenVPN tls-crypt-v2 server key-----",
                    "-----END OpenVPN tls-crypt-v2 server key-----",
                    "-----BEGIN OpenVPN auth-token server key-----",
                    "-----END OpenVPN auth-token server key-----"});
  for (const Json& entry : token.at("tokens")) {
    Pack input;
    put_piece(input, as_bytes("alice"));
    put_piece(input, as_bytes(entry.at("token").get<std::string>()));
    input.bytes(vector_bytes(entry, "session_id"));
    input.u64(1795342822);
    input.u64(1795342900);
    input.bytes(*from_hex("0100002001"));
    corpus.add("auth_token", std::move(input));
  }
  corpus.add_words("auth_token", {"SESS_ID_AT_"});
}

void add_replay(Corpus& corpus) {
  for (std::uint8_t size = 0; size < 5; ++size) {
    for (std::uint8_t age = 0; age < 4; ++age) {
      Pack input;
      input.u8(size);
      input.u8(age);
      // forward, late, repeated, far ahead, after a pause, in a later series
      input.bytes(*from_hex("0601060106030502070104050014070105100006070107020101030106010702"));
      corpus.add("replay_window", std::move(input));
    }
  }
}

}  // namespace

void add_crypto_inputs(Corpus& corpus) {
  add_wrapped_control(corpus);
  add_data(corpus);
  add_keys(corpus);
  add_replay(corpus);
}

}  // namespace adit::fuzz
