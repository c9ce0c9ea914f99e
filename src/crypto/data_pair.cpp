#include "crypto/data_pair.h"

namespace adit::crypto {

Result<std::unique_ptr<DataPair>> DataPair::make(const DataFormat& format, Engine engine,
                                                 Rng& rng) {
  std::unique_ptr<DataPair> pair(new DataPair(engine));
  DirectionKeys keys;
  rng.fill(keys.cipher.writable());
  rng.fill(keys.hmac.writable());
  auto sealer = Sealer::make(format, keys, rng, {}, &pair->seals_);
  if (!sealer) return fail_with(sealer.error());
  pair->sealer_ = std::move(*sealer);
  auto opener = Opener::make(format, keys, ReplayWindow(generous_limits), &pair->opens_);
  if (!opener) return fail_with(opener.error());
  pair->opener_ = std::move(*opener);
  return pair;
}

}  // namespace adit::crypto
