#pragma once

#include <memory>

#include "ports/resolver_port.h"
#include "system/loop.h"

namespace adit::system {

// Asks the host's resolver on threads of its own. A question that hangs delays neither the next one
// nor the end of the process.
class Resolver final : public ports::ResolverPort {
 public:
  using Addresses = std::vector<ip::Address>;
  using Done = std::function<void(Result<Addresses>)>;
  // Blocking; runs on another thread.
  using LookUp =
      std::function<Result<Addresses>(const std::string& host, std::optional<ip::Family> family)>;

  explicit Resolver(Loop& loop, LookUp look_up = ask_host);
  ~Resolver() override;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void resolve(const std::string& host, std::optional<ip::Family> family, Done done) override;
  void cancel() override;

  [[nodiscard]] static Result<Addresses> ask_host(const std::string& host,
                                                  std::optional<ip::Family> family);

 private:
  struct Desk;
  void tell(std::uint64_t question, const Result<Addresses>& answer);

  Loop& loop_;
  std::shared_ptr<Desk> desk_;
  std::uint64_t question_ = 0;
  Done done_;
};

}  // namespace adit::system
