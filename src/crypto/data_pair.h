#pragma once

#include "crypto/data_channel.h"
#include "crypto/lane_engine.h"

namespace adit::crypto {

// A sealer and the opener of what it seals, under keys of their own: for measuring, and for tests.
class DataPair {
 public:
  // rng must outlive the pair.
  [[nodiscard]] static Result<std::unique_ptr<DataPair>> make(const DataFormat& format,
                                                              Engine engine, Rng& rng);

  [[nodiscard]] Sealer& sealer() { return *sealer_; }
  [[nodiscard]] Opener& opener() { return *opener_; }

 private:
  explicit DataPair(Engine engine) : seals_(engine), opens_(engine) {}

  LaneEngine seals_, opens_;
  std::unique_ptr<Sealer> sealer_;
  std::unique_ptr<Opener> opener_;
};

}  // namespace adit::crypto
