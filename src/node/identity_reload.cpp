// What changes in the files of certificates, keys and revocation lists while they are in use.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "node/identity_bundle.h"
#include "node/identity_setup.h"
#include "options/checks.h"
#include "tls/dates.h"

namespace adit::node {

namespace {

using options::FileOrInline;

constexpr unsigned patient_looks = 3;  // a pair may be in the making

struct Part {
  const FileOrInline& source;
  std::string_view option;
  tls::NamedPem tls::Setup::*pem;
};

std::array<Part, 5> parts(const options::Identity& identity) {
  return {{{identity.ca, "ca", &tls::Setup::ca},
           {identity.cert, "cert", &tls::Setup::cert},
           {identity.key, "key", &tls::Setup::key},
           {identity.extra_certs, "extra-certs", &tls::Setup::extra_certs},
           {identity.dh, "dh", &tls::Setup::dh}}};
}

bool is_file(const FileOrInline& source) {
  return !source.is_inline && !source.path.empty() && source.path != "none";
}

bool same_texts(const tls::Setup& a, const tls::Setup& b) {
  return a.ca.text == b.ca.text && a.cert.text == b.cert.text && a.key.text == b.key.text &&
         a.extra_certs.text == b.extra_certs.text && a.dh.text == b.dh.text;
}

constexpr const char* cure_unreadable =
    "let the user that this process runs as read it, leave out \"user\", or restart after "
    "renewing";

// Which certificate it is: the name is enough to tell one from another.
std::string description(const tls::Setup& setup) {
  const auto own = tls::certificate_terms(setup.cert.text);
  return own.empty() ? setup.ca.name : setup.cert.name + ", \"" + own.front().name + "\"";
}

std::string told_of(const tls::Setup& setup) {
  return fmt::format("Certificates: loaded again ({}); new handshakes use them",
                     description(setup));
}

}  // namespace

void Identity::become(Prepared prepared) {
  const bool other_files = !same_texts(prepared.setup, setup_);
  const bool other_list = prepared.setup.crl.text != setup_.crl.text;
  config_ = std::move(prepared.config);
  setup_ = std::move(prepared.setup);
  context_ = std::move(prepared.context);
  versions_.clear();
  files_ = crl_ = {};
  const bool watches_list = config_.crl.defined() && !config_.crl.is_inline;
  crl_version_ = watches_list ? store_.version(crl_path()) : std::nullopt;
  if (other_files) news_.told.push_back(told_of(setup_));
  if (other_list && watches_list)
    news_.told.push_back("CRL: loaded again from file " + config_.crl.path);
  news_.renewed = news_.renewed || other_files || other_list;
  news_.revocations = true;  // the list may be another, or in another place
}

std::string Identity::crl_path() const { return options::below_root(root_, config_.crl.path); }

// The list has another name now; what became of it since the last look counts as a change.
void Identity::enter_root() {
  if (std::exchange(root_, {}).empty() || !crl_version_) return;
  crl_version_ = store_.version(crl_path()).value_or(*crl_version_);
  if (config_.crl_is_directory) return;
  const auto text = store_.read(crl_path());
  if (text && *text != setup_.crl.text) try_crl();
}

std::unique_ptr<tls::TlsEngine> Identity::make() {
  if (!config_.crl_is_directory) look_after_crl();
  return context_->make();
}

const tls::ChainEntry* Identity::revoked(const std::vector<tls::ChainEntry>& chain) {
  if (!config_.crl_is_directory) return context_->revoked(chain);
  const auto found = std::ranges::find_if(
      chain, [&](const tls::ChainEntry& entry) { return is_revoked(entry.serial); });
  return found == chain.end() ? nullptr : &*found;
}

bool Identity::is_revoked(const std::string& decimal_serial) {
  return store_.exists(crl_path() + "/" + decimal_serial);
}

void Identity::look(bool only_lists) {
  if (!only_lists) look_after_files();
  if (config_.crl_is_directory) return look_after_crl_directory();
  if (crl_.looks > 0 && !crl_.told) {
    try_crl();
  } else {
    look_after_crl();
  }
}

std::vector<Identity::Version> Identity::versions() const {
  std::vector<Version> all;
  for (const Part& part : parts(config_)) {
    if (is_file(part.source)) all.push_back(store_.version(part.source.path));
  }
  if (is_file(config_.pkcs12)) all.push_back(store_.version(config_.pkcs12.path));
  return all;
}

// What cannot be read stays as it was; the answer names it.
std::vector<std::string> Identity::read_again(tls::Setup& fresh) {
  std::vector<std::string> unreadable;
  for (const Part& part : parts(config_)) {
    if (!is_file(part.source)) continue;
    auto text = store_.read(part.source.path);
    if (text) {
      (fresh.*part.pem).text = std::move(*text);
    } else {
      unreadable.push_back(fmt::format("{} ({})", part.option, text.error().what));
    }
  }
  if (!is_file(config_.pkcs12)) return unreadable;
  options::Identity now = config_;
  now.pkcs12.is_kept = now.extra_certs.is_kept = false;
  const Status unpacked = unpack_bundle(now, store_, fresh.passphrase, fresh);
  if (!unpacked) unreadable.push_back(fmt::format("pkcs12 ({})", unpacked.error().what));
  return unreadable;
}

Status Identity::use(tls::Setup fresh) {
  auto context = tls::TlsContext::create(fresh);
  if (!context) return fail_with(context.error());
  setup_ = std::move(fresh);
  context_ = std::move(*context);
  return {};
}

void Identity::hold_own(bool hold) {
  held_ = hold;
  if (!hold && std::exchange(holds_back_, false)) versions_.clear();
}

// Trust in others may change at any time.
void Identity::keep_held(tls::Setup& fresh) {
  holds_back_ = false;
  for (const auto pem : {&tls::Setup::cert, &tls::Setup::key, &tls::Setup::extra_certs}) {
    holds_back_ = holds_back_ || (fresh.*pem).text != (setup_.*pem).text;
    fresh.*pem = setup_.*pem;
  }
}

void Identity::look_after_files() {
  auto seen = versions();
  const bool again = files_.looks > 0 && files_.looks < patient_looks;
  if (seen == versions_ && !again) return;
  if (seen != versions_) files_ = {};
  versions_ = std::move(seen);
  tls::Setup fresh = setup_;
  const auto unreadable = read_again(fresh);
  if (held_) keep_held(fresh);
  Status used;
  const bool changed = !same_texts(fresh, setup_);
  if (changed) used = use(std::move(fresh));
  if (changed && used) {
    news_.renewed = true;
    news_.told.push_back(told_of(setup_));
  }
  files_.looks = used && unreadable.empty() ? 0 : files_.looks + 1;
  if (files_.looks != patient_looks) return;
  if (!used) {
    news_.warned.push_back("the changed certificate files are not used, the former ones stay: " +
                           used.error().text());
  }
  if (!unreadable.empty() && !unreadable_told_) {
    unreadable_told_ = true;
    news_.warned.push_back(
        fmt::format("cannot be read any more: {}; what is renewed there is not "
                    "noticed: {}",
                    join(unreadable, ", "), cure_unreadable));
  }
}

void Identity::look_after_crl() {
  if (!crl_version_) return;
  const auto version = store_.version(crl_path());
  if (!version) {
    if (*crl_version_ != 0) {
      news_.warned.push_back(
          fmt::format("Failed to stat CRL file, not reloading CRL. Who is revoked from now on ({}) "
                      "is still let "
                      "in: {}",
                      config_.crl.path, cure_unreadable));
    }
    crl_version_ = 0;
    return;
  }
  if (*version == *crl_version_) return;
  crl_version_ = *version;
  crl_ = {};
  try_crl();
}

void Identity::try_crl() {
  auto text = store_.read(crl_path());
  Status loaded;
  if (text) {
    loaded = context_->reload_crl({"crl-verify " + config_.crl.path, *text});
  } else {
    loaded = fail_with(text.error());
  }
  if (loaded) {
    crl_ = {};
    setup_.crl.text = std::move(*text);
    news_.told.push_back("CRL: loaded again from file " + config_.crl.path);
    news_.renewed = news_.revocations = true;
    return;
  }
  if (++crl_.looks < patient_looks || crl_.told) return;
  crl_.told = true;
  news_.warned.push_back("the changed CRL is not used, the former one stays: " +
                         loaded.error().text());
}

void Identity::look_after_crl_directory() {
  const auto version = store_.version(crl_path());
  if (version == crl_version_) return;
  crl_version_ = version;
  news_.revocations = true;
}

}  // namespace adit::node
