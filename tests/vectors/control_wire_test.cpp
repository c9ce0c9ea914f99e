// Control channel bytes: plain, tls-auth, tls-crypt, tls-crypt-v2, dynamic tls-crypt, TCP framing.

#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/control_cipher.h"
#include "crypto/key_derivation.h"
#include "crypto/tls_crypt_v2.h"
#include "tests/vectors/vectors.h"
#include "wire/control_message.h"
#include "wire/early_negotiation.h"
#include "wire/key_method2.h"
#include "wire/peer_info.h"
#include "wire/tcp_framing.h"

namespace adit::vectors {
namespace {

using crypto::ControlCipher;
using nlohmann::json;

void expect_body(const json& packet, wire::Opcode opcode, Bytes body) {
  const auto decoded = wire::decode_control_body(opcode, body);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::vector<std::uint32_t>(decoded->acks.ids().begin(), decoded->acks.ids().end()),
            packet.at("acks").get<std::vector<std::uint32_t>>());
  if (packet.at("packet_id").is_null()) {
    EXPECT_FALSE(decoded->packet_id);
  } else {
    EXPECT_EQ(decoded->packet_id, packet.at("packet_id").get<std::uint32_t>());
  }
  if (packet.contains("payload_len") && !packet.at("payload_len").is_null()) {
    EXPECT_EQ(decoded->payload.size(), packet.at("payload_len").get<std::size_t>());
  }
  Buffer again(body.size());
  EXPECT_EQ(wire::encode_control_body(*decoded, again), body.size());
  EXPECT_EQ(to_hex(again), to_hex(body));
}

ControlCipher::Opened open(ControlCipher& cipher, Buffer& datagram) {
  auto result = cipher.open(datagram);
  EXPECT_TRUE(std::holds_alternative<ControlCipher::Opened>(result)) << to_hex(datagram);
  return std::get<ControlCipher::Opened>(result);
}

// Opens with the receiver's cipher, checks the body, seals again with the sender's cipher.
void expect_wrapped(const json& packet, Buffer datagram, ControlCipher& sender,
                    ControlCipher& receiver) {
  const Buffer original = datagram;
  const auto opened = open(receiver, datagram);
  expect_body(packet, opened.head.opcode, opened.body);
  Buffer again(original.size());
  const auto size = sender.seal(opened.head, opened.session, opened.stamp.value_or(crypto::Stamp{}),
                                opened.body, again);
  EXPECT_EQ(size, original.size());
  EXPECT_EQ(to_hex(again), to_hex(original));

  Buffer damaged = original;
  damaged[damaged.size() - 1] ^= 1;
  EXPECT_TRUE(!receiver.has_stamp() || std::holds_alternative<Drop>(receiver.open(damaged)));
}

TEST(Vectors, control_plain_handshake) {
  const json file = load("control-plain-handshake.json");
  const auto cipher = crypto::make_plain_control();
  for (const json& packet : file.at("packets")) {
    Buffer datagram = bytes(packet, "packet");
    const auto opened = open(*cipher, datagram);
    EXPECT_EQ(static_cast<int>(opened.head.opcode), packet.at("opcode").get<int>());
    EXPECT_EQ(opened.head.key_id, packet.at("key_id").get<int>());
    EXPECT_EQ(to_hex(opened.session.bytes()), packet.at("session_id").get<std::string>());
    expect_wrapped(packet, datagram, *cipher, *cipher);
  }
}

void expect_key_method2(const Buffer& message, bool from_client, const json& parsed) {
  const auto decoded = wire::decode_key_method2(message, from_client);
  ASSERT_TRUE(decoded);
  if (from_client) {
    EXPECT_EQ(to_hex(decoded->source.pre_master.bytes()), parsed.at("pre_master"));
  }
  EXPECT_EQ(to_hex(decoded->source.random1.bytes()), parsed.at("random1"));
  EXPECT_EQ(to_hex(decoded->source.random2.bytes()), parsed.at("random2"));
  EXPECT_EQ(decoded->options, parsed.at("options").at("text"));
  EXPECT_EQ(decoded->username, parsed.at("username").at("text"));
  EXPECT_EQ(decoded->password.reveal(), parsed.at("password").at("text"));
  EXPECT_EQ(decoded->peer_info, parsed.at("peer_info").at("text"));
  EXPECT_EQ(wire::encode_key_method2(*decoded, from_client), message);
}

TEST(Vectors, key_method2_messages) {
  const json file = load("control-plain-handshake.json");
  for (const bool from_client : {true, false}) {
    const json& message = file.at(from_client ? "key_method2_client" : "key_method2_server");
    expect_key_method2(bytes(message, "plaintext"), from_client, message.at("parsed"));
  }
}

TEST(Vectors, push_reply) {
  const json file = load("control-plain-handshake.json");
  std::string text = file.at("push_reply_plaintext");
  text.push_back('\0');
  const auto messages = wire::decode_control_messages(as_bytes(text));
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, wire::MessageKind::push_reply);
  const auto reply = wire::parse_push_reply(messages[0].rest);
  EXPECT_EQ(reply.options.size(), 7u);
  EXPECT_EQ(reply.continuation, wire::PushReply::Continuation::none);
  EXPECT_EQ(wire::render_push_reply(reply.options), std::vector{messages[0].text});
}

TEST(Vectors, tls_auth) {
  const json file = load("tls-auth.json");
  const auto key = crypto::StaticKey::parse(file.at("static_key_file").get<std::string>());
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->bytes()), file.at("static_key"));
  for (const json& test : file.at("cases")) {
    const auto digest = crypto::find_digest(test.at("digest").get<std::string>());
    ASSERT_TRUE(digest);
    const bool directed =
        test.at("name").get<std::string>().find("no key direction") == std::string::npos;
    const auto server =
        crypto::make_tls_auth(*digest, *key, directed ? std::optional(0) : std::nullopt);
    const auto client =
        crypto::make_tls_auth(*digest, *key, directed ? std::optional(1) : std::nullopt);
    for (const json& packet : test.at("packets")) {
      Buffer datagram = bytes(packet, "packet");
      ControlCipher& sender = from_client(packet) ? *client : *server;
      ControlCipher& receiver = from_client(packet) ? *server : *client;
      Buffer copy = datagram;
      const auto opened = open(receiver, copy);
      EXPECT_EQ(opened.stamp->id, packet.at("replay_packet_id").get<std::uint32_t>());
      EXPECT_EQ(opened.stamp->time, packet.at("replay_time").get<std::uint32_t>());
      expect_wrapped(packet, datagram, sender, receiver);
    }
  }
}

TEST(Vectors, tls_crypt) {
  const json file = load("tls-crypt.json");
  const auto key = crypto::StaticKey::parse(file.at("static_key_file").get<std::string>());
  ASSERT_TRUE(key);
  const auto server = crypto::make_tls_crypt(*key, true);
  const auto client = crypto::make_tls_crypt(*key, false);
  for (const json& packet : file.at("packets")) {
    expect_wrapped(packet, bytes(packet, "packet"), from_client(packet) ? *client : *server,
                   from_client(packet) ? *server : *client);
  }
}

TEST(Vectors, tls_crypt_v2_keys) {
  const json file = load("tls-crypt-v2.json");
  const auto server_key =
      crypto::TlsCryptV2ServerKey::parse(file.at("server_key_file").get<std::string>());
  ASSERT_TRUE(server_key);
  for (const json& entry : file.at("client_keys")) {
    const auto client_key = crypto::TlsCryptV2ClientKey::parse(entry.at("file").get<std::string>());
    ASSERT_TRUE(client_key);
    EXPECT_EQ(to_hex(client_key->key.bytes()), entry.at("Kc"));
    EXPECT_EQ(to_hex(client_key->wrapped), entry.at("WKc"));
    const auto unwrapped = server_key->unwrap(client_key->wrapped);
    ASSERT_TRUE(unwrapped);
    EXPECT_EQ(to_hex(unwrapped->key.bytes()), entry.at("Kc"));
    EXPECT_EQ(to_hex(unwrapped->metadata), entry.at("metadata"));
    const auto wrapped = server_key->wrap(client_key->key, unwrapped->metadata);
    ASSERT_TRUE(wrapped);
    EXPECT_EQ(wrapped->wrapped, client_key->wrapped);
    Buffer damaged = client_key->wrapped;
    damaged[100] ^= 1;
    EXPECT_FALSE(server_key->unwrap(damaged));
  }
}

TEST(Vectors, tls_crypt_v2_handshakes) {
  const json file = load("tls-crypt-v2.json");
  const crypto::StaticKey key(bytes(file.at("client_keys").at(0), "Kc"));
  const Buffer wkc = bytes(file.at("client_keys").at(0), "WKc");
  const auto server = crypto::make_tls_crypt(key, true);
  const auto client = crypto::make_tls_crypt(key, false);
  for (const char* name : {"handshake_with_cookie", "handshake_without_cookie"}) {
    for (const json& packet : file.at(name).at("packets")) {
      Buffer datagram = bytes(packet, "packet");
      if (packet.at("wkc_appended")) {
        ASSERT_EQ(crypto::wkc_length(datagram), wkc.size());
        EXPECT_EQ(to_hex(Bytes(datagram).last(wkc.size())), to_hex(wkc));
        datagram.resize(datagram.size() - wkc.size());
      }
      expect_wrapped(packet, datagram, from_client(packet) ? *client : *server,
                     from_client(packet) ? *server : *client);
    }
  }
}

TEST(Vectors, tls_crypt_v2_early_negotiation) {
  const json file = load("tls-crypt-v2.json");
  const auto& with = file.at("handshake_with_cookie").at("packets");
  const auto first = std::stoul(with.at(0).at("replay_packet_id").get<std::string>(), nullptr, 16);
  EXPECT_TRUE(wire::marks_early_negotiation(static_cast<std::uint32_t>(first)));
  const auto without = std::stoul(file.at("handshake_without_cookie")
                                      .at("packets")
                                      .at(0)
                                      .at("replay_packet_id")
                                      .get<std::string>(),
                                  nullptr, 16);
  EXPECT_FALSE(wire::marks_early_negotiation(static_cast<std::uint32_t>(without)));
  const Buffer payload = bytes(with.at(1), "payload");
  const auto flags = wire::decode_early_negotiation(payload);
  ASSERT_TRUE(flags);
  EXPECT_TRUE(flags->resend_wkc);
  EXPECT_EQ(wire::encode_early_negotiation(*flags), payload);
}

TEST(Vectors, dynamic_tls_crypt) {
  const json file = load("dynamic-tls-crypt.json");
  const crypto::StaticKey exported(bytes(file, "exporter_output"));
  const crypto::StaticKey key = exported.exclusive_or(crypto::StaticKey(bytes(file, "static_key")));
  EXPECT_EQ(to_hex(key.bytes()), file.at("wrap_key"));
  EXPECT_EQ(crypto::exporter_label_dynamic_tls_crypt, file.at("label").get<std::string>());
  const auto server = crypto::make_tls_crypt(key, true);
  const auto client = crypto::make_tls_crypt(key, false);
  int whole_packets = 0;
  for (const json& packet : file.at("packets")) {
    if (packet.at("packet").get<std::string>().ends_with("...")) continue;
    expect_wrapped(packet, bytes(packet, "packet"), from_client(packet) ? *client : *server,
                   from_client(packet) ? *server : *client);
    ++whole_packets;
  }
  EXPECT_GT(whole_packets, 3);
}

TEST(Vectors, tcp_framing) {
  const json file = load("tcp-framing.json");
  for (const json& entry : file.at("segments")) {
    const Buffer segment = bytes(entry, "tcp_segment");
    // However the segment is cut, the same packets come out.
    for (const std::size_t step : {segment.size(), std::size_t{1}, std::size_t{7}}) {
      wire::TcpDeframer deframer(4096, 2048);
      std::size_t packet_bytes = 0;
      for (std::size_t at = 0; at < segment.size(); at += step) {
        const std::size_t count = std::min(step, segment.size() - at);
        std::copy_n(segment.begin() + static_cast<long>(at), count, deframer.room().begin());
        deframer.filled(count);
        while (const auto packet = deframer.next()) {
          packet_bytes += wire::tcp_length_bytes + packet->size();
          EXPECT_TRUE(wire::decode_control_head(*packet));
        }
      }
      EXPECT_FALSE(deframer.broken());
      EXPECT_EQ(packet_bytes, segment.size());
    }
  }
}

}  // namespace
}  // namespace adit::vectors
