#pragma once

// Proxies between a client and its server.

#include <string>
#include <vector>

#include "options/file_or_inline.h"

namespace adit::options {

// Name and password for a proxy: from a file or a block; a person is asked where there is none, and
// where the path is "stdin".
struct HttpProxy {
  enum class Method { none, basic, ntlm2 };
  std::string host, port;  // no host: only its options were said
  Method method = Method::none;
  bool automatic = false;       // "auto": it is done as the proxy asks for it
  bool clear_passwords = true;  // "auto-nct" sends none that others on the way could read
  FileOrInline credentials;
  std::string version = "1.0";
  std::string user_agent;
  std::vector<std::string> headers;  // whole lines, "X-Site: north"

  [[nodiscard]] bool defined() const { return !host.empty(); }
};

struct SocksProxy {
  std::string host, port = "1080";
  FileOrInline credentials;  // undefined: none are offered
};

}  // namespace adit::options
