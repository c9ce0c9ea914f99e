// Writes what is revoked: the lists first, then the index, then the overlaps that are over. A list
// that ran ahead of the index is read by repair(); an overlap that stayed is ended again.

#include <algorithm>

#include "pki/calendar.h"
#include "pki/crl.h"
#include "pki/layout.h"
#include "pki/ledger.h"

namespace adit::pki {

namespace {

struct CrlSigner {
  std::string_view key_file;
  X509* certificate;
};

std::vector<CrlSigner> signers_of(const Ledger& ledger) {
  std::vector<CrlSigner> signers{{layout::ca_key, ledger.ca.get()}};
  if (ledger.next) signers.push_back({layout::next_key, ledger.next->certificate.get()});
  if (ledger.previous) {
    signers.push_back({layout::previous_key, ledger.previous->certificate.get()});
  }
  return signers;
}

// What ends now has a follower; a line whose follower never came to be says nothing.
void end_overlaps(Ledger& ledger, WallTime now) {
  for (const Overlap& overlap : ledger.overlaps) {
    const Row* row = ledger.index.find(overlap.before);
    const bool due = row != nullptr && row->usable(now) && overlap.end <= now &&
                     ledger.index.find(overlap.after) != nullptr;
    if (due) ledger.index.revoke(overlap.before, {overlap.end, name(Reason::superseded)});
  }
}

Status drop_overlaps(Ledger& ledger, WallTime now) {
  std::vector<Overlap> kept = ledger.overlaps;
  std::erase_if(kept, [&](const Overlap& overlap) {
    const Row* row = ledger.index.find(overlap.before);
    return row == nullptr || !row->usable(now);
  });
  if (kept.size() == ledger.overlaps.size()) return {};
  ledger.overlaps = std::move(kept);
  return save_overlaps(ledger);
}

// An authority whose key is kept elsewhere goes on with the list it made there.
Result<std::string> list_of(const Ledger& ledger, const CrlSigner& signer,
                            const Validity& validity) {
  if (!ledger.disk.exists(signer.key_file)) {
    const auto present = ledger.disk.read(layout::crl);
    const auto list =
        present ? find_crl(present->reveal(), signer.certificate) : std::optional<SignedList>();
    return list ? list->pem : std::string();
  }
  const auto key = load_authority_key(ledger, signer.key_file, signer.certificate);
  if (!key) return fail_with(key.error());
  return make_crl(ledger.index, validity, {signer.certificate, key->get()});
}

Status save_lists(Ledger& ledger, const Validity& validity) {
  std::string lists;
  for (const CrlSigner& signer : signers_of(ledger)) {
    const auto list = list_of(ledger, signer, validity);
    if (!list) return fail_with(list.error());
    lists += *list;
  }
  return lists.empty() ? Status{} : ledger.disk.write(layout::crl, lists, public_mode);
}

}  // namespace

Status publish(Ledger& ledger, WallTime now, std::chrono::days lifetime,
               std::span<const Revoked> revoked) {
  const Index before = ledger.index;
  for (const auto& [serial, revocation] : revoked) ledger.index.revoke(serial, revocation);
  end_overlaps(ledger, now);
  const Status done =
      save_lists(ledger, {now, after(now, lifetime)}).and_then([&] { return save_index(ledger); });
  if (!done) {
    ledger.index = before;
    return done;
  }
  return drop_overlaps(ledger, now);
}

}  // namespace adit::pki
