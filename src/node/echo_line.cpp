#include "node/echo_line.h"

namespace adit::node {

std::optional<std::string> echo_line(std::string_view echo, bool pushed) {
  if (!echo.starts_with("msg")) return std::nullopt;
  return (pushed ? "ECHO-PULL:" : "ECHO:") + std::string(echo);
}

}  // namespace adit::node
