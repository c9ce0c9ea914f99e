#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace adit::pki {

// What a directory of certificates looks like.
enum class SourceLayout : std::uint8_t {
  easyrsa_3,  // our own tree
  easyrsa_2,  // everything flat beside index.txt
  loose,      // certificates and keys without an index
};

const char* name(SourceLayout layout);

// What came over.
struct Imported {
  std::string source;  // where the files really lay, "keys" or "pki" below what was named
  SourceLayout layout = SourceLayout::loose;
  bool was_there = false;  // the directory already held this very authority; nothing was done
  bool can_sign = false;   // the authority's key came along
  std::size_t certificates = 0;
  std::size_t revoked = 0;
  std::size_t keys = 0;
  std::vector<std::string> notes{};  // one sentence each, for the user
};

}  // namespace adit::pki
