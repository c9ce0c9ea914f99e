#include "node/channel_setup.h"

#include <algorithm>

#include "base/text.h"
#include "wire/options_string.h"

namespace adit::node {

using options::Compression;

session::Offer make_offer(const options::Config& config) {
  session::Offer offer;
  offer.data_ciphers = config.channel.data_ciphers;
  offer.fallback = config.channel.data_ciphers_fallback;
  offer.auth = config.channel.auth;
  offer.unpacks = config.channel.allow_compression_set &&
                  config.channel.allow_compression != options::Channel::AllowCompression::no;
  offer.force_key_export = config.channel.force_key_export;
  return offer;
}

namespace {

// Every cipher that may come into use.
std::vector<std::string> named_ciphers(const options::Channel& channel) {
  std::vector<std::string> named = channel.data_ciphers;
  named.push_back(channel.cipher);
  named.push_back(channel.data_ciphers_fallback);
  return named;
}

bool has_small_blocks(const std::string& name) {
  const crypto::Cipher* cipher = crypto::find_cipher(name);
  return cipher != nullptr && cipher->has_small_blocks();
}

Status check_digest(const options::Config& config) {
  const std::string& name = config.channel.auth;
  if (name == "none" || crypto::find_digest(name)) return {};
  const options::Said* said = config.said_of("auth");
  return fail_with({fmt::format("{}: the TLS library has no digest called \"{}\"",
                                said != nullptr ? said->at.text() : "auth", printable(name)),
                    "--show-digests prints the names"});
}

}  // namespace

Status load_ciphers(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const crypto::Cipher* cipher = crypto::find_cipher(name);
    if (cipher == nullptr || !cipher->legacy) continue;
    Status loaded = crypto::load_legacy_ciphers();
    if (loaded) return loaded;
    return fail_with({loaded.error().what + " (" + name + ")",
                      "name no such cipher, or install OpenSSL's legacy module"});
  }
  return {};
}

Status load_ciphers(const options::Config& config) {
  if (Status loaded = crypto::load_providers(config.identity.providers); !loaded) return loaded;
  if (Status found = check_digest(config); !found) return found;
  return load_ciphers(named_ciphers(config.channel));
}

wire::CompressionFraming framing_of(Compression compression) {
  switch (compression) {
    case Compression::lzo:
    case Compression::lzo_stub:
      return wire::CompressionFraming::lzo;
    case Compression::stub:
    case Compression::lz4:
      return wire::CompressionFraming::swap;
    case Compression::stub_v2:
    case Compression::lz4_v2:
      return wire::CompressionFraming::stub_v2;
    case Compression::off:
    case Compression::migrate:
      break;
  }
  return wire::CompressionFraming::none;
}

bool may_compress(const options::Channel& channel) {
  return channel.allow_compression == options::Channel::AllowCompression::yes;
}

Compression migrated(const session::Session& client) {
  if (!wire::options_string_has(client.peer_options(), "comp-lzo")) return Compression::off;
  return client.peer_info().find("IV_COMP_STUBv2") ? Compression::stub_v2 : Compression::lzo_stub;
}

std::string pushed_compression(Compression compression) {
  return compression == Compression::stub_v2 ? "compress stub-v2" : "comp-lzo no";
}

std::string compression_name(Compression compression) {
  switch (compression) {
    case Compression::lzo:
      return "lzo";
    case Compression::lzo_stub:
    case Compression::stub:
      return "stub";
    case Compression::stub_v2:
      return "stubv2";
    case Compression::lz4:
      return "lz4";
    case Compression::lz4_v2:
      return "lz4v2";
    case Compression::off:
    case Compression::migrate:
      break;
  }
  return {};
}

namespace {

const crypto::Cipher* announced_cipher(const options::Channel& channel) {
  return channel.cipher.empty() ? nullptr : crypto::find_cipher(channel.cipher);
}

std::size_t digest_bytes(const std::string& name) {
  const auto digest = crypto::find_digest(name);
  return digest ? digest->bytes : 0;
}

}  // namespace

session::Frame make_frame(const session::Negotiated* negotiated, const options::Channel& channel,
                          const FrameFacts& facts) {
  session::Frame frame;
  frame.cipher =
      negotiated != nullptr ? crypto::find_cipher(negotiated->cipher) : announced_cipher(channel);
  frame.digest_bytes = digest_bytes(negotiated != nullptr ? negotiated->auth : channel.auth);
  frame.tcp = facts.tcp;
  frame.relayed = facts.relayed;
  frame.outer_v6 = facts.outer_v6;
  frame.fragment = facts.fragment;
  frame.static_key = facts.static_key;
  frame.tun_extra = facts.tun_extra;
  const auto framing = framing_of(facts.compression);
  frame.compression_byte =
      framing == wire::CompressionFraming::lzo || framing == wire::CompressionFraming::swap;
  if (negotiated != nullptr) {
    frame.data_v2 = negotiated->data_v2;
    frame.epoch = negotiated->epoch;
  }
  return frame;
}

session::Frame fit_packets(plane::PeerSpec& spec, const session::Negotiated* negotiated,
                           const options::Channel& channel, FrameFacts facts, const MtuSetup& mtu) {
  facts.fragment = mtu.fragment.has_value();
  facts.tun_extra = mtu.tun_extra;
  const session::Frame frame = make_frame(negotiated, channel, facts);
  spec.framing = framing_of(facts.compression);
  spec.decompress = options::compresses(facts.compression);  // source: wire protocol 12
  spec.compress = may_compress(channel) && spec.decompress;
  spec.mss = session::mss_clamp(frame, mtu.mssfix);
  if (mtu.mssfix_within_link_mtu) {
    using Kind = session::Mssfix::Kind;
    spec.mss = std::min(spec.mss, session::mss_clamp(frame, {Kind::payload, *mtu.link_mtu}));
  }
  if (mtu.fragment) spec.fragment_most = session::fragment_limit(frame, *mtu.fragment);
  return frame;
}

std::string make_options_string(const options::Config& config, const OptionsStringFacts& facts,
                                const MtuSetup& mtu) {
  const options::Channel& channel = config.channel;
  const session::Frame frame = make_frame(
      nullptr, channel,
      {channel.compression, facts.tcp, false, facts.fragment, facts.static_key, mtu.tun_extra});
  wire::OptionsString string;
  if (config.device.is_tap()) string.dev_type = "tap";
  string.secret = facts.static_key;
  string.mtu_dynamic = facts.fragment;
  string.tun_mtu = mtu.announced;
  string.link_mtu = session::options_link_mtu(frame, mtu.announced_of);
  if (facts.tcp) string.proto = facts.tls_server ? "TCPv4_SERVER" : "TCPv4_CLIENT";
  string.ifconfig = facts.ifconfig;
  string.comp_lzo = framing_of(channel.compression) != wire::CompressionFraming::none;
  string.keydir = facts.key_direction;
  const bool known = frame.cipher != nullptr;
  const bool aead = known && frame.cipher->is_aead();
  const bool listed =
      std::ranges::find(channel.data_ciphers, channel.cipher) != channel.data_ciphers.end();
  if (known && (facts.point_to_point || listed)) {
    string.cipher = frame.cipher->mode == crypto::CipherMode::none
                        ? "[null-cipher]"
                        : std::string(frame.cipher->name);
  } else if (facts.point_to_point) {
    string.cipher = "BF-CBC";
  }
  string.auth = aead || to_upper(channel.auth) == "NONE" ? "[null-digest]" : channel.auth;
  string.keysize_bits = known ? static_cast<unsigned>(frame.cipher->key_bytes * 8) : 128;
  string.tls_auth = facts.tls_auth;
  string.tls_server = facts.tls_server;
  return string.text();
}

DisorderReport::Key key_in_use(const session::Session& session) {
  const crypto::Cipher* cipher = crypto::find_cipher(session.negotiated()->cipher);
  return {cipher != nullptr && cipher->is_aead(), session.key_id()};
}

crypto::ReplayLimits replay_limits(const options::Channel& channel) {
  if (!channel.replay_window_set) return crypto::generous_limits;
  return {channel.replay_window, static_cast<std::uint32_t>(channel.replay_time.count())};
}

plane::KeySpec make_key_spec(const session::Negotiated& negotiated,
                             const crypto::DataKeyMaterial& material, std::uint8_t key_id,
                             bool tls_server, const options::Channel& channel) {
  plane::KeySpec spec;
  spec.format.cipher = crypto::find_cipher(negotiated.cipher);
  if (!spec.format.cipher->is_aead()) spec.format.digest = crypto::find_digest(negotiated.auth);
  spec.format.header =
      negotiated.data_v2 ? crypto::DataFormat::Header::v2 : crypto::DataFormat::Header::v1;
  spec.format.key_id = key_id;
  spec.format.peer_id = negotiated.peer_id;
  spec.format.epoch = negotiated.epoch;
  spec.send = tls_server ? material.server_to_client() : material.client_to_server();
  spec.receive = tls_server ? material.client_to_server() : material.server_to_client();
  spec.replay = replay_limits(channel);
  return spec;
}

// source: wire protocol 8.4
constexpr std::uint64_t small_blocks_limit = std::uint64_t{64} << 20;

void fill_session_setup(session::Setup& setup, const options::Config& config,
                        const options::Connection& connection, bool server) {
  const options::Channel& channel = config.channel;
  setup.tls_timeout = channel.tls_timeout;
  setup.hand_window = channel.hand_window;
  setup.tran_window = channel.tran_window;
  setup.reneg = channel.reneg;
  setup.reneg_min =
      channel.reneg_min.value_or(server ? channel.reneg - channel.reneg / 10 : channel.reneg);
  setup.reneg_bytes = channel.reneg_bytes.value_or(0);
  setup.reneg_bytes_small_blocks = channel.reneg_bytes.value_or(small_blocks_limit);
  setup.small_blocks = std::ranges::any_of(named_ciphers(channel), has_small_blocks);
  setup.reneg_packets = channel.reneg_packets;
  constexpr unsigned outer_v4 = 28;
  constexpr unsigned outer_v6 = 48;
  const bool v6 = connection.proto.family == ip::Family::v6;
  setup.datagram_limit = connection.max_packet_size - (v6 ? outer_v6 : outer_v4);
}

}  // namespace adit::node
