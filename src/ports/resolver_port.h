#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/address.h"

namespace adit::ports {

class ResolverPort {
 public:
  virtual ~ResolverPort() = default;
  // done gets the addresses in the resolver's order on the control thread, never from within
  // resolve(). Literal addresses are answered without asking anybody. Each call replaces the
  // question before it, whose done is then never called.
  virtual void resolve(const std::string& host, std::optional<ip::Family> family,
                       std::function<void(Result<std::vector<ip::Address>>)> done) = 0;
  virtual void cancel() = 0;
};

}  // namespace adit::ports
