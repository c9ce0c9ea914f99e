// What proxies say, as tinyproxy, squid and dante say it.

#include "tests/fuzz/seeds/corpus.h"

namespace adit::fuzz {

namespace {

// choices  of the target; then what is said, in pieces of at most 255 bytes
void add(Corpus& corpus, std::initializer_list<std::uint8_t> choices, std::string_view said) {
  Pack out;
  for (const std::uint8_t choice : choices) out.u8(choice);
  while (!said.empty()) {
    const std::string_view piece = said.substr(0, 255);
    out.u8(static_cast<std::uint8_t>(piece.size() - 1));
    out.bytes(as_bytes(piece));
    said.remove_prefix(piece.size());
  }
  corpus.add("proxy_answers", std::move(out));
}

constexpr std::string_view refused = "HTTP/1.1 407 Proxy Authentication Required\r\n";
constexpr std::uint8_t none = 0, basic = 1, ntlm = 2;

void add_http(Corpus& corpus) {
  const std::string ok = "HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n";
  add(corpus, {3, none, 0, 1}, ok);
  add(corpus, {3, basic, 0, 1}, std::string(refused) + "\r\n");
  add(corpus, {3, none, 1, 1},
      std::string(refused) + "Proxy-Authenticate: Basic realm=\"x\"\r\n\r\n");
  add(corpus, {3, none, 1, 0},
      std::string(refused) +
          "Proxy-Authenticate: Digest realm=\"a \\\"house\\\", quiet\", nonce=\"f00\", "
          "qop=\"auth\", algorithm=MD5-sess, stale=true, opaque=\"o\"\r\n\r\n");
  add(corpus, {3, ntlm, 0, 1},
      std::string(refused) +
          "Content-Length: 3\r\nProxy-Authenticate: NTLM "
          "TlRMTVNTUAACAAAABgAGADAAAAACAoAAASNFZ4mrze8AAAAAAAAAACQAJAA2AAAARG9tYWluAgAMAEQAbwBtAGEA"
          "aQ"
          "BuAAEADABTAGUAcgB2AGUAcgAAAAAA\r\n\r\nabc" +
          ok);
}

void add_socks(Corpus& corpus) {
  constexpr std::string_view connected{"\5\0\5\0\0\1\0\0\0\0\0\0", 12};
  constexpr std::string_view relay{"\5\2\1\0\5\0\0\1\177\0\0\1\4\0", 14};
  constexpr std::string_view named{"\5\0\5\0\0\3\3abc\0\0", 12};
  add(corpus, {0, 0, 0}, connected);
  add(corpus, {0, 1, 1}, relay);
  add(corpus, {0, 0, 0}, named);
  Pack datagram;
  datagram.u8(1);
  datagram.bytes(as_bytes(std::string_view("\0\0\0\1\300\0\2\1\4\252data", 14)));
  corpus.add("proxy_answers", std::move(datagram));
}

}  // namespace

void add_proxy_inputs(Corpus& corpus) {
  add_http(corpus);
  add_socks(corpus);
  corpus.add_words("proxy_answers", {"HTTP/1.1 407 ", "HTTP/1.1 200 ", "Proxy-Authenticate: ",
                                     "Basic ", "Digest ", "NTLM ", "realm=", "nonce=", "stale=true",
                                     "Content-Length: ", "Transfer-Encoding: chunked", "NTLMSSP"});
}

}  // namespace adit::fuzz
