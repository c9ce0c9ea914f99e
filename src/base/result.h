#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>
#include <tl/expected.hpp>

namespace adit {

// Something in the world went wrong (a file, the kernel, a certificate, a peer's refusal).
struct Error {
  std::string what;    // what was attempted, on what, and why it failed: one sentence
  std::string advice;  // what the user can do; may be empty

  [[nodiscard]] std::string text() const { return advice.empty() ? what : what + " - " + advice; }
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

template <typename... Args>
tl::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{fmt::format(format, std::forward<Args>(args)...), {}});
}

inline tl::unexpected<Error> fail_with(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// "cannot load the key" + ": " + what went wrong below; the advice stays.
inline tl::unexpected<Error> fail_because(std::string_view attempted, Error cause) {
  cause.what = fmt::format("{}: {}", attempted, cause.what);
  return tl::unexpected<Error>(std::move(cause));
}

}  // namespace adit
