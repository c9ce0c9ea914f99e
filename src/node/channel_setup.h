#pragma once

#include "node/disorder_report.h"
#include "node/mtu_setup.h"
#include "options/config.h"
#include "plane/data_plane.h"
#include "session/frame.h"
#include "session/negotiation.h"
#include "session/session.h"

namespace adit::node {

// Pieces both roles make of the configuration's channel options.

[[nodiscard]] session::Offer make_offer(const options::Config& config);
// Makes ciphers of OpenSSL's legacy provider usable, if the configuration names one.
[[nodiscard]] Status load_ciphers(const options::Config& config);
[[nodiscard]] Status load_ciphers(const std::vector<std::string>& names);
[[nodiscard]] wire::CompressionFraming framing_of(options::Compression compression);
// Whether what is sent may be compressed, where the framing has a way to say so.
[[nodiscard]] bool may_compress(const options::Channel& channel);
// "compress migrate": what a client is moved to that was configured with comp-lzo or compress; off
// for all others. source: wire protocol 12
[[nodiscard]] options::Compression migrated(const session::Session& client);
// The line that tells a client of it.
[[nodiscard]] std::string pushed_compression(options::Compression compression);
[[nodiscard]] std::string compression_name(options::Compression compression);

// What one peer's packets look like beside what was negotiated.
struct FrameFacts {
  options::Compression compression = options::Compression::off;
  bool tcp = false;
  bool outer_v6 = false;
  bool fragment = false;
  bool static_key = false;
  unsigned tun_extra = 0;
  bool relayed = false;  // by a SOCKS proxy
};
[[nodiscard]] session::Frame make_frame(const session::Negotiated* negotiated,
                                        const options::Channel& channel, const FrameFacts& facts);
// Framing and sizes of one peer's packets, and how TCP inside is told. facts.fragment and
// facts.tun_extra follow mtu.
// Returns the sizes around one packet.
session::Frame fit_packets(plane::PeerSpec& spec, const session::Negotiated* negotiated,
                           const options::Channel& channel, FrameFacts facts, const MtuSetup& mtu);

// Our options string. source: wire protocol 7.
struct OptionsStringFacts {
  bool tls_server = false;
  bool tcp = false;
  bool point_to_point = false;
  std::string ifconfig;  // as the peer would write it, point-to-point only
  bool tls_auth = false;
  std::optional<int> key_direction;
  bool fragment = false;
  bool static_key = false;
};
[[nodiscard]] std::string make_options_string(const options::Config& config,
                                              const OptionsStringFacts& facts, const MtuSetup& mtu);

// For lines about data packets. The session has negotiated.
[[nodiscard]] DisorderReport::Key key_in_use(const session::Session& session);
// What a key accepts out of order: more than stock, unless "replay-window" is set.
[[nodiscard]] crypto::ReplayLimits replay_limits(const options::Channel& channel);
// The keys of one generation as the data plane wants them.
[[nodiscard]] plane::KeySpec make_key_spec(const session::Negotiated& negotiated,
                                           const crypto::DataKeyMaterial& material,
                                           std::uint8_t key_id, bool tls_server,
                                           const options::Channel& channel);

// Timing and size parts of a session setup.
void fill_session_setup(session::Setup& setup, const options::Config& config,
                        const options::Connection& connection, bool server);

}  // namespace adit::node
