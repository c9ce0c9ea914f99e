#include "node/answer_file.h"

#include "base/text.h"

namespace adit::node {

namespace {
constexpr std::size_t longest_reason = 512;
}

std::optional<PendingAuth> parse_pending_auth(std::string_view text) {
  const auto lines = split(text, '\n');
  if (lines.size() < 3) return std::nullopt;
  const auto timeout = to_number<std::uint32_t>(trim(lines[0]));
  PendingAuth pending{std::chrono::seconds(timeout.value_or(0)), std::string(trim(lines[1])),
                      std::string(trim(lines[2]))};
  if (pending.timeout.count() == 0 || pending.method.empty() || pending.extra.empty()) {
    return std::nullopt;
  }
  return pending;
}

Result<AuthAnswer> AuthAnswer::create(ports::StorePort& store, const std::string& dir) {
  auto control = TemporaryFile::create(store, dir, "acf");
  if (!control) return fail_with(control.error());
  auto pending = TemporaryFile::create(store, dir, "apf");
  if (!pending) return fail_with(pending.error());
  auto reason = TemporaryFile::create(store, dir, "afr");
  if (!reason) return fail_with(reason.error());
  return AuthAnswer(std::move(*control), std::move(*pending), std::move(*reason));
}

void AuthAnswer::set_variables(Environment& env) const {
  env.set("auth_control_file", control_.path());
  env.set("auth_pending_file", pending_.path());
  env.set("auth_failed_reason_file", reason_.path());
}

AuthAnswer::Answer AuthAnswer::look() const {
  const std::string text = control_.text();
  if (text.starts_with('1')) return Answer::yes;
  if (text.starts_with('0')) return Answer::no;
  return Answer::none;
}

std::string AuthAnswer::reason() const {
  const std::string text = reason_.text();
  return printable(text.substr(0, text.find('\n'))).substr(0, longest_reason);
}

Result<ConnectAnswer> ConnectAnswer::create(ports::StorePort& store, const std::string& dir) {
  auto profile = TemporaryFile::create(store, dir, "cc");
  if (!profile) return fail_with(profile.error());
  auto later = TemporaryFile::create(store, dir, "ccr");
  if (!later) return fail_with(later.error());
  return ConnectAnswer(std::move(*profile), std::move(*later));
}

void ConnectAnswer::set_variables(Environment& env) const {
  env.set("client_connect_config_file", profile_.path());
  env.set("client_connect_deferred_file", later_.path());
}

// Anything else is a no, as with stock.
ConnectAnswer::Answer ConnectAnswer::look() const {
  const std::string text = later_.text();
  if (text.empty()) return Answer::none;
  if (text.starts_with('2')) return Answer::later;
  return text.starts_with('1') ? Answer::yes : Answer::no;
}

}  // namespace adit::node
