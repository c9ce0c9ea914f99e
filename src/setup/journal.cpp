#include "setup/journal.h"

#include "setup/own_files.h"

namespace adit::setup {

namespace {

constexpr std::string_view suffix = ".json";

}  // namespace

Result<Journal> Journal::open(Host& host, const std::string& folder, const std::string& owner) {
  Journal journal(folder, owner);
  const auto file = host.read_file(journal.path());
  if (!file) return fail_with(file.error());
  if (!*file) return journal;
  if (Status read = parse_journal((*file)->text, journal.records, journal.pending); !read) {
    return fail_because("cannot read " + journal.path(), read.error());
  }
  return journal;
}

Result<std::vector<Journal>> Journal::others(Host& host) const {
  std::vector<Journal> journals;
  for (const std::string& name : host.files_in(folder_)) {
    if (!name.ends_with(suffix)) continue;
    const std::string owner = name.substr(0, name.size() - suffix.size());
    if (owner == owner_) continue;
    auto journal = open(host, folder_, owner);
    if (!journal) return fail_with(journal.error());
    journals.push_back(std::move(*journal));
  }
  return journals;
}

Status Journal::save(Host& host) const {
  if (empty()) {
    host.sweep(path());
    if (Status removed = host.remove_file(path()); !removed) return removed;
    return host.remove_folder(folder_);
  }
  if (Status made = host.make_folder(folder_, private_folder); !made) return made;
  return host.write_file(path(), {render(records, pending), private_file});
}

Record* Journal::find(const Thing& thing) {
  for (Record& record : records) {
    if (record.thing.is(thing)) return &record;
  }
  return nullptr;
}

}  // namespace adit::setup
