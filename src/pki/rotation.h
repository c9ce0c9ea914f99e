#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pki/entry.h"

namespace adit::pki {

// How far the change from one authority to the next has come. Both are trusted from "started" on.
enum class RotationStage : std::uint8_t {
  none,
  started,   // the new authority is in the bundle; the old one still signs
  switched,  // the new authority signs, and the servers have certificates of it
};

const char* name(RotationStage stage);

struct Rotation {
  RotationStage stage = RotationStage::none;
  Entry from;                 // the authority that ends; without a rotation the only one
  std::optional<Entry> to{};  // the one that follows
  bool bridged = false;       // servers show a way from the old authority to the new one
  // Whose certificate in force is still of the old authority; who states no use is changed with the
  // servers.
  std::vector<Entry> servers_left{};
  std::vector<Entry> clients_left{};
  std::vector<Entry> not_exported{};   // clients whose new certificate is in no profile yet
  std::vector<Entry> unstated{};       // changed, and nobody can tell whether their owners know
  std::vector<std::string> renewed{};  // by the call that answered
};

}  // namespace adit::pki
