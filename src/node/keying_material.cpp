#include "node/keying_material.h"

#include <fmt/core.h>

namespace adit::node {

namespace {

std::string hex_of(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

void add_keying_material(Environment& env, session::Session& session,
                         const options::Channel& channel, const Log& log) {
  if (channel.exporter_bytes == 0) return;
  Buffer material(channel.exporter_bytes);
  if (!session.export_key(channel.exporter_label, material)) {
    return log.warn("WARNING: Export keying material failed!");
  }
  env.set("exported_keying_material", hex_of(material));
  explicit_bzero(material.data(), material.size());
}

}  // namespace adit::node
