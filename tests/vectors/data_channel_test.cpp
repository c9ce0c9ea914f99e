// Data channel bytes and the derivations behind them.

#include "crypto/data_channel.h"

#include <gtest/gtest.h>

#include "crypto/auth_token.h"
#include "crypto/lane_engine.h"
#include "tests/vectors/vectors.h"
#include "wire/compression.h"
#include "wire/data_header.h"
#include "wire/fragment.h"
#include "wire/inside_message.h"

namespace adit::vectors {
namespace {

using crypto::DataFormat;
using nlohmann::json;

// Hands out one pattern again and again: the IV a vector was made with.
class PatternRng final : public Rng {
 public:
  explicit PatternRng(Buffer pattern) : pattern_(std::move(pattern)) {}
  void fill(MutableBytes out) override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = pattern_[i % pattern_.size()];
  }

 private:
  Buffer pattern_;
};

crypto::DirectionKeys keys_for(const crypto::DataKeyMaterial& material, const json& packet) {
  return from_client(packet) ? material.client_to_server() : material.server_to_client();
}

struct Case {
  DataFormat format;
  crypto::DirectionKeys keys;
  Buffer packet;
  Buffer payload;
  crypto::SealState start;
  Buffer iv = Buffer(16, 0);
  std::uint32_t time = 0;
};

void expect_sealed_and_opened_by(crypto::Engine engine, const Case& c) {
  crypto::LaneEngine seals(engine);
  crypto::LaneEngine opens(engine);
  PatternRng rng(c.iv);
  auto sealer = crypto::Sealer::make(c.format, c.keys, rng, c.start, &seals);
  ASSERT_TRUE(sealer);
  Buffer storage(4096);
  Packet packet(storage, 0, 0);
  packet.assign(c.payload, 256);
  Packet* const run[] = {&packet};
  ASSERT_EQ((*sealer)->seal(run, c.time), 1u);
  EXPECT_EQ(to_hex(packet.bytes()), to_hex(c.packet));

  auto opener = crypto::Opener::make(c.format, c.keys, crypto::ReplayWindow(), &opens);
  ASSERT_TRUE(opener);
  crypto::Opening openings[] = {{&packet}};
  (*opener)->open(openings, Instant());
  EXPECT_EQ(openings[0].verdict, Drop::none);
  EXPECT_EQ(to_hex(packet.bytes()), to_hex(c.payload));

  packet.assign(c.packet, 256);
  (*opener)->open(openings, Instant());
  EXPECT_EQ(openings[0].verdict, Drop::replayed);

  packet.assign(c.packet, 256);
  packet.data()[packet.size() - 1] ^= 0x80;
  auto fresh = crypto::Opener::make(c.format, c.keys, crypto::ReplayWindow(), &opens);
  (*fresh)->open(openings, Instant());
  EXPECT_EQ(openings[0].verdict, Drop::bad_tag);
}

constexpr std::array engines{crypto::Engine::openssl, crypto::Engine::ipsec_mb,
                             crypto::Engine::vaes};

// Where an engine is not there, OpenSSL is asked again: the tests of their names tell.
void expect_sealed_and_opened(const Case& c) {
  for (const crypto::Engine engine : engines) expect_sealed_and_opened_by(engine, c);
}

void expect_takes_part(crypto::Engine engine) {
  const auto chosen = crypto::choose_engine(engine);
  if (!chosen) GTEST_SKIP() << chosen.error().text();
  EXPECT_EQ(crypto::LaneEngine(engine).name(), chosen->name);
}

TEST(Vectors, ipsec_mb_takes_part) { expect_takes_part(crypto::Engine::ipsec_mb); }
TEST(Vectors, vaes_takes_part) { expect_takes_part(crypto::Engine::vaes); }

void expect_aead(const json& packets, const crypto::DataKeyMaterial& material,
                 std::string_view cipher, DataFormat::Header header) {
  for (const json& packet : packets) {
    Case c;
    c.packet = bytes(packet, "packet");
    const auto parsed = wire::decode_data_header(c.packet);
    ASSERT_TRUE(parsed);
    c.format = {.cipher = crypto::find_cipher(cipher),
                .digest = {},
                .header = header,
                .key_id = parsed->key_id,
                .peer_id = parsed->peer_id};
    c.keys = keys_for(material, packet);
    c.payload = bytes(packet, "plaintext");
    c.start.next_packet_id = packet.at("packet_id");
    expect_sealed_and_opened(c);
  }
}

// TLS 1.3 exporter, to begin the chain at the secret that TLS logged.
Buffer expand_label(const crypto::Digest& digest, Bytes secret, std::string_view label,
                    Bytes context, std::size_t length) {
  const std::string full = "tls13 " + std::string(label);
  Buffer info;
  info.push_back(static_cast<std::uint8_t>(length >> 8));
  info.push_back(static_cast<std::uint8_t>(length));
  info.push_back(static_cast<std::uint8_t>(full.size()));
  info.insert(info.end(), full.begin(), full.end());
  info.push_back(static_cast<std::uint8_t>(context.size()));
  info.insert(info.end(), context.begin(), context.end());
  crypto::Hmac hmac(digest, secret);
  Buffer out;
  Buffer block;
  for (std::uint8_t i = 1; out.size() < length; ++i) {
    Buffer next(digest.bytes);
    hmac.compute({block, info, Bytes(&i, 1)}, next);
    block = next;
    out.insert(out.end(), block.begin(), block.end());
  }
  out.resize(length);
  return out;
}

Buffer exporter(const json& entry, std::string_view secret_field, std::string_view label,
                std::size_t length) {
  const auto digest = crypto::find_digest(entry.at("tls13_hash").get<std::string>());
  const Buffer secret = bytes(entry, std::string(secret_field).c_str());
  // SHA-384 of nothing
  const auto empty = from_hex(
      "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898"
      "b95b");
  EXPECT_EQ(digest->name, "SHA384");
  const Buffer derived = expand_label(*digest, secret, label, *empty, digest->bytes);
  return expand_label(*digest, derived, "exporter", *empty, length);
}

TEST(Vectors, data_aead_v2_with_exporter_keys) {
  for (const json& test : load("data-aead-v2-ekm.json").at("cases")) {
    EXPECT_EQ(crypto::exporter_label_data_keys, test.at("label").get<std::string>());
    const Buffer keys = bytes(test, "datakeys");
    EXPECT_EQ(exporter(test, "tls13_exporter_secret", crypto::exporter_label_data_keys, 256), keys);
    expect_aead(test.at("packets"), crypto::DataKeyMaterial(keys),
                test.at("cipher").get<std::string>(), DataFormat::Header::v2);
  }
}

TEST(Vectors, data_aead_v2_over_tls12) {
  const json file = load("data-aead-v2-ekm-tls12.json");
  expect_aead(file.at("packets"), crypto::DataKeyMaterial(bytes(file, "datakeys")),
              file.at("cipher").get<std::string>(), DataFormat::Header::v2);
}

TEST(Vectors, data_aead_v1) {
  const json file = load("data-aead-v1.json");
  expect_aead(file.at("packets"), crypto::DataKeyMaterial(bytes(file, "datakeys")), "AES-256-GCM",
              DataFormat::Header::v1);
}

TEST(Vectors, key_method2_prf) {
  const json file = load("key-method2-prf.json");
  wire::KeySource client{Secret<48>(bytes(file, "client_pre_master")),
                         Secret<32>(bytes(file, "client_random1")),
                         Secret<32>(bytes(file, "client_random2"))};
  wire::KeySource server{
      {}, Secret<32>(bytes(file, "server_random1")), Secret<32>(bytes(file, "server_random2"))};
  Buffer master(48);
  Buffer seed = bytes(file, "client_random1");
  const Buffer server_random1 = bytes(file, "server_random1");
  seed.insert(seed.end(), server_random1.begin(), server_random1.end());
  crypto::tls1_prf(client.pre_master.bytes(), "OpenVPN master secret", seed, master);
  EXPECT_EQ(to_hex(master), file.at("master_secret"));
  const auto keys = crypto::derive_with_prf(
      client, server, wire::SessionId::from(bytes(file, "client_session_id")),
      wire::SessionId::from(bytes(file, "server_session_id")));
  EXPECT_EQ(to_hex(keys.bytes()), file.at("datakeys"));
  expect_aead(file.at("packets"), keys, file.at("cipher").get<std::string>(),
              DataFormat::Header::v2);
}

struct CbcCase {
  std::string_view begins;
  std::string_view cipher;
  std::string_view digest;
  DataFormat::Header header;
};
constexpr CbcCase cbc_cases[] = {
    {"AES-256-CBC/SHA256, P_DATA_V2", "AES-256-CBC", "SHA256", DataFormat::Header::v2},
    {"AES-128-CBC/SHA1, P_DATA_V2", "AES-128-CBC", "SHA1", DataFormat::Header::v2},
    {"AES-256-CBC/SHA1, P_DATA_V1", "AES-256-CBC", "SHA1", DataFormat::Header::v1},
    {"BF-CBC/SHA1", "BF-CBC", "SHA1", DataFormat::Header::v2},
    {"static key mode", "AES-256-CBC", "SHA256", DataFormat::Header::none},
};

TEST(Vectors, data_cbc) {
  ASSERT_TRUE(crypto::load_legacy_ciphers());
  for (const json& test : load("data-cbc.json").at("cases")) {
    const std::string name = test.at("name");
    const CbcCase* wanted = nullptr;
    for (const CbcCase& candidate : cbc_cases) {
      if (name.starts_with(candidate.begins)) wanted = &candidate;
    }
    ASSERT_NE(wanted, nullptr) << name;
    for (const json& packet : test.at("packets")) {
      Case c;
      c.packet = bytes(packet, "packet");
      c.payload = bytes(packet, "payload");
      c.iv = bytes(packet, "iv");
      c.keys = {Secret<64>(bytes(packet, "cipher_key")), Secret<64>(bytes(packet, "hmac_key"))};
      c.format = {.cipher = crypto::find_cipher(wanted->cipher),
                  .digest = crypto::find_digest(wanted->digest),
                  .header = wanted->header};
      c.format.long_id = wanted->header == DataFormat::Header::none;
      if (const auto header = wire::decode_data_header(c.packet);
          header && wanted->header != DataFormat::Header::none) {
        c.format.key_id = header->key_id;
        c.format.peer_id = header->peer_id;
      }
      c.start.next_packet_id = packet.at("packet_id");
      if (!packet.at("time").is_null()) c.time = packet.at("time");
      expect_sealed_and_opened(c);
    }
  }
}

TEST(Vectors, data_aead_epoch) {
  for (const json& test : load("data-aead-epoch.json").at("cases")) {
    const crypto::DataKeyMaterial material(bytes(test, "datakeys"));
    const crypto::Cipher* cipher = crypto::find_cipher(test.at("name").get<std::string>());
    ASSERT_NE(cipher, nullptr);
    for (const char* direction : {"C>S", "S>C"}) {
      const auto keys =
          direction[0] == 'C' ? material.client_to_server() : material.server_to_client();
      crypto::EpochSecret secret(keys.cipher.part(0, 32));
      for (const json& epoch : test.at("directions").at(direction)) {
        EXPECT_EQ(to_hex(secret.bytes()), epoch.at("E"));
        const auto key = crypto::epoch_key(secret, cipher->key_bytes);
        EXPECT_EQ(to_hex(key.key.bytes()), epoch.at("K"));
        EXPECT_EQ(to_hex(key.implicit_iv.bytes()), epoch.at("implicit_iv"));
        secret = crypto::next_epoch_secret(secret);
      }
    }
    for (const json& packet : test.at("packets")) {
      Case c;
      c.packet = bytes(packet, "packet");
      c.payload = bytes(packet, "plaintext");
      c.keys = keys_for(material, packet);
      const auto header = wire::decode_data_header(c.packet);
      c.format = {.cipher = cipher,
                  .digest = {},
                  .header = DataFormat::Header::v2,
                  .key_id = header->key_id,
                  .peer_id = header->peer_id,
                  .epoch = true};
      c.start.next_packet_id = packet.at("counter");
      c.start.epoch = packet.at("epoch");
      expect_sealed_and_opened(c);
    }
  }
}

TEST(Vectors, replay_window) {
  for (const json& test : load("replay-window.json").at("cases")) {
    crypto::ReplayWindow window({test.at("window"), test.at("time_window")});
    int step = 0;
    for (const json& s : test.at("steps")) {
      const Instant now{std::chrono::seconds(s.at("now").get<std::int64_t>())};
      const std::uint64_t id = s.at("id");
      const std::uint32_t time = s.at("time");
      const bool accepted = window.check(id, time, now) == Drop::none;
      if (accepted) window.add(id, time, now);
      EXPECT_EQ(accepted, s.at("verdict") == "accept") << test.at("name") << " step " << step;
      ++step;
    }
  }
}

wire::CompressionFraming framing_of(const std::string& option) {
  if (option.starts_with("--comp-lzo")) return wire::CompressionFraming::lzo;
  if (option.ends_with("-v2")) return wire::CompressionFraming::stub_v2;
  return wire::CompressionFraming::swap;
}

TEST(Vectors, compression_framing) {
  for (const json& test : load("compression-framing.json").at("cases")) {
    const auto framing = framing_of(test.at("option"));
    for (const json& p : test.at("packets")) {
      const Buffer framed = bytes(p, "framed");
      const Buffer inner = bytes(p, "ip_packet");
      Buffer storage(4096);
      Buffer room(2048);
      Packet packet(storage, 0, 0);
      packet.assign(framed, 16);
      EXPECT_EQ(wire::unframe(framing, packet, room), Drop::none) << test.at("option");
      EXPECT_EQ(to_hex(packet.bytes()), to_hex(inner)) << test.at("option");
      if (framed.size() >= inner.size()) {  // went uncompressed
        packet.assign(inner, 16);
        wire::frame_uncompressed(framing, packet);
        EXPECT_EQ(to_hex(packet.bytes()), to_hex(framed));
      }
    }
  }
}

TEST(Vectors, fragment_headers) {
  for (const json& test : load("fragment.json").at("cases")) {
    std::map<std::pair<bool, int>, Buffer> sequences;
    for (const json& p : test.at("packets")) {
      const Buffer payload = bytes(p, "payload");
      const auto header = wire::decode_fragment_header(load_u32(payload.data()));
      ASSERT_TRUE(header);
      const json& expected = p.at("header");
      EXPECT_EQ(static_cast<int>(header->type), expected.at("type").get<int>());
      EXPECT_EQ(header->sequence, expected.at("seq").get<int>());
      EXPECT_EQ(header->number, expected.at("frag_id").get<int>());
      EXPECT_EQ(header->size, expected.at("size").get<std::uint32_t>());
      EXPECT_EQ(wire::encode_fragment_header(*header), load_u32(payload.data()));
      if (header->type == wire::FragmentHeader::Type::whole) continue;
      Buffer& whole = sequences[{from_client(p), header->sequence}];
      whole.insert(whole.end(), payload.begin() + wire::fragment_header_bytes, payload.end());
      if (p.contains("reassembled")) {
        EXPECT_EQ(whole, bytes(p, "reassembled"));
      }
    }
  }
}

TEST(Vectors, ping_and_occ_messages) {
  const json file = load("ping-occ-exit.json");
  EXPECT_EQ(to_hex(wire::ping_message), file.at("ping_magic"));
  int pings = 0;
  int exits = 0;
  for (const json& item : file.at("items")) {
    if (!item.contains("plaintext")) {
      EXPECT_EQ(item.at("control_channel_message"),
                to_hex(as_bytes(std::string_view("EXIT\0", 5))));
      continue;
    }
    const Buffer plaintext = bytes(item, "plaintext");
    if (wire::is_ping(plaintext)) {
      ++pings;
      continue;
    }
    const auto message = wire::decode_occ(plaintext);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type, static_cast<std::uint8_t>(wire::OccType::exit));
    EXPECT_EQ(wire::encode_occ(wire::OccType::exit), plaintext);
    ++exits;
  }
  EXPECT_GT(pings, 0);
  EXPECT_GT(exits, 0);
}

TEST(Vectors, auth_tokens) {
  const json file = load("auth-token.json");
  const auto key = crypto::AuthTokenKey::parse(file.at("server_key_file").get<std::string>());
  ASSERT_TRUE(key);
  for (const json& entry : file.at("tokens")) {
    const std::string token = entry.at("token");
    const std::string user = file.at("username");
    const auto verified = key->verify(token, user);
    ASSERT_TRUE(verified);
    EXPECT_EQ(to_hex(verified->session), entry.at("session_id"));
    EXPECT_EQ(verified->initial.seconds, entry.at("initial_timestamp").get<std::int64_t>());
    EXPECT_EQ(verified->issued.seconds, entry.at("timestamp").get<std::int64_t>());
    EXPECT_EQ(key->sign(*verified, user), token);
    EXPECT_FALSE(key->verify(token, "mallory"));
  }
}

TEST(Vectors, p2p_peer_id) {
  for (const json& test : load("p2p-peer-id.json").at("cases")) {
    EXPECT_EQ(crypto::exporter_label_p2p_peer_id, test.at("label").get<std::string>());
    const Buffer id =
        exporter(test, "tls13_exporter_secret", crypto::exporter_label_p2p_peer_id, 3);
    EXPECT_EQ(id, bytes(test, "peer_id_hex"));
    const auto header = wire::decode_data_header(bytes(test, "first_data_packet"));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->peer_id, Reader(id).u24());
  }
}

}  // namespace
}  // namespace adit::vectors
