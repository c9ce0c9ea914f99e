#include <array>
#include <fstream>
#include <sstream>
#include <utility>

#include "options/table.h"
#include "tests/fuzz/seeds/corpus.h"

namespace adit::fuzz {

namespace {

// Every name of the table that may stand in this place, and words that parameters are made of.
std::vector<std::string> words_of(options::Where place) {
  std::vector<std::string> words{"\n",       "10.8.0.0", "255.255.255.0", "fd00::/64",
                                 "udp",      "tcp",      "AES-256-GCM",   "SHA256",
                                 "adaptive", "def1",     "vpn_gateway",   "[inline]"};
  for (const options::Row* row : options::all_rows()) {
    if (!row->allowed(place)) continue;
    words.emplace_back(row->name);
    if (!row->allowed(options::where::inside)) continue;
    words.push_back("<" + std::string(row->name) + ">");
    words.push_back("</" + std::string(row->name) + ">");
  }
  return words;
}

void add_samples(Corpus& corpus) {
  const std::string folder = std::string(ADIT_SOURCE_DIR) + "/tests/unit/options/configs";
  if (!std::filesystem::exists(folder)) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    corpus.add("config_file", text.str());
    corpus.add("migrate", text.str());
  }
}

// Every option of a place with parameters of several kinds, some to an input.
void add_every_option(Corpus& corpus, const char* target, options::Where place, char separator) {
  constexpr std::array<std::string_view, 5> tails{"", " 10", " 10.8.0.4 255.255.255.0",
                                                  " fd00::/64 fd00::1", " word 10 20"};
  constexpr std::size_t options_per_input = 8;
  for (const std::string_view tail : tails) {
    std::string text;
    std::size_t count = 0;
    for (const options::Row* row : options::all_rows()) {
      if (!row->allowed(place)) continue;
      text.append(row->name).append(tail) += separator;
      if (++count % options_per_input == 0) corpus.add(target, std::exchange(text, {}));
    }
    if (!text.empty()) corpus.add(target, text);
  }
}

}  // namespace

void add_options_inputs(Corpus& corpus) {
  corpus.add("config_file",
             std::string_view("client\ndev tun\nremote vpn.example.org 1194 udp\n"
                              "ca ca.crt\ncert a.crt\nkey a.key\n<tls-crypt>\nx\n"
                              "</tls-crypt>\n<connection>\nremote b\n</connection>\n"));
  corpus.add("config_file", std::string_view("server 10.8.0.0 255.255.255.0\nport 1194\nproto udp\n"
                                             "dev tun\ntopology subnet\nkeepalive 10 60\n"
                                             "push \"route 10.1.0.0 255.255.0.0\"\n"
                                             "server-ipv6 fd00::/64\ndata-ciphers AES-256-GCM\n"));
  add_samples(corpus);
  corpus.add("client_profile", std::string_view("ifconfig-push 10.8.0.9 255.255.255.0\n"
                                                "iroute 10.9.0.0 255.255.0.0\n"
                                                "push \"route 10.1.0.0 255.255.0.0\"\n"
                                                "ifconfig-ipv6-push fd00::9/64\ndisable\n"));
  corpus.add("pushed_options",
             std::string_view("topology subnet,route-gateway 10.77.0.1,ifconfig 10.77.0.2 "
                              "255.255.255.0,peer-id 0,cipher AES-256-GCM,protocol-flags cc-exit "
                              "tls-ekm dyn-tls-crypt,tun-mtu 1500,dhcp-option DNS 10.77.0.1,"
                              "redirect-gateway def1,ping 10,ping-restart 60"));
  corpus.add(
      "pushed_options",
      std::string_view("route 10.0.0.0 255.0.0.0,route-ipv6 fd00::/8,ifconfig-ipv6 fd00::2/64 "
                       "fd00::1,setenv-safe X y,dns server 1 address 10.0.0.1,auth-token T"));
  corpus.add_words("config_file", words_of(options::where::file));
  corpus.add_words("migrate", words_of(options::where::file));
  corpus.add_words("client_profile", words_of(options::where::profile));
  corpus.add_words("pushed_options", words_of(options::where::pushed));
  add_every_option(corpus, "config_file", options::where::file, '\n');
  add_every_option(corpus, "migrate", options::where::file, '\n');
  add_every_option(corpus, "client_profile", options::where::profile, '\n');
  add_every_option(corpus, "pushed_options", options::where::pushed, ',');
  corpus.add("pool_file",
             std::string_view("\1\0client1,10.8.0.4,fd00::1000\nclient2,10.8.0.8,\n", 48));
  corpus.add("pool_file", std::string_view("\0\1client1,10.8.0.4\n# note\n", 26));
  corpus.add("ca_index", std::string_view("V\t361120101127Z\t\t0A1B\tunknown\t/CN=office\n"
                                          "R\t20550101000000Z\t261122101127Z,keyCompromise\t02\t"
                                          "unknown\t/C=DE/CN=lost laptop/emailAddress=a@b\n"
                                          "E\t200101000000Z\t\t03\tunknown\t/CN=old\r\n"));
  corpus.add("ca_index", std::string_view("laptop-1"));
}

}  // namespace adit::fuzz
