#include <array>

#include <fmt/core.h>

#include "options/ciphers.h"
#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void data_ciphers(Use& use) {
  auto& into =
      use.in_profile() ? use.client_profile().data_ciphers : use.config().channel.data_ciphers;
  CipherList list = read_cipher_list(use.word(0));
  for (const std::string& name : list.left_out) {
    use.note("cipher " + shown(name) + " is not known and, being optional, left out");
  }
  if (!list.unknown.empty() || list.names.empty()) {
    use.error("unknown cipher in the list: " + shown(join(list.unknown, ":")),
              "--show-ciphers prints the names");
    return;
  }
  into = std::move(list.names);
  for (const std::string& name : into) {
    const std::string weakness = use.in_profile() ? weakness_of(name) : "";
    if (!weakness.empty()) use.warn(weakness, "use AES-256-GCM for this client too");
  }
  if (!use.in_profile()) use.config().channel.data_ciphers_text = use.word(0);
}

void data_ciphers_fallback(Use& use) {
  const auto name = known_cipher(use.word(0));
  if (!name) {
    use.error('"' + shown(use.word(0)) + "\" is not a known cipher",
              "--show-ciphers prints the names");
  } else if (use.in_profile()) {
    use.note("it has no effect for a single client");
  } else {
    use.config().channel.data_ciphers_fallback = *name;
  }
}

void cipher(Use& use) {
  const auto name = known_cipher(use.word(0));
  if (!name && !use.is_pushed()) {
    use.warn('"' + shown(use.word(0)) + "\" is not a known cipher",
             "--show-ciphers prints the names");
  }
  if (use.in_profile()) {
    use.note("for a single client it has no effect; \"data-ciphers\" has");
  }
  std::string& into = use.is_pushed()    ? use.pulled().cipher
                      : use.in_profile() ? use.client_profile().cipher
                                         : use.config().channel.cipher;
  into = name ? *name : to_upper(use.word(0));
}

void auth(Use& use) {
  use.config().channel.auth = use.word(0) == "none" ? "none" : to_upper(use.word(0));
}

void set_compression(Use& use, Compression compression) {
  if (use.is_pushed()) {
    use.pulled().compression = compression;
  } else if (use.in_profile()) {
    use.note("framing for a single client is chosen by what the client says");
  } else {
    use.config().channel.compression = compression;
  }
}

void compress(Use& use) {
  Compression compression = Compression::stub;
  if (!use.has(0) || use.choice<Compression>(0, compression,
                                             {{"lzo", Compression::lzo},
                                              {"lz4", Compression::lz4},
                                              {"lz4-v2", Compression::lz4_v2},
                                              {"stub", Compression::stub},
                                              {"stub-v2", Compression::stub_v2},
                                              {"migrate", Compression::migrate}})) {
    set_compression(use, compression);
  }
}

void comp_lzo(Use& use) {
  Compression compression = Compression::lzo;
  if (!use.has(0) || use.choice<Compression>(0, compression,
                                             {{"yes", Compression::lzo},
                                              {"adaptive", Compression::lzo},
                                              {"no", Compression::lzo_stub}})) {
    set_compression(use, compression);
  }
}

void allow_compression(Use& use) {
  using Allow = Channel::AllowCompression;
  Channel& channel = use.config().channel;
  channel.allow_compression_set =
      use.choice<Allow>(0, channel.allow_compression,
                        {{"asym", Allow::asym}, {"yes", Allow::yes}, {"no", Allow::no}});
}

void replay_window(Use& use) {
  Channel& channel = use.config().channel;
  channel.replay_window_set = use.number(0, channel.replay_window, 0, 65536);
  if (!use.has(1)) return;
  if (const auto time = use.integer(1, 0, 600)) channel.replay_time = Seconds(*time);
}

void reneg_sec(Use& use) {
  Channel& channel = use.config().channel;
  use.seconds(0, channel.reneg);
  if (use.has(1)) use.seconds(1, channel.reneg_min);
}

void reneg_bytes(Use& use) {
  use.number(0, use.config().channel.reneg_bytes, 0, std::numeric_limits<std::int64_t>::max());
}

void reneg_pkts(Use& use) {
  use.number(0, use.config().channel.reneg_packets, 0, std::numeric_limits<std::int64_t>::max());
}

// source: stock 2.6.14
void keying_material_exporter(Use& use) {
  constexpr std::int64_t least = 16, most = 4095;
  constexpr std::string_view registered = "EXPORTER";
  Channel& channel = use.config().channel;
  if (!use.word(0).starts_with(registered)) {
    return use.error("Keying material exporter label must begin with \"EXPORTER\"",
                     "write \"EXPORTER-\" and a name of your own (RFC 5705)");
  }
  const auto bytes = to_number<std::int64_t>(use.word(1));
  if (!bytes || *bytes < least || *bytes > most) {
    return use.error("Invalid keying material exporter length",
                     fmt::format("from {} to {} bytes can be exported", least, most));
  }
  channel.exporter_label = use.word(0);
  channel.exporter_bytes = static_cast<unsigned>(*bytes);
}

void compat_mode(Use& use) {
  const auto parts = split(use.word(0), '.');
  unsigned version = 0;
  bool good = parts.size() == 3;
  for (const std::string_view part : parts) {
    const auto number = to_number<unsigned>(part);
    good = good && number && *number < 100;
    if (good) version = version * 100 + *number;
  }
  if (!good) {
    use.error("cannot read the version \"" + shown(use.word(0)) + '"', "write it as 2.4.6");
  } else if (use.is_pushed() || use.in_profile()) {
    use.note("it takes effect only when said at the start");
  } else {
    use.config().channel.compat_mode = version;
  }
}

void persist_key(Use& use) {
  if (!use.is_pushed()) use.config().channel.persist_key = true;
}

bool stands_outside_a_push(Use& use) {
  if (!use.is_pushed()) use.note("a server sends it; here it has no effect");
  return !use.is_pushed();
}

void peer_id(Use& use) {
  constexpr std::int64_t largest_peer_id = 0xFFFFFF;
  if (!stands_outside_a_push(use)) use.number(0, use.pulled().peer_id, 0, largest_peer_id);
}

void protocol_flags(Use& use) {
  if (stands_outside_a_push(use)) return;
  Pulled& pulled = use.pulled();
  for (std::size_t i = 0; i < use.count(); ++i) {
    bool* flag = nullptr;
    if (use.choice<bool*>(i, flag,
                          {{"cc-exit", &pulled.cc_exit},
                           {"tls-ekm", &pulled.tls_ekm},
                           {"dyn-tls-crypt", &pulled.dyn_tls_crypt},
                           {"aead-epoch", &pulled.aead_epoch}})) {
      *flag = true;
    } else {
      use.pulled().unknown_protocol = true;
    }
  }
}

void key_derivation(Use& use) {
  if (stands_outside_a_push(use)) return;
  if (use.one_of(0, {"tls-ekm"})) {
    use.pulled().tls_ekm = true;
  } else {
    use.pulled().unknown_protocol = true;
  }
}

void push_continuation(Use& use) { use.number(0, use.pulled().continuation, 1, 2); }

void secret(Use& use) {
  use.config().secret = use.file();
  if (use.has(1)) use.choice<int>(1, use.link().key_direction, {{"0", 0}, {"1", 1}});
}

// Since 2.7 "secret" wants it beside it; here "secret" alone is enough.
void allow_static_key(Use&) {}

// clang-format off
constexpr std::array channel_rows{
    Row{.name = "data-ciphers", .args = {1, 1, "cipher[:cipher...]"},
        .where = where::anywhere | where::profile, .change = Change::new_sessions,
        .help = "Ciphers offered for the data channel, best first; ? before one makes it optional.",
        .apply = data_ciphers},
    Row{.name = "data-ciphers-fallback", .args = {1, 1, "name"},
        .where = where::anywhere | where::profile, .change = Change::new_sessions,
        .help = "Cipher when peer cannot negotiate.", .apply = data_ciphers_fallback},
    Row{.name = "cipher", .args = {1, 1, "name"},
        .where = where::anywhere | where::pushed | where::profile, .change = Change::new_sessions,
        .help = "Legacy data cipher; 2.6 uses only as info unless compat-mode/fallback.",
        .apply = cipher},
    Row{.name = "ncp-ciphers", .args = {1, 1, "cipher[:cipher...]"},
        .where = where::anywhere | where::profile, .change = Change::new_sessions,
        .note = "ncp-ciphers is the old name of data-ciphers", .help = "Old name of data-ciphers.",
        .apply = data_ciphers},
    Row{.name = "auth", .args = {1, 1, "digest|none"}, .change = Change::new_sessions,
        .help = "HMAC digest for non-AEAD data channel and tls-auth.", .apply = auth},
    Row{.name = "compress", .args = {0, 1, "[lzo|lz4|lz4-v2|stub|stub-v2|migrate]"},
        .where = where::anywhere | where::pushed | where::profile,
        .help = "Compression framing/algorithm.", .apply = compress},
    Row{.name = "comp-lzo", .args = {0, 1, "[yes|no|adaptive]"},
        .where = where::anywhere | where::pushed | where::profile,
        .help = "LZO framing/compression; `no` = stub framing.", .apply = comp_lzo},
    Row{.name = "allow-compression", .args = {1, 1, "no|asym|yes"},
        .help = "Policy for accepting or sending compressed packets.", .apply = allow_compression},
    Row{.name = "replay-window", .args = {1, 2, "n [t]"}, .change = Change::handshakes,
        .help = "Replay window packets/seconds.", .apply = replay_window},
    Row{.name = "mute-replay-warnings", .change = Change::new_sessions,
        .help = "Silence replay warnings.",
        .apply = set_flag<&Config::channel, &Channel::mute_replay_warnings>},
    Row{.name = "reneg-sec", .args = {1, 2, "max [min]"}, .change = Change::handshakes,
        .help = "Rekey after seconds (server randomises between min and max).", .apply = reneg_sec},
    Row{.name = "reneg-bytes", .args = {1, 1, "n"}, .change = Change::now,
        .help = "Rekey after bytes.", .apply = reneg_bytes},
    Row{.name = "reneg-pkts", .args = {1, 1, "n"}, .change = Change::now,
        .help = "Rekey after packets.", .apply = reneg_pkts},
    Row{.name = "hand-window", .args = {1, 1, "sec"}, .change = Change::handshakes,
        .help = "TLS handshake must finish within.",
        .apply = set_seconds<&Config::channel, &Channel::hand_window, 1>},
    Row{.name = "tran-window", .args = {1, 1, "sec"}, .change = Change::handshakes,
        .help = "Old key lifetime after rekey.",
        .apply = set_seconds<&Config::channel, &Channel::tran_window>},
    Row{.name = "tls-timeout", .args = {1, 1, "sec"}, .change = Change::handshakes,
        .help = "Control packet retransmit start.",
        .apply = set_seconds<&Config::channel, &Channel::tls_timeout, 1>},
    Row{.name = "disable-occ", .state = State::accepted, .change = Change::new_sessions,
        .note = "differences between the two ends are no obstacle here",
        .help = "Do not send/compare options string."},
    Row{.name = "compat-mode", .args = {1, 2, "x.y.z"},
        .where = where::anywhere | where::pushed | where::profile, .change = Change::new_sessions,
        .help = "Set defaults for an older peer version.", .apply = compat_mode},
    Row{.name = "force-tls-key-material-export", .args = {0, many}, .change = Change::new_sessions,
        .help = "Refuse peers without RFC5705 key derivation.",
        .apply = set_flag<&Config::channel, &Channel::force_key_export>},
    Row{.name = "persist-key", .where = where::anywhere | where::pushed,
        .help = "Keep keys across SIGUSR1; they always are.", .apply = persist_key},
    Row{.name = "peer-id", .args = {1, 1, "n"}, .where = where::anywhere | where::pushed,
        .help = "Assigned peer-id for DATA_V2 (pushed).", .apply = peer_id},
    Row{.name = "protocol-flags",
        .args = {1, many, "[cc-exit] [tls-ekm] [dyn-tls-crypt] [aead-epoch]"},
        .where = where::anywhere | where::pushed, .help = "Pushed negotiated protocol features.",
        .apply = protocol_flags},
    Row{.name = "key-derivation", .args = {1, many, "tls-ekm"},
        .where = where::anywhere | where::pushed, .help = "Pushed: use RFC5705 exporter keys.",
        .apply = key_derivation},
    Row{.name = "push-continuation", .args = {1, 1, "1|2"}, .where = where::pushed,
        .help = "Pushed multi-message flag: 2 more follows, 1 last.", .apply = push_continuation},
    Row{.name = "secret", .args = {1, 2, "file [0|1]"}, .where = where::anywhere | where::inside,
        .help = "Static-key mode.", .apply = secret},
    Row{.name = "replay-persist", .args = {1, 1, "file"}, .help = "Persist packet-id (static key).",
        .apply = set_text<&Config::channel, &Channel::replay_persist>},
    Row{.name = "allow-deprecated-insecure-static-crypto", .args = {0, many},
        .newer = true, .help = "Re-enables --secret static-key mode.",
        .apply = allow_static_key},
    Row{.name = "keying-material-exporter", .args = {2, many, "label len"},
        .change = Change::handshakes,
        .help = "Export TLS keying material to the environment of tls-final plugins.",
        .apply = keying_material_exporter},
    Row{.name = "comp-noadapt", .where = where::anywhere | where::pushed | where::profile,
        .state = State::accepted, .note = "every packet is tried, where anything is compressed at all",
        .help = "Disable adaptive LZO."},
    Row{.name = "no-replay", .state = State::accepted, .note = "replay protection stays on",
        .help = "Disable replay protection."},
    Row{.name = "disable-dco", .args = {0, many},
        .where = where::anywhere | where::pushed | where::profile, .state = State::accepted,
        .note = "data does not go through a kernel offload",
        .help = "Never use kernel data-channel offload."},
};
// clang-format on

}  // namespace

Page channel_page() { return {"Data channel and renewal", channel_rows}; }

}  // namespace adit::options
