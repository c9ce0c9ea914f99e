#pragma once

// Access to the vector files: bytes seen on the wire between programs that are not ours.

#include <string>

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace adit::vectors {

// Read once, kept to the end.
const nlohmann::json& load(const std::string& file);

// The field as bytes; fails the test (and gives none) when it is missing or not hex.
Buffer bytes(const nlohmann::json& object, const char* field);

inline bool from_client(const nlohmann::json& packet) { return packet.at("dir") == "C>S"; }

}  // namespace adit::vectors
