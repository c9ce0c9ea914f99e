// Brings an authority of elsewhere into a directory of ours: all is made ready in DIRECTORY.import,
// which then takes its name in one step. An interrupted import leaves that folder, and the next one
// begins it anew.

#include <filesystem>

#include "base/text.h"
#include "pki/calendar.h"
#include "pki/crl.h"
#include "pki/dates.h"
#include "pki/easyrsa.h"
#include "pki/import_steps.h"
#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/weakness.h"

namespace adit::pki {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::days crl_reserve{30};
constexpr std::size_t most_notes_of_a_kind = 5;

tl::unexpected<Error> refuse_target(const std::string& directory, std::string_view why) {
  return fail_with({fmt::format("will not import into {}: {}", directory, why),
                    "choose another directory with --dir; what this one holds is left untouched"});
}

bool is_below(const fs::path& inner, const fs::path& outer) {
  const auto relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

Status check_apart(const std::string& source, const std::string& directory) {
  std::error_code ignored;
  const fs::path from = fs::weakly_canonical(fs::absolute(source, ignored), ignored);
  const fs::path to = fs::weakly_canonical(fs::absolute(directory, ignored), ignored);
  if (!is_below(to, from)) return {};
  return refuse_target(directory, fmt::format("it lies in the directory to import, {}", source));
}

// Nothing there but what a command in vain may have left.
bool is_empty(const std::string& directory) {
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() != ".adit-lock") return false;
  }
  return true;
}

bool holds_authority(const std::string& directory) {
  std::error_code ignored;
  return fs::exists(fs::path(directory) / layout::ca_certificate, ignored) &&
         fs::exists(fs::path(directory) / layout::index, ignored);
}

bool same_authority(const std::string& source, const std::string& directory) {
  const auto theirs = read_source_file(source + "/" + std::string(layout::ca_certificate));
  const auto ours = read_source_file(directory + "/" + std::string(layout::ca_certificate));
  if (!theirs || !ours) return false;
  const auto a = parse_certificate(theirs->reveal(), source);
  const auto b = parse_certificate(ours->reveal(), directory);
  return a && b && X509_cmp(a->get(), b->get()) == 0;
}

Result<Disk> prepare(const std::string& directory, const WatchStep& watch) {
  const std::string staging = directory + ".import";
  auto disk = Disk::create(staging, watch);
  if (!disk) return disk;
  if (auto done = disk->clear(); !done) return fail_with(done.error());
  for (const std::string_view folder : layout::folders) {
    if (auto done = disk->make_folder(folder); !done) return fail_with(done.error());
  }
  for (const std::string_view folder : layout::renewed_folders) {
    if (auto done = disk->make_folder(folder); !done) return fail_with(done.error());
  }
  return disk;
}

Status fill(Disk& disk, Imported& report) {
  return report.layout == SourceLayout::easyrsa_3 ? import_tree(disk, report.source, report)
                                                  : import_flat(disk, report.source, report);
}

Status complete(Disk& disk) {
  Status done;
  if (!disk.exists(layout::easyrsa_settings)) {
    done = disk.write(layout::easyrsa_settings, easyrsa_settings(), private_mode);
  }
  if (done && !disk.exists(layout::index_attributes)) {
    done = disk.write(layout::index_attributes, "unique_subject = no\n", private_mode);
  }
  return done;
}

std::optional<WallTime> crl_end(const Ledger& ledger) {
  const auto text = ledger.disk.read(layout::crl);
  const auto list = text ? find_crl(text->reveal(), ledger.ca.get()) : std::optional<SignedList>();
  return list ? std::optional(list->until) : std::nullopt;
}

// easy-rsa 2.0's lists last 30 days; one that has ended keeps everybody out.
void renew_crl(Ledger& ledger, WallTime now, Imported& report) {
  const auto end = crl_end(ledger);
  if (end && after(now, crl_reserve) < *end) return;
  const auto key = load_ca_key(ledger);
  const Status done = key ? publish(ledger, now, crl_days) : Status(fail_with(key.error()));
  if (done) return;
  if (!end) {
    report.notes.push_back("there is no revocation list, and none can be made now: " +
                           done.error().what + "; a server must do without crl-verify");
  } else {
    report.notes.push_back(fmt::format("the revocation list {} on {}, and none can be made now: {}",
                                       *end < now ? "ended" : "ends", day_text(*end),
                                       done.error().what));
  }
}

void note_weak_authority(const Ledger& ledger, Imported& report) {
  const auto weak = weaknesses(ledger.ca.get());
  if (weak.empty()) return;
  report.notes.push_back(
      fmt::format("peers of today refuse the authority {}: {}; change to a new one with: adit pki "
                  "rotate-ca (until then both sides need: tls-cert-profile insecure)",
                  ledger.ca_facts.common_name, join(weak, " and ")));
}

void note_weak_certificates(const Ledger& ledger, WallTime now, Imported& report) {
  std::size_t count = 0;
  for (const Row& row : ledger.index.rows()) {
    const Certificate certificate = find_certificate(ledger.disk, row);
    if (!row.usable(now) || !certificate) continue;
    const auto weak = weaknesses(certificate.get());
    if (weak.empty() || ++count > most_notes_of_a_kind) continue;
    report.notes.push_back(
        fmt::format("peers of today refuse the certificate of {0}: {1}; renew "
                    "it with: adit pki renew {0}",
                    row.common_name(), join(weak, " and ")));
  }
  if (count > most_notes_of_a_kind) {
    report.notes.push_back(
        fmt::format("and so for {} more certificates", count - most_notes_of_a_kind));
  }
}

void note_expired(const Ledger& ledger, WallTime now, Imported& report) {
  if (ledger.ca_facts.validity.until < now) {
    report.notes.push_back(
        fmt::format("the authority's own certificate expired on {}: nobody can connect until it is "
                    "replaced with: adit pki rotate-ca",
                    day_text(ledger.ca_facts.validity.until)));
  }
  std::size_t expired = 0;
  for (const Row& row : ledger.index.rows()) {
    if (row.mark != Row::Mark::revoked && !row.usable(now)) ++expired;
  }
  if (expired > 0)
    report.notes.push_back(
        fmt::format("{} certificate{} expired", expired, expired == 1 ? " has" : "s have"));
}

void count(const Ledger& ledger, Imported& report) {
  report.can_sign = ledger.disk.exists(layout::ca_key);
  report.certificates = ledger.index.rows().size();
  for (const Row& row : ledger.index.rows()) {
    if (row.mark == Row::Mark::revoked) ++report.revoked;
  }
  if (!report.can_sign) {
    report.notes.push_back(
        "the authority's key is not there: this directory can list and export, but not sign");
  }
}

Result<Imported> fill_and_move(const std::string& directory, Imported report, Rng& rng,
                               WallTime now, const Hooks& hooks) {
  auto disk = prepare(directory, hooks.watch);
  if (!disk) return fail_with(disk.error());
  const Status filled = fill(*disk, report).and_then([&] { return complete(*disk); });
  if (!filled) return fail_with(filled.error());
  auto ledger = load_ledger(std::move(*disk), hooks.ask);
  if (!ledger) return fail_with(ledger.error());
  if (auto done = repair(*ledger); !done) return fail_with(done.error());
  if (auto key = tls_crypt_v2_server_key(ledger->disk, rng); !key) return fail_with(key.error());
  renew_crl(*ledger, now, report);
  count(*ledger, report);
  note_weak_authority(*ledger, report);
  note_weak_certificates(*ledger, now, report);
  note_expired(*ledger, now, report);
  if (auto done = ledger->disk.become(directory); !done) return fail_with(done.error());
  return report;
}

}  // namespace

Result<Imported> Authority::import_from(const std::string& folder, const std::string& directory,
                                        Rng& rng, WallTime now, const Hooks& hooks) {
  const auto source = locate_source(folder);
  if (!source) return fail_with(source.error());
  std::string target = directory;
  while (target.size() > 1 && target.ends_with('/')) target.pop_back();
  if (auto apart = check_apart(*source, target); !apart) return fail_with(apart.error());
  Imported report{.source = *source, .layout = layout_of(*source)};
  if (holds_authority(target)) {
    if (!same_authority(*source, target))
      return refuse_target(target, "it holds another authority");
    report.was_there = true;
    return report;
  }
  if (!is_empty(target)) return refuse_target(target, "it is not empty");
  return fill_and_move(target, std::move(report), rng, now, hooks);
}

}  // namespace adit::pki
