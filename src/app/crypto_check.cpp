#include "app/crypto_check.h"

#include <algorithm>
#include <cstdio>

#include "app/exit_codes.h"
#include "node/channel_setup.h"
#include "node/lines.h"
#include "node/static_key_mode.h"
#include "plane/lane.h"

namespace adit::app {

namespace {

constexpr std::size_t largest = 1768;  // source: stock 2.6 with its usual sizes

int give_up(Runtime& runtime, const Error& error) {
  runtime.log.fatal("{}", error.text());
  runtime.log.fatal("{}", node::lines::exits_fatally);
  return exit_failure;
}

// The key's format as a tunnel has it; with ciphers that need TLS as a tunnel with TLS would.
Result<plane::KeySpec> key_for(Runtime& runtime, options::Config config) {
  const std::string name = config.channel.cipher.empty() ? "BF-CBC" : config.channel.cipher;
  if (Status known = node::load_ciphers({name}); !known) return fail_with(known.error());
  config.channel.cipher = "none";
  auto key = node::make_static_key(config, config.connection, runtime.store);
  if (!key) return key;
  key->format.cipher = crypto::find_cipher(name);
  if (key->format.cipher == nullptr) return fail("Cipher {} not supported", name);
  if (!key->format.cipher->is_aead()) return key;
  key->format.header = crypto::DataFormat::Header::v1;
  key->format.long_id = false;
  key->format.digest.reset();
  return key;
}

// Sends to itself.
class Loopback {
 public:
  static Result<Loopback> make(const plane::KeySpec& key, Rng& rng) {
    auto sealer = crypto::Sealer::make(key.format, key.send, rng);
    if (!sealer) return fail_with(sealer.error());
    auto opener = crypto::Opener::make(key.format, key.send, crypto::ReplayWindow(key.replay));
    if (!opener) return fail_with(opener.error());
    return Loopback(std::move(*sealer), std::move(*opener));
  }

  // Whether it comes out as it went in.
  bool carries(Bytes payload, WallTime wall, Instant now) {
    Packet packet(room_, 0, 0);
    packet.assign(payload, plane::front_room);
    Packet* const run[] = {&packet};
    if (sealer_->seal(run, static_cast<std::uint32_t>(wall.seconds)) != 1) return false;
    crypto::Opening opening[] = {{&packet}};
    opener_->open(opening, now);
    return opening[0].verdict == Drop::none && std::ranges::equal(packet.bytes(), payload);
  }

 private:
  Loopback(std::unique_ptr<crypto::Sealer> sealer, std::unique_ptr<crypto::Opener> opener)
      : sealer_(std::move(sealer)), opener_(std::move(opener)) {}

  std::unique_ptr<crypto::Sealer> sealer_;
  std::unique_ptr<crypto::Opener> opener_;
  Buffer room_ = Buffer(plane::front_room + largest + plane::back_room);
};

}  // namespace

int check_crypto(Runtime& runtime, const options::Config& config) {
  if (!config.secret.defined()) {
    std::fputs("Options error: You must define key file (--secret)\n", stdout);
    return exit_failure;
  }
  const auto key = key_for(runtime, config);
  if (!key) return give_up(runtime, key.error());
  auto loopback = Loopback::make(*key, runtime.rng);
  if (!loopback) return give_up(runtime, loopback.error());
  // A tool runs before the log is set up.
  const auto tell = [&](const std::string& line) {
    if (config.logging.verb > 0) runtime.log.info(1, "{}", line);
  };
  tell("Entering OpenVPN crypto self-test mode.");
  Buffer payload(largest);
  runtime.rng.fill(payload);
  for (std::size_t size = 1; size <= largest; ++size) {
    tell(fmt::format("TESTING ENCRYPT/DECRYPT of packet length={}", size));
    if (!loopback->carries(Bytes(payload).first(size), runtime.loop->wall(), runtime.loop->now())) {
      return give_up(runtime, {fmt::format("SELF TEST FAILED, a packet of {} bytes", size), {}});
    }
  }
  tell("OpenVPN crypto self-test mode SUCCEEDED.");
  return exit_ok;
}

}  // namespace adit::app
