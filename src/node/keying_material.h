#pragma once

#include "base/log.h"
#include "node/environment.h"
#include "session/session.h"

namespace adit::node {

// "keying-material-exporter": what the newest TLS connection gives under the user's label, for
// plugins that judge it (tls-final) and for nobody else, as with stock. Nothing without the option.
void add_keying_material(Environment& env, session::Session& session,
                         const options::Channel& channel, const Log& log);

}  // namespace adit::node
