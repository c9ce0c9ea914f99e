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
  constexpr const char* names[] = {"automatic", "openssl", "ipsec_mb", "vaes"};
  return names[static_cast<std::size_t>(info.param)];
}

#define ADIT_FOR_EACH_ENGINE(suite)                                                          \
  INSTANTIATE_TEST_SUITE_P(Engines, suite,                                                   \
                           testing::Values(Engine::openssl, Engine::ipsec_mb, Engine::vaes), \
                           engine_name)

}  // namespace adit::crypto
