#include "node/keying_material.h"

namespace adit::node {

void add_keying_material(Environment& env, session::Session& session,
                         const options::Channel& channel, const Log& log) {
  if (channel.exporter_bytes == 0) return;
  Buffer material(channel.exporter_bytes);
  if (!session.export_key(channel.exporter_label, material)) {
    return log.warn("WARNING: Export keying material failed!");
  }
  env.set("exported_keying_material", to_hex(material));
  explicit_bzero(material.data(), material.size());
}

}  // namespace adit::node
