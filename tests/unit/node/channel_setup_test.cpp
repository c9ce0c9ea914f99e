#include "node/channel_setup.h"

#include <gtest/gtest.h>

#include "options/parser.h"

namespace adit::node {
namespace {

class NoFiles final : public options::Files {
 public:
  Result<std::string> read(const std::string& path) override { return fail("no {}", path); }
};

// A client with these words on its command line.
options::Config config_of(std::vector<std::string> words) {
  for (const char* word : {"--client", "--dev", "tun", "--remote", "vpn.example.com", "--ca", "ca",
                           "--cert", "cert", "--key", "key"}) {
    words.emplace_back(word);
  }
  NoFiles files;
  return options::load(words, files).config;
}

TEST(ChannelSetup, an_unknown_digest_stops_the_start_with_its_place) {
  const Status refused = load_ciphers(config_of({"--auth", "SHA257"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(),
            "[CMD-LINE]:1: the TLS library has no digest called \"SHA257\" - --show-digests prints "
            "the names");
  for (const char* known : {"none", "SHA1", "sha256", "SHA512", "MD5"}) {
    EXPECT_TRUE(load_ciphers(config_of({"--auth", known}))) << known;
  }
}

// source: wire protocol 8.4
TEST(ChannelSetup, small_blocks_are_renewed_every_64_mib_unless_something_else_is_said) {
  struct Row {
    std::vector<std::string> words;
    bool watches;
    std::uint64_t limit, limit_small_blocks;
  };
  constexpr std::uint64_t usual = std::uint64_t{64} << 20;
  for (const Row& row : {
           Row{{}, false, 0, usual},
           Row{{"--data-ciphers", "AES-256-GCM:BF-CBC"}, true, 0, usual},
           Row{{"--data-ciphers-fallback", "DES-EDE3-CBC"}, true, 0, usual},
           Row{{"--compat-mode", "2.3.0"}, true, 0, usual},
           Row{{"--data-ciphers", "BF-CBC", "--reneg-bytes", "0"}, false, 0, 0},
           Row{{"--data-ciphers", "BF-CBC", "--reneg-bytes", "99"}, true, 99, 99},
           Row{{"--reneg-bytes", "99"}, true, 99, 99},
       }) {
    const options::Config config = config_of(row.words);
    session::Setup setup;
    fill_session_setup(setup, config, config.connection, false);
    EXPECT_EQ(session::limits_traffic(setup), row.watches) << row.words.size();
    EXPECT_EQ(setup.reneg_bytes, row.limit);
    EXPECT_EQ(setup.reneg_bytes_small_blocks, row.limit_small_blocks);
  }
}

TEST(ChannelSetup, only_allow_compression_yes_sends_compressed_and_only_where_it_can_be_told) {
  using options::Compression;
  for (const char* allowed : {"yes", "asym", "no", ""}) {
    std::vector<std::string> words;
    if (*allowed != 0) words = {"--allow-compression", allowed};
    const options::Config config = config_of(words);
    for (const auto& [compression, can] : {std::pair{Compression::lzo, true},
                                           {Compression::lz4, true},
                                           {Compression::lz4_v2, true},
                                           {Compression::lzo_stub, false},
                                           {Compression::stub, false},
                                           {Compression::stub_v2, false},
                                           {Compression::migrate, false},
                                           {Compression::off, false}}) {
      plane::PeerSpec spec;
      FrameFacts facts;
      facts.compression = compression;
      fit_packets(spec, nullptr, config.channel, facts, {});
      EXPECT_EQ(spec.decompress, can) << allowed;
      EXPECT_EQ(spec.compress, can && allowed == std::string_view("yes")) << allowed;
    }
  }
}

}  // namespace
}  // namespace adit::node
