#include "system/kernel_error.h"

#include <system_error>

namespace adit::system {

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> kernel_refused(int error, const std::string& attempted, std::string advice) {
  return fail_with({attempted + ": " + reason(error), std::move(advice)});
}

}  // namespace adit::system
