#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "node/environment.h"
#include "node/temporary_file.h"

namespace adit::node {

// "Ask me later": the client is told so, and how it is to be asked.
struct PendingAuth {
  std::chrono::seconds timeout{};
  std::string method;  // a word of IV_SSO: "webauth"
  std::string extra;   // for the client: "WEB_AUTH::https://..."
};
// Three lines; nothing: it is not of that form.
[[nodiscard]] std::optional<PendingAuth> parse_pending_auth(std::string_view text);

// The files through which a program that checks a user name answers later, be it a script or a
// plugin. They are looked at again and again, and removed with the object.
// source: surfaces 8.4
class AuthAnswer {
 public:
  enum class Answer { none, yes, no };

  // store must outlive it.
  [[nodiscard]] static Result<AuthAnswer> create(ports::StorePort& store, const std::string& dir);
  void set_variables(Environment& env) const;

  [[nodiscard]] Answer look() const;
  [[nodiscard]] std::string reason() const;  // of a no, for the client; one line, may be empty
  [[nodiscard]] std::string pending() const { return pending_.text(); }  // see parse_pending_auth

 private:
  AuthAnswer(TemporaryFile control, TemporaryFile pending, TemporaryFile reason)
      : control_(std::move(control)), pending_(std::move(pending)), reason_(std::move(reason)) {}

  TemporaryFile control_, pending_, reason_;
};

// The files through which a program that is told of a client's coming gives options, and answers
// later, be it a script or a plugin. source: surfaces 8.4
class ConnectAnswer {
 public:
  enum class Answer { none, yes, no, later };

  // store must outlive it.
  [[nodiscard]] static Result<ConnectAnswer> create(ports::StorePort& store,
                                                    const std::string& dir);
  void set_variables(Environment& env) const;

  [[nodiscard]] Answer look() const;
  [[nodiscard]] const std::string& path() const { return profile_.path(); }  // of the options
  [[nodiscard]] std::string profile() const { return profile_.text(); }

 private:
  ConnectAnswer(TemporaryFile profile, TemporaryFile later)
      : profile_(std::move(profile)), later_(std::move(later)) {}

  TemporaryFile profile_, later_;
};

}  // namespace adit::node
