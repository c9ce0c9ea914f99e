#include "tests/vectors/vectors.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>

namespace adit::vectors {

const nlohmann::json& load(const std::string& file) {
  static std::map<std::string, nlohmann::json> read;
  if (const auto found = read.find(file); found != read.end()) return found->second;
  std::ifstream in(std::string(ADIT_SOURCE_DIR) + "/tests/vectors/data/" + file);
  EXPECT_TRUE(in.good()) << file;
  return read[file] = nlohmann::json::parse(in);
}

Buffer bytes(const nlohmann::json& object, const char* field) {
  const auto value = from_hex(object.at(field).get<std::string>());
  EXPECT_TRUE(value.has_value()) << field;
  return value.value_or(Buffer{});
}

}  // namespace adit::vectors
