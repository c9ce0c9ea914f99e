#include "crypto/data_channel.h"

#include "crypto/aead.h"
#include "crypto/data_formats.h"

namespace adit::crypto {

DataOverhead overhead_of(const DataFormat& format) {
  const std::size_t header = format.header_bytes();
  if (format.epoch) return {header + 8, aead_tag_bytes};
  if (format.cipher->is_aead()) return {header + 4 + aead_tag_bytes, 0};
  const std::size_t mac = format.digest ? format.digest->bytes : 0;
  const std::size_t id = format.long_id ? 8 : 4;
  return {header + mac + format.cipher->iv_bytes + id,
          format.cipher->mode == CipherMode::cbc ? format.cipher->block_bytes : 0};
}

Result<std::unique_ptr<Sealer>> Sealer::make(const DataFormat& format, const DirectionKeys& keys,
                                             Rng& rng, const SealState& start, LaneEngine* engine) {
  if (format.epoch) return make_epoch_sealer(format, keys, start, engine);
  if (format.cipher->is_aead()) return make_aead_sealer(format, keys, start, engine);
  return make_cbc_sealer(format, keys, rng, start, engine);
}

Result<std::unique_ptr<Opener>> Opener::make(const DataFormat& format, const DirectionKeys& keys,
                                             const ReplayWindow& fresh_window, LaneEngine* engine) {
  if (format.epoch) return make_epoch_opener(format, keys, fresh_window, engine);
  if (format.cipher->is_aead()) return make_aead_opener(format, keys, fresh_window, engine);
  return make_cbc_opener(format, keys, fresh_window, engine);
}

}  // namespace adit::crypto
