#include <array>
#include <lz4.h>

#include "base/json.h"
#include "tests/fuzz/seeds/corpus.h"
#include "wire/control_message.h"
#include "wire/early_negotiation.h"
#include "wire/inside_message.h"
#include "wire/key_method2.h"

namespace adit::fuzz {

namespace {

const Json& handshake() {
  static const Json file = load_vectors("control-plain-handshake.json");
  return file;
}

const Json& parsed_by_server() { return handshake().at("key_method2_client").at("parsed"); }

std::string peer_info() { return parsed_by_server().at("peer_info").at("text").get<std::string>(); }

std::string options_string() {
  return parsed_by_server().at("options").at("text").get<std::string>();
}

void add_control(Corpus& corpus) {
  for (const Json& packet : handshake().at("packets")) {
    corpus.add("control_packet", vector_bytes(packet, "packet"));
  }
  for (const bool from_client : {true, false}) {
    const Json& message = handshake().at(from_client ? "key_method2_client" : "key_method2_server");
    Pack input;
    input.flag(from_client);
    input.bytes(vector_bytes(message, "plaintext"));
    corpus.add("key_method2", std::move(input));
  }
  corpus.add("early_negotiation", wire::encode_early_negotiation({.resend_wkc = true}));
  corpus.add("early_negotiation", *from_hex("0002000101000100020001"));
}

void add_messages(Corpus& corpus) {
  const auto add = [&](std::string text) {
    text.push_back('\0');
    corpus.add("control_messages", text);
  };
  add(handshake().at("push_reply_plaintext").get<std::string>());
  for (const char* text :
       {"PUSH_REQUEST", "PUSH_REPLY,push-continuation 2", "PUSH_UPDATE,-dns,?route 10.0.0.0",
        "AUTH_FAILED,TEMP[backoff 7,advance no]:busy", "AUTH_FAILED,SESSION:over",
        "AUTH_FAILED,CRV1:R,E:id:dXNlcg==:code?", "AUTH_PENDING,timeout 100", "INFO,CR_TEXT:R:x",
        "INFO_PRE,WEB_AUTH::https://a", "CR_RESPONSE,eA==", "RESTART,[PN]later", "HALT,bye",
        "EXIT\r\n", "RESTART,[P]:text"}) {
    add(text);
  }
  std::vector<std::string> long_list(40, "route 10.20.30.0 255.255.255.0 vpn_gateway 200");
  std::string messages;
  for (const std::string& message : wire::render_push_reply(long_list)) {
    messages += message + '\0';
  }
  corpus.add("control_messages", messages);
  corpus.add_words("control_messages", {"PUSH_REQUEST",
                                        "PUSH_REPLY",
                                        "PUSH_UPDATE",
                                        "AUTH_FAILED",
                                        "AUTH_PENDING",
                                        "INFO_PRE",
                                        "INFO",
                                        "CR_RESPONSE",
                                        "RESTART",
                                        "HALT",
                                        "EXIT",
                                        "SESSION:",
                                        "TEMP[",
                                        "backoff ",
                                        "advance no",
                                        "advance addr",
                                        "advance remote",
                                        "CRV1:",
                                        "timeout ",
                                        ",push-continuation 1",
                                        ",push-continuation 2",
                                        "[PN]"});
}

// The pieces of each case one after the other, then a packet to cut.
void add_fragments(Corpus& corpus) {
  const Json vectors = load_vectors("fragment.json");
  for (const Json& test : vectors.at("cases")) {
    Pack input;
    for (const Json& packet : test.at("packets")) {
      input.u8(0);
      put_piece(input, vector_bytes(packet, "payload"));
    }
    input.u8(0);
    input.u8(0);
    input.u8(100);
    input.u8(7);
    input.bytes(Buffer(1000, 0x45));
    corpus.add("fragments", std::move(input));
  }
}

void add_texts(Corpus& corpus) {
  const std::string options = options_string();
  for (const std::string& received :
       {options, options + ",comp-lzo",
        std::string("V4,cipher BF-CBC,"
                    "auth SHA1,keysize 128,key-method 2,tls-client")}) {
    Pack input;
    put_piece(input, as_bytes(options));
    input.bytes(as_bytes(received));
    corpus.add("options_string", std::move(input));
  }
  corpus.add_words("options_string",
                   {"V4,", "dev-type tun", "link-mtu ", "tun-mtu ", "proto UDPv4", "comp-lzo",
                    "mtu-dynamic", "keydir 1", "cipher ", "auth SHA1", "keysize 256", "tls-auth",
                    "key-method 2", "tls-client", "tls-server", "[null-cipher]", "ifconfig "});
  for (const std::string& info :
       {peer_info(), std::string("IV_NCP=2\nIV_PROTO=8094\nUV_X=$(x)\n")}) {
    Pack input;
    put_piece(input, as_bytes(options));
    input.bytes(as_bytes(info));
    corpus.add("peer_info", std::move(input));
  }
  corpus.add_words("peer_info",
                   {"IV_PROTO=", "IV_CIPHERS=", "IV_NCP=2", "IV_VER=", "IV_MTU=1600", "UV_", "IV_",
                    "AES-256-GCM", "AES-256-CBC", "CHACHA20-POLY1305", ":", "cipher ", "8094"});
}

void add_framing(Corpus& corpus) {
  Buffer stream;
  const Json file = load_vectors("tcp-framing.json");
  for (const Json& segment : file.at("segments")) {
    const Buffer bytes = vector_bytes(segment, "tcp_segment");
    stream.insert(stream.end(), bytes.begin(), bytes.end());
  }
  for (const std::uint8_t reception : std::to_array<std::uint8_t>({0, 1, 30, 255})) {
    Pack input;
    input.u16(1999);
    input.u8(0);
    input.bytes(Buffer(16, reception));
    input.bytes(stream);
    corpus.add("tcp_framing", std::move(input));
    Pack on_a_socket;
    on_a_socket.u8(reception);
    on_a_socket.bytes(Buffer(8, reception));
    on_a_socket.bytes(stream);
    corpus.add("tcp_reader", std::move(on_a_socket));
  }
}

void add_compressed(Corpus& corpus) {
  const Json file = load_vectors("compression-framing.json");
  for (const Json& test : file.at("cases")) {
    const auto option = test.at("option").get<std::string>();
    const std::uint8_t framing = option.starts_with("--comp-lzo") ? 1
                                 : option.ends_with("-v2")        ? 3
                                                                  : 2;
    for (const Json& packet : test.at("packets")) {
      const Buffer framed = vector_bytes(packet, "framed");
      Pack input;
      input.u8(framing);
      input.u16(2000);
      input.bytes(framed);
      corpus.add("compression", std::move(input));
      if (framed[0] != 0x66) continue;
      Pack stream;
      stream.u8(0);
      stream.u16(2000);
      stream.bytes(Bytes(framed).subspan(1));
      corpus.add("decompression", std::move(stream));
    }
  }
  const std::string text(300, 'a');
  Buffer block(400);
  const int size = LZ4_compress_default(text.data(), reinterpret_cast<char*>(block.data()),
                                        static_cast<int>(text.size()), 400);
  Pack input;
  input.u8(1);
  input.u16(1000);
  input.bytes(Bytes(block).first(static_cast<std::size_t>(size)));
  corpus.add("decompression", std::move(input));
  for (const std::uint8_t kind :
       std::to_array<std::uint8_t>({2, 3})) {  // to be written and read back
    Pack any;
    any.u8(kind);
    for (unsigned i = 0; i < 500; ++i) any.u8(static_cast<std::uint8_t>(i * i / 7));
    corpus.add("decompression", std::move(any));
  }
}

void add_payloads(Corpus& corpus) {
  const Json file = load_vectors("fragment.json");
  for (const Json& test : file.at("cases")) {
    for (const Json& packet : test.at("packets")) {
      corpus.add("inside_payload", vector_bytes(packet, "payload"));
    }
  }
  corpus.add("inside_payload", wire::ping_message);
  corpus.add("inside_payload", wire::encode_occ(wire::OccType::exit));
  Pack in_a_packet;
  in_a_packet.u32(0x48000001);
  in_a_packet.bytes(wire::encode_occ(wire::OccType::reply, as_bytes("V4")));
  corpus.add("inside_payload", std::move(in_a_packet));
}

}  // namespace

void add_wire_inputs(Corpus& corpus) {
  add_control(corpus);
  add_messages(corpus);
  add_fragments(corpus);
  add_texts(corpus);
  add_framing(corpus);
  add_compressed(corpus);
  add_payloads(corpus);
}

}  // namespace adit::fuzz
