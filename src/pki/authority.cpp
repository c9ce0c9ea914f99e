#include "pki/authority.h"

#include "pki/crl.h"
#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/rotate.h"
#include "pki/source.h"

namespace adit::pki {

Authority::Authority(std::unique_ptr<Ledger> ledger) : ledger_(std::move(ledger)) {}
Authority::Authority(Authority&& other) noexcept = default;
Authority& Authority::operator=(Authority&& other) noexcept = default;
Authority::~Authority() = default;

namespace {

Status check_layout(const std::string& directory) {
  if (layout_of(directory) != SourceLayout::easyrsa_2) return {};
  return fail_with({fmt::format("{} is laid out as easy-rsa 2.0 does it", directory),
                    "bring it over into a directory of its own: adit pki import " + directory});
}

}  // namespace

Result<Authority> Authority::look(const std::string& directory) {
  if (auto ok = check_layout(directory); !ok) return fail_with(ok.error());
  auto ledger = load_ledger(Disk::look(directory), {});
  if (!ledger) return fail_with(ledger.error());
  return Authority(std::make_unique<Ledger>(std::move(*ledger)));
}

Result<Authority> Authority::open(const std::string& directory, const Hooks& hooks) {
  if (auto ok = check_layout(directory); !ok) return fail_with(ok.error());
  auto disk = Disk::open(directory, hooks.watch);
  if (!disk) return fail_with(disk.error());
  auto ledger = load_ledger(std::move(*disk), hooks.ask);
  if (!ledger) return fail_with(ledger.error());
  auto owned = std::make_unique<Ledger>(std::move(*ledger));
  if (auto repaired = repair(*owned); !repaired) return fail_with(repaired.error());
  return Authority(std::move(owned));
}

const std::vector<std::string>& Authority::repairs() const { return ledger_->repairs; }

std::vector<Entry> Authority::list(WallTime now) const {
  std::vector<Entry> entries = authority_entries(*ledger_, now);
  const auto names = names_by_serial(ledger_->disk);
  for (const Row& row : ledger_->index.rows()) {
    entries.push_back(entry_of(*ledger_, row, now));
    const auto name = names.find(row.serial);
    if (name != names.end()) entries.back().file = name->second.text();
  }
  return entries;
}

std::optional<Entry> Authority::revocation_list(WallTime now) const {
  const auto text = ledger_->disk.read(layout::crl);
  if (!text) return std::nullopt;
  std::optional<SignedList> first;
  for (X509* authority : authorities_of(*ledger_)) {
    auto list = find_crl(text->reveal(), authority);
    if (list && (!first || list->until < first->until)) first = std::move(list);
  }
  if (!first) return std::nullopt;
  return Entry{.name = std::string(layout::crl),
               .kind = Kind::crl,
               .serial = "-",
               .not_before = first->from,
               .not_after = first->until,
               .state = now <= first->until ? State::valid : State::expired};
}

}  // namespace adit::pki
