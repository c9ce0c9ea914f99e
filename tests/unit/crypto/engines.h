#pragma once

#include <gtest/gtest.h>

#include "crypto/lane_engine.h"

namespace adit::crypto {

// Tests of data packets hold for every engine.
class ForEachEngine : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (auto chosen = choose_engine(GetParam()); !chosen) GTEST_SKIP() << chosen.error().text();
  }
};

inline std::string engine_name(const testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::ipsec_mb ? "ipsec_mb" : "openssl";
}

#define ADIT_FOR_EACH_ENGINE(suite)                                                            \
  INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::Values(Engine::openssl, Engine::ipsec_mb), \
                           engine_name)

}  // namespace adit::crypto
