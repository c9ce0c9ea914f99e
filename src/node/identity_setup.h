#pragma once

#include <memory>
#include <string>
#include <vector>

#include "options/config.h"
#include "ports/store_port.h"
#include "tls/context.h"

namespace adit::node {

// What looking at the files again has brought.
struct IdentityNews {
  std::vector<std::string> told, warned;
  bool renewed = false;      // certificates, keys or lists are others now
  bool revocations = false;  // somebody may be revoked who was not before
};

// The own private key, where it is in no file.
struct KeyElsewhere {
  tls::Signer* signer = nullptr;  // outlives all handshakes
  tls::NamedPem certificate{};    // not defined: it is in its file
};

// The TLS side of a configuration: certificates loaded, and a factory that takes up what changes in
// their files. Handshakes under way end with what they began with.
class Identity final : public tls::TlsFactory, private tls::RevokedSerials {
 public:
  // store and judge must outlive the identity. passphrase: of the private key, if it needs one;
  // also of one that replaces it. in_root: "chroot" has been done already.
  [[nodiscard]] static Result<std::unique_ptr<Identity>> load(const options::Config& config,
                                                              bool server, ports::StorePort& store,
                                                              const SecretText& passphrase,
                                                              const KeyElsewhere& key = {},
                                                              tls::ChainJudge* judge = nullptr,
                                                              bool in_root = false);
  // "chroot" is done now: lists are looked for there.
  void enter_root();
  // What another configuration asks for: loaded and checked, but not in use.
  struct Prepared {
    options::Identity config;
    tls::Setup setup;
    std::unique_ptr<tls::TlsContext> context;
  };
  [[nodiscard]] Result<Prepared> prepare(const options::Config& config);
  // New handshakes use it from now on. The news say what files brought beside.
  void become(Prepared prepared);

  // A changed crl-verify file counts from the next handshake on.
  [[nodiscard]] std::unique_ptr<tls::TlsEngine> make() override;
  [[nodiscard]] const tls::ChainEntry* revoked(const std::vector<tls::ChainEntry>& chain) override;

  // Looks whether files have changed; about every second. A pair that does not fit (yet) is tried
  // again a few times, and told of once if it stays so.
  //
  // only_lists: the rest cannot be seen any more
  void look(bool only_lists = false);
  // While a connection lives, a client goes on with the certificate that it began with: stock
  // servers end who comes with another one.
  void hold_own(bool hold);
  // A changed one lies there and waits.
  [[nodiscard]] bool holds_back() const { return holds_back_; }
  [[nodiscard]] IdentityNews take_news() { return std::exchange(news_, {}); }
  // What is in use now.
  [[nodiscard]] const tls::Setup& in_use() const { return setup_; }

 private:
  using Version = std::optional<std::uint64_t>;
  // Whether, and how often in a row, something new could not be used.
  struct Trouble {
    unsigned looks = 0;
    bool told = false;
  };

  Identity(const options::Identity& config, std::string root, ports::StorePort& store)
      : config_(config), root_(std::move(root)), store_(store) {}
  [[nodiscard]] std::string crl_path() const;
  [[nodiscard]] bool is_revoked(const std::string& decimal_serial) override;
  [[nodiscard]] std::vector<Version> versions() const;
  void look_after_files();
  [[nodiscard]] std::vector<std::string> read_again(tls::Setup& fresh);
  void keep_held(tls::Setup& fresh);
  [[nodiscard]] Status use(tls::Setup fresh);
  void look_after_crl();
  void try_crl();
  void look_after_crl_directory();

  options::Identity config_;
  std::string root_;  // what "chroot" will make the root directory; empty: it is done, or unsaid
  KeyElsewhere key_;
  ports::StorePort& store_;
  tls::Setup setup_;
  std::unique_ptr<tls::TlsContext> context_;
  std::vector<Version> versions_;  // of the files of certificates and keys; empty: not looked yet
  Trouble files_, crl_;
  bool unreadable_told_ = false;
  bool held_ = false, holds_back_ = false;
  Version crl_version_;
  IdentityNews news_;
};

// persist-key: the files of keys and certificates are read now, while we may, and never again. What
// cannot be read any more is as former has kept it; former may be nullptr.
void keep_key_files(options::Config& config, ports::StorePort& store,
                    const options::Config* former = nullptr);
// Whether the private key asks for a passphrase.
[[nodiscard]] bool needs_passphrase(const options::Config& config, ports::StorePort& store);

}  // namespace adit::node
