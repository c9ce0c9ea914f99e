#include "app/crl_keeper.h"

#include <algorithm>
#include <filesystem>

#include "app/command_words.h"
#include "pki/layout.h"
#include "pki/overlap.h"
#include "tls/dates.h"

namespace adit::app {

namespace {

constexpr std::int64_t day = 86'400;
constexpr std::int64_t longest_notice = 30 * day;
constexpr std::int64_t overlap_look_seconds = 30;
constexpr std::int64_t pause_seconds = 3600;  // after a try that failed

// A third of its time before the end, but not more than a month.
bool due(const tls::Term& term, WallTime now) {
  const std::int64_t life = term.until.seconds - term.from.seconds;
  return term.until.seconds - now.seconds <= std::min(life / 3, longest_notice);
}

bool is_tree(const std::string& folder, system::Store& store) {
  const auto inside = [&](std::string_view name) { return folder + "/" + std::string(name); };
  if (!store.exists(inside(pki::layout::ca_certificate))) return false;
  if (!store.exists(inside(pki::layout::index))) return false;
  const auto key = store.read(inside(pki::layout::ca_key));
  return key && !tls::key_is_encrypted(*key);
}

}  // namespace

CrlKeeper::CrlKeeper(Runtime& runtime, std::string path) : runtime_(runtime) {
  const std::filesystem::path file = std::move(path);
  std::error_code unknown;
  program_ = own_path();
  folder_ = std::filesystem::absolute(file, unknown).parent_path();
  ours_ = file.filename() == pki::layout::crl && is_tree(folder_, runtime.store);
}

void CrlKeeper::look(const tls::Setup& in_use, WallTime now) {
  if (!ours_ || running_ || now < next_try_) return;
  const auto terms = tls::list_terms(in_use.crl.text);
  if (std::ranges::any_of(terms, [&](const tls::Term& term) { return due(term, now); })) {
    renew(now, "before the old one runs out");
  } else if (overlap_ended(now)) {
    renew(now, "since the overlap of a renewed certificate is over");
  }
}

bool CrlKeeper::overlap_ended(WallTime now) {
  if (now < next_overlap_look_) return false;
  next_overlap_look_ = {now.seconds + overlap_look_seconds};
  const std::string file = folder_ + "/" + std::string(pki::layout::overlaps);
  if (!runtime_.store.exists(file)) return false;
  const auto text = runtime_.store.read(file);
  const auto end = text ? pki::first_overlap_end(*text) : std::optional<WallTime>();
  return end && *end <= now;
}

void CrlKeeper::renew(WallTime now, const char* why) {
  why_ = why;
  next_try_ = {now.seconds + pause_seconds};
  running_ = true;
  const ports::Command command{{program_, "pki", "crl", "--dir", folder_}, {}};
  runtime_.processes->run(command, [this, alive = std::weak_ptr(alive_)](Result<int> status) {
    if (!alive.expired()) renewed(status);
  });
}

void CrlKeeper::renewed(const Result<int>& status) {
  running_ = false;
  const bool told = failed_;
  failed_ = !status || *status != 0;
  if (!failed_) {
    runtime_.log.info(1, "CRL: a new one was made in {} {}", folder_, why_);
    return;
  }
  if (told) return;
  const std::string why = status ? fmt::format("it ended with {}", *status) : status.error().text();
  runtime_.log.warn(
      "the revocation list cannot be renewed by \"adit pki crl --dir {}\" ({}): run "
      "it yourself, as the owner of that folder",
      folder_, why);
}

}  // namespace adit::app
