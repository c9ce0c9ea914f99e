#include "node/static_key_mode.h"

#include "node/channel_setup.h"
#include "node/wrapping.h"

namespace adit::node {

Result<plane::KeySpec> make_static_key(const options::Config& config,
                                       const options::Connection& connection,
                                       ports::StorePort& store) {
  const auto file = load_static_key(config.secret, "secret", store);
  if (!file) return fail_with(file.error());
  const options::Channel& channel = config.channel;
  plane::KeySpec spec;
  spec.format.cipher = crypto::find_cipher(channel.cipher);
  if (spec.format.cipher == nullptr || spec.format.cipher->is_aead()) {
    return fail("secret cannot be used with the cipher {}", channel.cipher);
  }
  spec.format.digest = crypto::find_digest(channel.auth);
  spec.format.header = crypto::DataFormat::Header::none;
  spec.format.long_id = true;
  const int own = connection.key_direction.value_or(0);
  const int other = connection.key_direction ? 1 - own : own;
  spec.send = {Secret<64>(file->cipher_area(own)), Secret<64>(file->hmac_area(own))};
  spec.receive = {Secret<64>(file->cipher_area(other)), Secret<64>(file->hmac_area(other))};
  spec.replay = replay_limits(channel);
  return spec;
}

bool OccRequests::due(Instant now) {
  constexpr Duration interval = std::chrono::seconds(10);
  if (next_ > now) return false;
  if (left_ == 0) {
    stop();
    return false;
  }
  --left_;
  next_ = now + interval;
  return true;
}

}  // namespace adit::node
