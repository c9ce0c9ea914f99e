#pragma once

#include "app/runtime.h"
#include "management/instance.h"
#include "management/questions.h"
#include "tokens/token_keys.h"

namespace adit::app {

// The PKCS#11 modules of this process, and who is asked for their tokens and PINs: the manager
// where it answers such questions, else the terminal.
class TokenHost final : private tokens::Prompts {
 public:
  // config.tokens is defined. Both must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<TokenHost>> open(Runtime& runtime,
                                                               const options::Config& config);

  // The key that pkcs11-id names, or the one that the manager names now.
  [[nodiscard]] Result<std::unique_ptr<tokens::TokenKey>> key();
  // Empty while a PIN or a token is asked for.
  [[nodiscard]] std::vector<management::TokenEntry> entries();

 private:
  TokenHost(Runtime& runtime, const options::Config& config) : runtime_(runtime), config_(config) {}
  [[nodiscard]] bool insert(const std::string& token) override;
  [[nodiscard]] std::optional<SecretText> pin(const std::string& token) override;
  [[nodiscard]] Result<std::string> id();
  [[nodiscard]] Result<std::string> ask(const management::NeedQuestion& question);
  [[nodiscard]] bool by_manager() const;
  [[nodiscard]] Duration patience() const;

  Runtime& runtime_;
  const options::Config& config_;
  bool starting_ = true;           // nobody waits for us yet
  bool asked_by_library_ = false;  // within one of its calls
  std::unique_ptr<tokens::TokenKeys> keys_;
};

// --show-pkcs11-ids; the exit status.
[[nodiscard]] int show_tokens(Runtime& runtime, const options::Tool& tool);

}  // namespace adit::app
