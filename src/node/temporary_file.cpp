#include "node/temporary_file.h"

namespace adit::node {

Result<TemporaryFile> TemporaryFile::create(ports::StorePort& store, const std::string& dir,
                                            std::string_view tag, std::string_view text) {
  auto path = store.create_temporary(dir, tag, text);
  if (!path) return fail_with(path.error());
  return TemporaryFile(store, std::move(*path));
}

TemporaryFile& TemporaryFile::operator=(TemporaryFile&& other) noexcept {
  std::swap(store_, other.store_);
  std::swap(path_, other.path_);
  return *this;
}

void TemporaryFile::remove() {
  if (!path_.empty()) store_->remove(path_);
}

std::string TemporaryFile::text() const { return store_->read(path_).value_or(std::string()); }

}  // namespace adit::node
